import type { Instruction } from '../instruction.ts';
import { floatRows } from './float-rows.ts';

/** F (unprivileged ISA, "Extension for Single-Precision Floating-Point"): values stand NaN-boxed in 64-bit registers. */
export const rv64f: readonly Instruction[] = floatRows({
  extension: 'F',
  suffix: 's',
  format: 'f32',
  fmt: '00',
  title: 'Single-Precision',
  width: 4,
  widthBits: '010',
  signBit: 1n << 31n,
});
