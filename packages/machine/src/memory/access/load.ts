import { AccessKind } from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { LOAD_TABLE } from '../memory-layout.ts';
import { AccessResult, type Width } from './access-result.ts';
import { loadDevice } from './device.ts';
import { remember } from './inline-table.ts';
import { countDataAccess, translate, translateForBytes, wasmPageOf } from './translate.ts';

const SCRATCH = HartOffset.scratch / 4;

/**
 * A load that the inline software TLB cannot do: a miss, a device, a page boundary, a fault.
 * The value is left zero-extended in the context's scratch.
 */
export function loadSlow(hart: Hart, low: number, high: number, width: Width): AccessResult {
  const context = hart.current;
  countDataAccess(context);
  const offset = low & 0xfff;
  if (offset + width > 4096) return loadAcrossPages(hart, low, high, width);
  const frame = translate(hart, low, high, AccessKind.load, width);
  if (frame < 0) return AccessResult.fault;
  const { u32, view } = hart.memory;
  const scratch = context.word + SCRATCH;
  const wasmPage = wasmPageOf(hart, frame);
  if (wasmPage < 0) return loadDevice(hart, frame * 4096 + offset, low, high, width);
  hart.points?.noteAccess(hart, low, high, width, true, false);
  remember(hart, LOAD_TABLE, low, high, wasmPage);
  const at = wasmPage + offset;
  u32[scratch + 1] = 0;
  switch (width) {
    case 1:
      u32[scratch] = view.getUint8(at);
      break;
    case 2:
      u32[scratch] = view.getUint16(at, true);
      break;
    case 4:
      u32[scratch] = view.getUint32(at, true);
      break;
    case 8:
      u32[scratch] = view.getUint32(at, true);
      u32[scratch + 1] = view.getUint32(at + 4, true);
      break;
  }
  return AccessResult.done;
}

/** Both pages must be there before anything is read; devices do not take such accesses. */
function loadAcrossPages(hart: Hart, low: number, high: number, width: Width): AccessResult {
  const first = translateForBytes(hart, low, high, AccessKind.load, 4096 - (low & 0xfff));
  if (first < 0) return AccessResult.fault;
  const nextLow = (low | 0xfff) + 1;
  const nextHigh = nextLow === 0 ? (high + 1) | 0 : high;
  const second = translateForBytes(hart, nextLow | 0, nextHigh, AccessKind.load, width - (4096 - (low & 0xfff)));
  if (second < 0) return AccessResult.fault;
  hart.points?.noteAccess(hart, low, high, width, true, false);
  const scratch = hart.current.base + HartOffset.scratch;
  const { u8 } = hart.memory;
  const inFirst = 4096 - (low & 0xfff);
  for (let i = 0; i < 8; i++) {
    u8[scratch + i] = i >= width ? 0 : u8[i < inFirst ? first + 4096 - inFirst + i : second + i - inFirst]!;
  }
  return AccessResult.done;
}
