import { type QemuArgument, qemuArguments } from '@worldswitch/cli';
import { code, table } from './markdown-table.ts';

export function qemuArgumentsPage(): string {
  const text = ({ names, value }: QemuArgument) =>
    names.map((name) => code(`-${name}${value === undefined ? '' : ` ${value}`}`)).join(', ');
  const rows = (isTaken: boolean) => qemuArguments.filter(({ support }) => (support !== 'no') === isTaken);
  return [
    '# Arguments of `worldswitch-qemu`',
    'What it takes of the arguments of `qemu-system-riscv64`. How to use it: [Instead of qemu-system-riscv64](/guide/instead-of-qemu).',
    '## Taken',
    table(
      ['argument', 'effect', 'what it does here'],
      rows(true).map((argument) => [text(argument), argument.support === 'yes' ? 'yes' : 'none', argument.note]),
    ),
    '## Rejected',
    'Each ends the command with one message and exit code 64, as does every argument that is on neither list.',
    table(
      ['argument', 'what to do instead'],
      rows(false).map((argument) => [text(argument), argument.note]),
    ),
  ].join('\n\n');
}
