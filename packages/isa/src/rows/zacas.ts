import type { Instruction } from '../instruction.ts';
import { amo, control, local, rs1, rs2, setX, x } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const section = 'Extension for Atomic Compare-and-Swap (CAS) Instructions';
const compareAndSwap = rowsOf('Zacas', 'unprivileged', section);
const summary = (noun: string): string =>
  `Atomically store ${noun} rs2 if memory holds rd's value; rd receives the old value.`;

/** Zacas (unprivileged ISA). A quadword stands in two registers of which the first has an even number. */
// biome-ignore format: one row a line reads as the table that it is
export const zacas: readonly Instruction[] = [
  compareAndSwap('amocas.w', 'AMO', '00101 a l ttttt sssss 010 ddddd 0101111', 'rd, rs2, (rs1)', summary('word'), [amo('cas', 4, rs1, rs2, 'old', x('rd')), setX(local('old'))]),
  compareAndSwap('amocas.d', 'AMO', '00101 a l ttttt sssss 011 ddddd 0101111', 'rd, rs2, (rs1)', summary('doubleword'), [amo('cas', 8, rs1, rs2, 'old', x('rd')), setX(local('old'))]),
  compareAndSwap('amocas.q', 'AMO.pair', '00101 a l tttt0 sssss 100 dddd0 0101111', 'rd, rs2, (rs1)', summary('quadword'), control('amocas.q'), { sensitivity: 'innocuous' }),
];
