import type { Instruction } from '../instruction.ts';
import { control } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const pauseHint = rowsOf('Zihintpause', 'unprivileged', 'Extension for Pause Hint');

/** Zihintpause: a fence that orders nothing, which tells the hart to slow down. */
export const zihintpause: readonly Instruction[] = [
  pauseHint(
    'pause',
    'none',
    '0000 00010000 00000 000 00000 0001111',
    '',
    'Lower the rate at which instructions are retired for a short while.',
    control('fence'),
    { refines: 'fence' },
  ),
];
