import { defineConfig } from 'vitepress';

export default defineConfig({
  title: 'Worldswitch',
  description: 'One RISC-V program, bare, fully virtualized, paravirtualized and in a container, side by side.',
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    nav: [
      { text: 'Compare live', link: '/live/compare' },
      { text: 'Instructions', link: '/isa/' },
      { text: 'Terminology', link: '/guide/terminology' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'What it is', link: '/' },
          { text: 'Compare live', link: '/live/compare' },
          { text: 'Course cards', link: '/guide/cards' },
          { text: 'Terminology', link: '/guide/terminology' },
        ],
      },
      {
        text: 'Whole machines',
        items: [
          { text: 'Boot Linux', link: '/guide/boot-linux' },
          { text: 'What it costs', link: '/guide/figures' },
          { text: 'Instead of qemu-system-riscv64', link: '/guide/instead-of-qemu' },
          { text: 'Program the machine', link: '/guide/program-the-machine' },
          { text: 'Debug with gdb', link: '/guide/debug-with-gdb' },
          { text: 'Snapshots', link: '/guide/snapshots' },
          { text: 'Trace', link: '/guide/trace' },
          { text: 'Extend it', link: '/guide/extend' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'What the machine has', link: '/reference/machine' },
          { text: 'What the compiled engine does', link: '/reference/engine' },
          { text: 'Instructions', link: '/isa/' },
          { text: 'CSRs', link: '/reference/csrs' },
          { text: 'QEMU arguments', link: '/reference/qemu-arguments' },
          { text: 'System calls', link: '/reference/system-calls' },
        ],
      },
    ],
    outline: 'deep',
    search: { provider: 'local' },
  },
  vite: {
    worker: { format: 'es' },
    ssr: { noExternal: [/^@worldswitch\//] },
  },
});
