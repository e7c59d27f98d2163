import { systemCallTable } from '@worldswitch/host-os';
import { code, table } from './markdown-table.ts';

export function systemCallPage(): string {
  const rows = systemCallTable().map(({ number, name, support, note }) => [
    String(number),
    code(name),
    support,
    note ?? '',
  ]);
  return [
    '# System calls of the host OS',
    'Linux system calls of riscv64 that the host OS serves, for containers and plain processes. `full`: as Linux has it, for what a program without special rights can see. `partial`: the note says what is missing. `accepted`: does nothing, truthfully. Any other number gives `ENOSYS`.',
    table(['number', 'call', 'support', 'note'], rows),
  ].join('\n\n');
}
