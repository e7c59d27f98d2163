import { AccessKind } from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { RAM } from '../memory-layout.ts';
import { AccessResult, type Width } from './access-result.ts';
import { storeDevice } from './device.ts';
import { allowStores } from './inline-table.ts';
import { countDataAccess, translate, translateForBytes, wasmPageOf } from './translate.ts';

const SCRATCH = HartOffset.scratch / 4;

/** A store that the inline software TLB cannot do; the value's low bytes are in the context's scratch. */
export function storeSlow(hart: Hart, low: number, high: number, width: Width): AccessResult {
  const context = hart.current;
  countDataAccess(context);
  const offset = low & 0xfff;
  if (offset + width > 4096) return storeAcrossPages(hart, low, high, width);
  const frame = translate(hart, low, high, AccessKind.store, width);
  if (frame < 0) return AccessResult.fault;
  const { u32, view } = hart.memory;
  const wasmPage = wasmPageOf(hart, frame);
  if (wasmPage < 0) return storeDevice(hart, frame * 4096 + offset, low, high, width);
  hart.points?.noteAccess(hart, low, high, width, false, true);
  const ramFrame = (wasmPage - RAM) / 4096;
  hart.ram.dirty.mark(ramFrame);
  const isCode = hart.ram.code.isCode[ramFrame] !== 0;
  if (isCode) hart.ram.code.noteWrite(ramFrame * 4096 + offset, width);
  else allowStores(hart, low, high, wasmPage);
  const at = wasmPage + offset;
  const scratch = context.word + SCRATCH;
  switch (width) {
    case 1:
      view.setUint8(at, u32[scratch]!);
      break;
    case 2:
      view.setUint16(at, u32[scratch]!, true);
      break;
    case 4:
      view.setUint32(at, u32[scratch]!, true);
      break;
    case 8:
      view.setUint32(at, u32[scratch]!, true);
      view.setUint32(at + 4, u32[scratch + 1]!, true);
      break;
  }
  return isCode ? AccessResult.leave : AccessResult.done;
}

function storeAcrossPages(hart: Hart, low: number, high: number, width: Width): AccessResult {
  const first = translateForBytes(hart, low, high, AccessKind.store, 4096 - (low & 0xfff));
  if (first < 0) return AccessResult.fault;
  const nextLow = (low | 0xfff) + 1;
  const nextHigh = nextLow === 0 ? (high + 1) | 0 : high;
  const second = translateForBytes(hart, nextLow | 0, nextHigh, AccessKind.store, width - (4096 - (low & 0xfff)));
  if (second < 0) return AccessResult.fault;
  hart.points?.noteAccess(hart, low, high, width, false, true);
  const scratch = hart.current.base + HartOffset.scratch;
  const { u8 } = hart.memory;
  const inFirst = 4096 - (low & 0xfff);
  const at = first + 4096 - inFirst;
  u8.set(u8.subarray(scratch, scratch + inFirst), at);
  u8.set(u8.subarray(scratch + inFirst, scratch + width), second);
  hart.ram.noteOffset(at - RAM, inFirst);
  hart.ram.noteOffset(second - RAM, width - inFirst);
  return hart.isAttentionSet() ? AccessResult.leave : AccessResult.done;
}
