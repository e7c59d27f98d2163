import type { Instruction } from '../instruction.ts';
import { control } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

/** Bytes of a cache block, for management and for zeroing alike: what QEMU's `virt` machine has by default. */
export const CACHE_BLOCK_BYTES = 64;

const management = rowsOf('Zicbom', 'unprivileged', 'Extension for Cache-Block Management');
const zeroing = rowsOf('Zicboz', 'unprivileged', 'Extension for Cache-Block Zero');
const prefetching = rowsOf('Zicbop', 'unprivileged', 'Extension for Cache-Block Prefetch');

/** Memory is always coherent here, so only the rights to the block are checked. CBIE and CBCFE of the envcfg CSRs guard it. */
// biome-ignore format: one row a line reads as the table that it is
export const zicbom: readonly Instruction[] = [
  management('cbo.inval', 'R', '000000000000 sssss 010 00000 0001111', '(rs1)', 'Forget the copies of a cache block.', control('cbo.inval'), { sensitivity: 'control-sensitive' }),
  management('cbo.clean', 'R', '000000000001 sssss 010 00000 0001111', '(rs1)', 'Write a cache block back to memory.', control('cbo.clean'), { sensitivity: 'control-sensitive' }),
  management('cbo.flush', 'R', '000000000010 sssss 010 00000 0001111', '(rs1)', 'Write a cache block back and forget its copies.', control('cbo.flush'), { sensitivity: 'control-sensitive' }),
];

/** CBZE of the envcfg CSRs guards it. */
// biome-ignore format: one row a line reads as the table that it is
export const zicboz: readonly Instruction[] = [
  zeroing('cbo.zero', 'R', '000000000100 sssss 010 00000 0001111', '(rs1)', 'Store zeros into the whole cache block.', control('cbo.zero'), { sensitivity: 'control-sensitive' }),
];

/** Hints in the encoding space of `ori` with rd = x0. */
// biome-ignore format: one row a line reads as the table that it is
export const zicbop: readonly Instruction[] = [
  prefetching('prefetch.i', 'prefetch', 'iiiiiii 00000 sssss 110 00000 0010011', 'imm(rs1)', 'The cache block is likely to be fetched from soon.', control('hint'), { refines: 'ori' }),
  prefetching('prefetch.r', 'prefetch', 'iiiiiii 00001 sssss 110 00000 0010011', 'imm(rs1)', 'The cache block is likely to be read soon.', control('hint'), { refines: 'ori' }),
  prefetching('prefetch.w', 'prefetch', 'iiiiiii 00011 sssss 110 00000 0010011', 'imm(rs1)', 'The cache block is likely to be written soon.', control('hint'), { refines: 'ori' }),
];
