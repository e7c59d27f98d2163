import { AccessKind } from '@worldswitch/mmu-tlb';
import { DEBUG_STOP } from '../../hart/debug-points.ts';
import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { FETCH_TABLE } from '../memory-layout.ts';
import { inlineAddress, remember } from './inline-table.ts';
import { fault, translateForBytes } from './translate.ts';

/**
 * Byte offset in the machine's memory of the instruction at a virtual address, which is pc; or -1 with the fault noted, or with
 * DEBUG_STOP noted where a debugger wants to stop before it.
 */
export function fetchWasm(hart: Hart, low: number, high: number): number {
  const at = inlineFetch(hart, low, high);
  if (at >= 0) return at;
  const { points } = hart;
  if (points?.endsStep(hart)) return fault(hart, DEBUG_STOP, 0, 0);
  const wasmPage = translateForBytes(hart, low, high, AccessKind.fetch, 2);
  if (wasmPage < 0) return -1;
  if (points?.isBreakpoint(hart, low, high)) return fault(hart, DEBUG_STOP, 0, 0);
  remember(hart, FETCH_TABLE, low, high, wasmPage);
  return wasmPage + (low & 0xfff);
}

/** The same for the second half of an instruction that begins in the page before: no one stops between the halves. */
export function fetchSecondWasm(hart: Hart, low: number, high: number): number {
  const at = inlineFetch(hart, low, high);
  if (at >= 0) return at;
  const wasmPage = translateForBytes(hart, low, high, AccessKind.fetch, 2);
  if (wasmPage < 0) return -1;
  remember(hart, FETCH_TABLE, low, high, wasmPage);
  return wasmPage + (low & 0xfff);
}

/** Byte offset in the machine's memory by the fetch table of the software TLB, or -1. */
function inlineFetch(hart: Hart, low: number, high: number): number {
  return inlineAddress(hart, HartOffset.fetchTranslations, FETCH_TABLE, low, high);
}
