import { memoryMap, sbiExtensions } from '@worldswitch/machine';
import { extensionPages } from '../isa/extensions.ts';
import { code, hex, table } from './markdown-table.ts';
import { createReferenceMachine } from './reference-machine.ts';

const translation = [
  ['Modes', 'bare, Sv39, Sv48, Sv57; ASIDs of 16 bits'],
  ['Accessed and dirty bits', 'by hardware (Svadu) or by page fault (Svade), as `menvcfg.ADUE` says'],
  ['Guests', 'two stages: Sv39, Sv48, Sv57 over Sv39x4, Sv48x4, Sv57x4; VMIDs of 14 bits'],
  ['Contiguous pages and memory types', 'Svnapot, Svpbmt'],
  ['Physical memory protection', '16 entries: TOR, NA4, NAPOT'],
];

export function machinePage(): string {
  const machine = createReferenceMachine();
  const { devices } = machine.inspect() as {
    readonly devices: readonly { name: string; base: string; size: number }[];
  };
  const counts = extensionPages().map(({ name, slug, rows }) => [`[${name}](/isa/${slug})`, String(rows.length)]);
  const windows = devices.map(({ name, base, size }) => [name, code(base), hex(size)]);
  const calls = sbiExtensions.map(({ name, id, functions }) => [
    name,
    hex(id),
    functions.map((row) => code(row?.name ?? '-')).join(', '),
  ]);
  machine.dispose();
  return [
    '# What the machine has',
    'Made from the tables that the machine runs by. What is not listed raises what the manual says: an illegal-instruction exception, an access fault, or `SBI_ERR_NOT_SUPPORTED`.',
    '## Instruction-set extensions',
    table(['extension', 'instructions'], counts),
    'Every CSR is on [a page of its own](/reference/csrs).',
    '## Address translation and protection',
    table(['', ''], translation),
    '## Board',
    `The map of QEMU's \`virt\` machine. RAM begins at ${hex(memoryMap.ram.base)}.`,
    table(['device', 'base', 'bytes'], windows),
    '## Built-in firmware (SBI 2.0)',
    table(['extension', 'ID', 'functions'], calls),
  ].join('\n\n');
}
