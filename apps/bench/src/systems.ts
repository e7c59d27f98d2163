import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInitrd } from '@worldswitch/guest-os';
import type { Command } from './measure.ts';
import { withWorkSize } from './work-size.ts';

/** Where things are. */
export interface Places {
  /** apps/bench. */
  readonly root: string;
  /** The bundled processes: run-wasm.mjs and so on. */
  readonly bundles: string;
  /** A temporary folder. */
  readonly work: string;
  /** A Linux kernel for RV64, where one was given. */
  readonly linuxKernel?: string;
}

/** A way to run the programs. */
export interface System {
  /** Key in the JSON document. */
  readonly name: string;
  readonly title: string;
  /** What it needs besides this repository: a sentence when that is missing here. */
  absence(places: Places): string | undefined;
  /** What it is, with its version; for the machine's description. */
  version(): string;
  /** The process that does the work of size n. */
  command(places: Places, program: string, n: number): Command;
}

function firstLine(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

const image = (places: Places, kind: string, file: string) => join(places.root, 'images', kind, file);

/** A copy of an image without a command line, with n in it. */
function sizedImage(places: Places, kind: string, program: string, n: number): string {
  const path = join(places.work, `${kind}-${program}-${n}.elf`);
  if (!existsSync(path)) writeFileSync(path, withWorkSize(readFileSync(image(places, kind, `${program}.elf`)), n));
  return path;
}

const inNode = (places: Places, script: string, ...rest: string[]): Command => ({
  file: process.execPath,
  arguments: [join(places.bundles, `${script}.mjs`), ...rest],
});

const notInstalled = (command: string, debianPackage: string) =>
  firstLine(command) ? undefined : `${command} is not installed (Debian: apt install ${debianPackage})`;

/** The same as for the other targets (build.mjs): no vectors, no fused multiply-add, no library calls for loops. */
const nativeFlags =
  '-std=gnu11 -O2 -fno-builtin -ffp-contract=off -fno-math-errno -fno-tree-vectorize -fno-tree-slp-vectorize -fno-tree-loop-distribute-patterns';

const native: System = {
  name: 'native',
  title: 'native',
  absence: () => notInstalled('gcc', 'gcc'),
  version: () => firstLine('gcc') ?? '',
  command(places, program, n) {
    const output = join(places.work, `native-${program}`);
    if (!existsSync(output)) {
      const sources = [join(places.root, 'programs/runtime/native.c'), join(places.root, 'programs', `${program}.c`)];
      const { status, stderr } = spawnSync('gcc', [...nativeFlags.split(' '), ...sources, '-o', output], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`gcc cannot compile ${program}.c: ${stderr}`);
    }
    return { file: output, arguments: [String(n)] };
  },
};

const wasm: System = {
  name: 'wasm',
  title: 'C as wasm',
  absence: () => undefined,
  version: () => `V8 ${process.versions.v8}`,
  command: (places, program, n) => inNode(places, 'run-wasm', image(places, 'wasm', `${program}.wasm`), String(n)),
};

const worldswitch: System = {
  name: 'worldswitch',
  title: 'Worldswitch',
  absence: () => undefined,
  version: () => 'bare machine, compiled engine',
  command: (places, program, n) => inNode(places, 'run-worldswitch', sizedImage(places, 'bare', program, n)),
};

/** A process in user mode on 4 KiB pages: what a program under Linux is. */
const worldswitchProcess: System = {
  name: 'worldswitchProcess',
  title: 'Worldswitch process',
  absence: () => undefined,
  version: () => 'process of the host OS, compiled engine',
  command: (places, program, n) => inNode(places, 'run-process', image(places, 'linux', `${program}.elf`), String(n)),
};

const qemuUser: System = {
  name: 'qemuUser',
  title: 'qemu-riscv64',
  absence: () => notInstalled('qemu-riscv64', 'qemu-user'),
  version: () => firstLine('qemu-riscv64') ?? '',
  command: (places, program, n) => ({
    file: 'qemu-riscv64',
    arguments: [image(places, 'linux', `${program}.elf`), String(n)],
  }),
};

const qemuSystem: System = {
  name: 'qemuSystem',
  title: 'qemu-system',
  absence: () => notInstalled('qemu-system-riscv64', 'qemu-system-misc'),
  version: () => firstLine('qemu-system-riscv64') ?? '',
  command: (places, program, n) => ({
    file: 'qemu-system-riscv64',
    arguments: [
      ...['-machine', 'virt', '-nographic', '-bios', 'none', '-monitor', 'none', '-serial', 'stdio'],
      ...['-kernel', sizedImage(places, 'bare', program, n)],
    ],
  }),
};

/** The program is Linux's init: when it ends the kernel panics, reboots at once, and QEMU is told to end then. */
const qemuLinux: System = {
  name: 'qemuLinux',
  title: 'QEMU, Linux',
  absence: ({ linuxKernel }) =>
    linuxKernel
      ? notInstalled('qemu-system-riscv64', 'qemu-system-misc')
      : "no kernel: give --linux FILE, for example the vmlinux of Debian's package linux-image-riscv64",
  version: () => 'qemu-system-riscv64 with the kernel given, OpenSBI and a RAM disk',
  command: (places, program, n) => ({
    file: 'qemu-system-riscv64',
    arguments: [
      ...['-machine', 'virt', '-m', '512', '-nographic', '-no-reboot', '-monitor', 'none', '-serial', 'stdio'],
      ...['-kernel', places.linuxKernel ?? '', '-initrd', initrd(places, program)],
      ...['-append', `console=ttyS0 quiet panic=-1 rdinit=/program -- ${n}`],
    ],
  }),
};

function initrd(places: Places, program: string): string {
  const path = join(places.work, `${program}.cpio`);
  if (!existsSync(path)) {
    const data = readFileSync(image(places, 'linux', `${program}.elf`));
    writeFileSync(path, createInitrd({ program: { path: '/program', data } }));
  }
  return path;
}

const v86Package = (places: Places) => join(places.root, 'node_modules', 'v86', 'package.json');

const v86: System = {
  name: 'v86',
  title: 'v86',
  absence: (places) =>
    existsSync(v86Package(places)) ? undefined : 'the package v86 is not installed (a devDependency of apps/bench)',
  version: () => 'i386 build under Multiboot',
  command: (places, program, n) => inNode(places, 'run-v86', sizedImage(places, 'multiboot', program, n)),
};

/** In the order of the table's columns. The first is the measure for the others. */
export const systems: readonly System[] = [
  native,
  wasm,
  worldswitch,
  worldswitchProcess,
  qemuUser,
  qemuSystem,
  qemuLinux,
  v86,
];
