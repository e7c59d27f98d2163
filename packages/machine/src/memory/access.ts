import type { TranslationMode } from '@worldswitch/contracts';
import { CACHE_BLOCK_BYTES, ExceptionCause, Privilege } from '@worldswitch/isa';
import {
  AccessKind,
  faultCause,
  needsAccessedDirty,
  type PageTableMemory,
  PteUpdate,
  permits,
  pmpAllows,
  pmpPageRights,
  TranslationFault,
  walk,
} from '@worldswitch/mmu-tlb';
import { DEBUG_STOP } from '../hart/debug-points.ts';
import type { Hart } from '../hart/hart.ts';
import { CsrSlot, type HartContext, Mstatus } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { translateGuestPage } from '../hypervisor/guest-translation.ts';
import type { BusRegion } from './bus.ts';
import {
  FETCH_TABLE,
  indexMaskOf,
  LOAD_TABLE,
  RAM,
  RAM_BASE,
  STORE_TABLE,
  TRANSLATION_INDEX_SHIFT,
} from './memory-layout.ts';

/** Results of slow paths, as compiled code sees them. */
export const AccessResult = { done: 0, fault: 1, leave: 2 } as const;
export type AccessResult = (typeof AccessResult)[keyof typeof AccessResult];

export type Width = 1 | 2 | 4 | 8;

const RAM_FRAME = RAM_BASE / 4096;
/** Physical addresses have 56 bits (privileged ISA, Sv39). */
const PHYSICAL_PAGES = 2 ** 44;
const SCRATCH = HartOffset.scratch / 4;
const ADUE_HIGH = 1 << 29;
const PBMTE_HIGH = 1 << 30;

/**
 * The physical page number of a virtual address, by way of the TLB model and the page-table walk; or -1, and the fault is noted
 * in the context. `hart.leafLevel` is then the level of the leaf, or -1 for an untranslated address.
 * @param low,high halves of the virtual address, signed.
 */
function translate(hart: Hart, low: number, high: number, kind: AccessKind, length: number): number {
  const frame = translatePage(hart, low, high, kind);
  const { pmp, privilege, dataPrivilege } = hart.current;
  if (frame < 0 || pmp.length === 0) return frame;
  const actual = kind === AccessKind.fetch ? privilege : dataPrivilege;
  hart.isWholePageAllowed = pmpPageRights(pmp, frame, actual) !== undefined;
  if (pmpAllows(pmp, frame * 4096 + (low & 0xfff), length, kind, actual)) return frame;
  return fault(hart, faultCause(TranslationFault.access, kind), low, high);
}

/** The memory that walks read, under the physical memory protection of supervisor mode (privileged ISA, Sv39, step 2). */
export function protectPageTables(hart: Hart, memory: PageTableMemory): PageTableMemory {
  const isAllowed = (frame: number, index: number, kind: AccessKind): boolean => {
    const { pmp } = hart.current;
    return pmp.length === 0 || pmpAllows(pmp, frame * 4096 + index * 8, 8, kind, Privilege.supervisor);
  };
  return {
    get low() {
      return memory.low;
    },
    get high() {
      return memory.high;
    },
    readPte: (frame, index) => isAllowed(frame, index, AccessKind.load) && memory.readPte(frame, index),
    updatePte: (frame, index, expectedLow, expectedHigh, low) =>
      isAllowed(frame, index, AccessKind.store)
        ? memory.updatePte(frame, index, expectedLow, expectedHigh, low)
        : PteUpdate.fault,
  };
}

function translatePage(hart: Hart, low: number, high: number, kind: AccessKind): number {
  const context = hart.current;
  hart.isWholePageAllowed = true;
  if (kind === AccessKind.fetch ? context.isVirtual : context.isDataVirtual) {
    return translateGuestPage(hart, low, high, kind);
  }
  const page = (high >>> 0) * 2 ** 20 + (low >>> 12);
  const privilege = kind === AccessKind.fetch ? context.privilege : context.dataPrivilege;
  const satpHigh = context.csrHigh(CsrSlot.satp);
  const mode = privilege === Privilege.machine ? 0 : ((satpHigh >>> 28) as TranslationMode);
  if (mode === 0) {
    hart.leafLevel = -1;
    if (page < PHYSICAL_PAGES) return page;
    return fault(hart, faultCause(TranslationFault.access, kind), low, high);
  }
  const asid = (satpHigh >>> 12) & 0xffff;
  const isSumSet = (context.mstatus & Mstatus.SUM) !== 0;
  const isMxrSet = (context.mstatus & Mstatus.MXR) !== 0;
  const entry = hart.tlb.lookup(asid, page);
  if (entry === undefined) context.misses++;
  // An entry that does not allow the access is not believed but walked again: the table may allow more by now.
  else if (permits(entry.flags, kind, privilege, isSumSet, isMxrSet) && !needsAccessedDirty(entry.flags, kind)) {
    hart.leafLevel = entry.level;
    return entry.frame;
  }
  const { walkContext, walkResult } = hart;
  walkContext.mode = mode;
  walkContext.rootFrame = (satpHigh & 0xfff) * 2 ** 32 + (context.csrLow(CsrSlot.satp) >>> 0);
  walkContext.privilege = privilege;
  walkContext.isSumSet = isSumSet;
  walkContext.isMxrSet = isMxrSet;
  const environment = context.csrHigh(CsrSlot.menvcfg);
  walkContext.updatesAccessedDirty = (environment & ADUE_HIGH) !== 0;
  walkContext.hasMemoryTypes = (environment & PBMTE_HIGH) !== 0;
  const outcome = walk(walkResult, hart.pageTables, walkContext, page, kind);
  context.walkReferences += walkResult.references;
  if (outcome !== TranslationFault.none) return fault(hart, faultCause(outcome, kind), low, high);
  const { frame, flags, level } = walkResult;
  hart.tlb.insert({ asid, page, frame, flags, level });
  hart.observer?.tlbFill?.(hart, { asid, page, frame, flags, level });
  hart.leafLevel = level;
  return frame;
}

function fault(hart: Hart, cause: number, low: number, high: number): -1 {
  hart.noteFault(cause, low, high);
  return -1;
}

/** Enters a translation in the inline software TLB, unless the TLB model must see every access. */
function remember(hart: Hart, table: number, low: number, high: number, wasmPage: number): void {
  if ((hart.leafLevel >= 0 && hart.tlb.observesHits) || !hart.isWholePageAllowed) return;
  const { current: context, points } = hart;
  // The sets in force are not those of hypervisor loads and stores.
  if (context.guestAccess >= 0) return;
  if (points && (table === FETCH_TABLE ? points.holdsFetches(hart, low, high) : points.holdsData(low, high))) return;
  const offset = table === FETCH_TABLE ? HartOffset.fetchTranslations : HartOffset.dataTranslations;
  const set = hart.memory.i32[context.word + offset / 4]!;
  hart.sets.enter(set, table, low, high, wasmPage, hart.leafLevel);
}

/** Lets compiled code store to a page that was marked dirty, unless it holds code. */
function allowStores(hart: Hart, low: number, high: number, wasmPage: number): void {
  const frame = (wasmPage - RAM) / 4096;
  if (hart.ram.code.isCode[frame] !== 0) return;
  remember(hart, STORE_TABLE, low, high, wasmPage);
  if (hart.memory.i32[hart.current.word + HartOffset.codeVariant / 4] !== 0) hart.sets.allowPhysicalStores(frame);
}

/** Byte offset in the machine's memory of a frame of RAM, or -1 when the frame is not RAM. */
function wasmPageOf(hart: Hart, frame: number): number {
  const index = frame - RAM_FRAME;
  return index >= 0 && index < hart.ramFrames ? RAM + index * 4096 : -1;
}

function countDataAccess(context: HartContext): void {
  const { i32 } = context.memory;
  if (i32[context.word + HartOffset.isTranslating / 4] === 0) return;
  const word = context.word + HartOffset.dataAccesses / 4;
  const next = (i32[word]! + 1) | 0;
  i32[word] = next;
  if (next === 0) i32[word + 1]!++;
}

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

function loadDevice(hart: Hart, address: number, low: number, high: number, width: Width): AccessResult {
  const region = address % width === 0 ? hart.bus.find(address, width) : undefined;
  if (!region) {
    hart.noteFault(ExceptionCause.loadAccessFault, low, high);
    return AccessResult.fault;
  }
  hart.points?.noteAccess(hart, low, high, width, true, false);
  const { u32 } = hart.memory;
  const scratch = hart.current.word + SCRATCH;
  const offset = address - region.base;
  hart.deviceAccesses++;
  u32[scratch] = region.device.read(offset, width === 8 ? 4 : width);
  u32[scratch + 1] = width === 8 ? region.device.read(offset + 4, 4) : 0;
  if (hart.observer?.deviceAccess) noteDevice(hart, region, offset, width, false);
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

/** Byte offset in the machine's memory of the page, or -1 with an access fault noted when it is not RAM. */
function translateForBytes(hart: Hart, low: number, high: number, kind: AccessKind, length: number): number {
  const frame = translate(hart, low, high, kind, length);
  if (frame < 0) return -1;
  const wasmPage = wasmPageOf(hart, frame);
  return wasmPage < 0 ? fault(hart, faultCause(TranslationFault.access, kind), low, high) : wasmPage;
}

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
  const ramFrame = frame - RAM_FRAME;
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

/** The value stands in the context's scratch. */
function noteDevice(hart: Hart, { base, device }: BusRegion, offset: number, width: Width, isWrite: boolean): void {
  const { u64 } = hart.memory;
  const value = BigInt.asUintN(width * 8, u64[hart.current.quad + HartOffset.scratch / 8]!);
  hart.observer?.deviceAccess?.(hart, { device: device.name, address: base + offset, offset, width, isWrite, value });
}

function storeDevice(hart: Hart, address: number, low: number, high: number, width: Width): AccessResult {
  const region = address % width === 0 ? hart.bus.find(address, width) : undefined;
  if (!region) {
    hart.noteFault(ExceptionCause.storeAccessFault, low, high);
    return AccessResult.fault;
  }
  hart.points?.noteAccess(hart, low, high, width, false, true);
  const { u32 } = hart.memory;
  const scratch = hart.current.word + SCRATCH;
  const offset = address - region.base;
  const value = u32[scratch]!;
  if (hart.observer?.deviceAccess) noteDevice(hart, region, offset, width, true);
  hart.deviceAccesses++;
  switch (width) {
    case 1:
      region.device.write(offset, 1, value & 0xff);
      break;
    case 2:
      region.device.write(offset, 2, value & 0xffff);
      break;
    case 4:
      region.device.write(offset, 4, value);
      break;
    case 8:
      region.device.write(offset, 4, value);
      region.device.write(offset + 4, 4, u32[scratch + 1]!);
      break;
  }
  // A device may have raised an interrupt or stopped the machine.
  return hart.isAttentionSet() ? AccessResult.leave : AccessResult.done;
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

/** Likewise by a table of the set that stands at `offset` of the context. */
function inlineAddress(hart: Hart, offset: number, table: number, low: number, high: number): number {
  const { i32 } = hart.memory;
  const set = i32[hart.current.word + offset / 4]!;
  const word = (set + table + ((low >>> TRANSLATION_INDEX_SHIFT) & indexMaskOf(table))) >>> 2;
  if (i32[word] !== (low & ~0xfff) || i32[word + 1] !== high) return -1;
  return (low + i32[word + 2]!) >>> 0;
}

/**
 * Byte offset in the machine's memory of the naturally aligned operand of an atomic, or -1 with the fault noted.
 * Atomics reach RAM only. A load-reserved faults as a load, everything else as a store.
 */
export function atomicWasm(hart: Hart, low: number, high: number, width: 4 | 8 | 16, isLoadReserved: boolean): number {
  countDataAccess(hart.current);
  if ((low & (width - 1)) !== 0) {
    const cause = isLoadReserved ? ExceptionCause.loadAddressMisaligned : ExceptionCause.storeAddressMisaligned;
    return fault(hart, cause, low, high);
  }
  const wasmPage = translateForBytes(hart, low, high, isLoadReserved ? AccessKind.load : AccessKind.store, width);
  if (wasmPage < 0) return -1;
  const at = wasmPage + (low & 0xfff);
  if (isLoadReserved) remember(hart, LOAD_TABLE, low, high, wasmPage);
  else {
    hart.ram.noteOffset(at - RAM, width);
    allowStores(hart, low, high, wasmPage);
  }
  return at;
}

/** Puts the fault on the address that the instruction has, not on that of the cache block around it (Zicbom, "Traps"). */
function atOperand(hart: Hart, low: number): false {
  hart.current.i32(HartOffset.trapValue, low);
  return false;
}

/** Stores zeros into the cache block around the address, which must be RAM. False: the fault is noted. */
export function zeroCacheBlock(hart: Hart, low: number, high: number): boolean {
  countDataAccess(hart.current);
  const block = low & -CACHE_BLOCK_BYTES;
  let at = inlineAddress(hart, HartOffset.dataTranslations, STORE_TABLE, block, high);
  if (at < 0) {
    const wasmPage = translateForBytes(hart, block, high, AccessKind.store, CACHE_BLOCK_BYTES);
    if (wasmPage < 0) return atOperand(hart, low);
    hart.points?.noteAccess(hart, block, high, CACHE_BLOCK_BYTES, false, true);
    at = wasmPage + (block & 0xfff);
    hart.ram.noteOffset(at - RAM, CACHE_BLOCK_BYTES);
    // The other blocks of the page are next.
    allowStores(hart, block, high, wasmPage);
  }
  const { i32 } = hart.memory;
  const word = at >>> 2;
  for (let i = 0; i < CACHE_BLOCK_BYTES / 4; i++) i32[word + i] = 0;
  return true;
}

/**
 * Whether a cache-block management instruction may reach the block around the address: whoever may load or store may, and the
 * faults are those of stores. No one may store without loading. False: the fault is noted.
 */
export function checkCacheBlock(hart: Hart, low: number, high: number): boolean {
  countDataAccess(hart.current);
  const block = low & -CACHE_BLOCK_BYTES;
  const frame = translate(hart, block, high, AccessKind.load, CACHE_BLOCK_BYTES);
  if (frame >= 0) {
    if (wasmPageOf(hart, frame) >= 0 || hart.bus.find(frame * 4096 + (block & 0xfff), 4)) return true;
    hart.noteFault(ExceptionCause.storeAccessFault, low, high);
    return false;
  }
  const cause = hart.memory.i32[hart.current.word + HartOffset.trapCause / 4]!;
  hart.current.i32(HartOffset.trapCause, storeCauses.get(cause) ?? cause);
  return atOperand(hart, low);
}

/** The store fault that corresponds to a load fault. */
const storeCauses: ReadonlyMap<number, number> = new Map([
  [ExceptionCause.loadAccessFault, ExceptionCause.storeAccessFault],
  [ExceptionCause.loadPageFault, ExceptionCause.storePageFault],
  [ExceptionCause.loadGuestPageFault, ExceptionCause.storeGuestPageFault],
]);
