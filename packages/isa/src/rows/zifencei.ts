import type { Instruction } from '../instruction.ts';
import { control } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const fence = rowsOf('Zifencei', 'unprivileged', 'Extension for Instruction-Fetch Fence');

export const zifencei: readonly Instruction[] = [
  fence(
    'fence.i',
    'none',
    'zzzzzzzzzzzz zzzzz 001 zzzzz 0001111',
    '',
    'Make earlier stores visible to later instruction fetches of this hart.',
    control('fence.i'),
  ),
];
