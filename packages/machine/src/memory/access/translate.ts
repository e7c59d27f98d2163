import type { TranslationMode } from '@worldswitch/contracts';
import { Privilege } from '@worldswitch/isa';
import {
  AccessKind,
  faultCause,
  needsAccessedDirty,
  permits,
  pmpAllows,
  pmpPageRights,
  TranslationFault,
  walk,
} from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';
import { CsrSlot, type HartContext, Mstatus } from '../../hart/hart-context.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { translateGuestPage } from '../../hypervisor/guest-translation.ts';
import { RAM, RAM_BASE } from '../memory-layout.ts';

/** Physical addresses have 56 bits (privileged ISA, Sv39). */
const PHYSICAL_PAGES = 2 ** 44;
const ADUE_HIGH = 1 << 29;
const PBMTE_HIGH = 1 << 30;
const RAM_FRAME = RAM_BASE / 4096;

/**
 * The physical page number of a virtual address, by way of the TLB model and the page-table walk; or -1, and the fault is noted
 * in the context. `hart.leafLevel` is then the level of the leaf, or -1 for an untranslated address.
 * @param low,high halves of the virtual address, signed.
 */
export function translate(hart: Hart, low: number, high: number, kind: AccessKind, length: number): number {
  const frame = translatePage(hart, low, high, kind);
  const { pmp, privilege, dataPrivilege } = hart.current;
  if (frame < 0 || pmp.length === 0) return frame;
  const actual = kind === AccessKind.fetch ? privilege : dataPrivilege;
  hart.isWholePageAllowed = pmpPageRights(pmp, frame, actual) !== undefined;
  if (pmpAllows(pmp, frame * 4096 + (low & 0xfff), length, kind, actual)) return frame;
  return fault(hart, faultCause(TranslationFault.access, kind), low, high);
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

/** Byte offset in the machine's memory of the page, or -1 with an access fault noted when it is not RAM. */
export function translateForBytes(hart: Hart, low: number, high: number, kind: AccessKind, length: number): number {
  const frame = translate(hart, low, high, kind, length);
  if (frame < 0) return -1;
  const wasmPage = wasmPageOf(hart, frame);
  return wasmPage < 0 ? fault(hart, faultCause(TranslationFault.access, kind), low, high) : wasmPage;
}

/** Byte offset in the machine's memory of a frame of RAM, or -1 when the frame is not RAM. */
export function wasmPageOf(hart: Hart, frame: number): number {
  const index = frame - RAM_FRAME;
  return index >= 0 && index < hart.ramFrames ? RAM + index * 4096 : -1;
}

export function fault(hart: Hart, cause: number, low: number, high: number): -1 {
  hart.noteFault(cause, low, high);
  return -1;
}

export function countDataAccess(context: HartContext): void {
  const { i32 } = context.memory;
  if (i32[context.word + HartOffset.isTranslating / 4] === 0) return;
  const word = context.word + HartOffset.dataAccesses / 4;
  const next = (i32[word]! + 1) | 0;
  i32[word] = next;
  if (next === 0) i32[word + 1]!++;
}
