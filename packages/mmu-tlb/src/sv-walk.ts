import { TranslationMode } from '@worldswitch/contracts';
import { Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import { type PageTableMemory, PteUpdate } from './page-table-memory.ts';
import { AccessKind, needsAccessedDirty, permits, TranslationFault } from './permission.ts';
import {
  isLeaf,
  PAGES_PER_LEAF,
  PTE_HIGH_MEMORY_TYPE,
  PTE_HIGH_NAPOT,
  PTE_HIGH_RESERVED,
  PteFlag,
  pteFrame,
} from './pte.ts';

/** Everything besides the address that decides a translation. Its owner keeps one and changes it as CSRs change. */
export interface TranslationContext {
  /** satp.MODE; for the G-stage hgatp.MODE, where 8, 9 and 10 mean Sv39x4, Sv48x4 and Sv57x4. */
  mode: TranslationMode;
  /** satp.PPN: physical page number of the root table. The root of a G-stage table is aligned to 4 frames. */
  rootFrame: number;
  /** Effective privilege: user or supervisor. Not looked at in the G-stage, which always checks as for user. */
  privilege: PrivilegeLevel;
  /** mstatus.SUM. */
  isSumSet: boolean;
  /** mstatus.MXR. */
  isMxrSet: boolean;
  /** The load is hlvx: it must be allowed to execute what it reads. */
  isExecuteRead: boolean;
  /** menvcfg.ADUE: the walk sets A and D by itself (Svadu). Otherwise a clear bit is a page fault (Svade). */
  updatesAccessedDirty: boolean;
  /** Svnapot is there: 64 KiB ranges. Otherwise bit 63 of an entry is reserved. */
  hasNapot: boolean;
  /** menvcfg.PBMTE: Svpbmt is there. Otherwise bits 61 and 62 of an entry are reserved. */
  hasMemoryTypes: boolean;
  /** The second stage of two: wider addresses, user checks, guest-page faults, no G bit. */
  isGuestStage: boolean;
}

/** What a walk found. One object is used again and again. */
export interface WalkResult {
  /** 0: the translation is good and the other fields hold it. Otherwise only `references` and `level` mean something. */
  fault: TranslationFault;
  /** Physical page number of the 4 KiB page asked for. */
  frame: number;
  /** PTE bits 0 to 7 of the leaf as it is in memory now; G is set if any entry on the way had it. */
  flags: number;
  /** Level of the leaf, or where the walk stopped. */
  level: number;
  /** Page table entries read. */
  references: number;
  /** Svpbmt type of the leaf: 0 none, 1 non-cacheable, 2 I/O. */
  memoryType: number;
}

export function createWalkResult(): WalkResult {
  return { fault: TranslationFault.none, frame: 0, flags: 0, level: 0, references: 0, memoryType: 0 };
}

/** A context with everything off, for an owner to fill in. */
export function createTranslationContext(overrides: Partial<TranslationContext> = {}): TranslationContext {
  return {
    mode: TranslationMode.bare,
    rootFrame: 0,
    privilege: Privilege.user,
    isSumSet: false,
    isMxrSet: false,
    isExecuteRead: false,
    updatesAccessedDirty: false,
    hasNapot: false,
    hasMemoryTypes: false,
    isGuestStage: false,
    ...overrides,
  };
}

const ALL_FLAGS = 0xff;
const PHYSICAL_PAGES = 2 ** 44;
/** Pages below the sign bit, by number of levels. */
const HALF_OF_SPACE: readonly number[] = [0, 0, 0, 2 ** 26, 2 ** 35, 2 ** 44];

/** Levels of a translation scheme: 3, 4 or 5. */
export function levelsOf(mode: TranslationMode): number {
  return mode === TranslationMode.bare ? 0 : mode - 5;
}

/**
 * Whether a virtual address may be translated at all: the bits above those that are translated are copies of the topmost one
 * (privileged ISA, Sv39, Sv48, Sv57, first paragraphs), or zero for a guest physical address (hypervisor extension, "Guest
 * Physical Address Translation").
 * @param page virtual page number, in [0, 2^52).
 */
export function isCanonical(page: number, mode: TranslationMode, isGuestStage = false): boolean {
  const half = HALF_OF_SPACE[levelsOf(mode)]!;
  // Page numbers have 52 bits; the sign-extended ones lie below half of the space, or as far below 2^52.
  return isGuestStage ? page < 8 * half : page < half || page >= 2 ** 52 - half;
}

/** VPN[level] of a page number. */
function pageIndex(page: number, level: number): number {
  return level < 3 ? (page >>> (9 * level)) & 511 : (page / PAGES_PER_LEAF[level]!) & 511;
}

/**
 * Translates a page by the "Virtual Address Translation Process" of the privileged ISA, whose step numbers stand below.
 * @param page virtual page number in [0, 2^52), or guest physical page number for the G-stage.
 * @returns result.fault.
 */
export function walk(
  result: WalkResult,
  memory: PageTableMemory,
  context: TranslationContext,
  page: number,
  access: AccessKind,
): TranslationFault {
  const { mode, isGuestStage } = context;
  result.references = 0;
  result.memoryType = 0;
  if (mode === TranslationMode.bare) {
    result.level = 0;
    result.frame = page;
    result.flags = ALL_FLAGS;
    result.fault = page < PHYSICAL_PAGES ? TranslationFault.none : TranslationFault.access;
    return result.fault;
  }
  const pageFault = isGuestStage ? TranslationFault.guestPage : TranslationFault.page;
  result.level = mode - 6;
  if (!isCanonical(page, mode, isGuestStage)) {
    result.fault = pageFault;
    return pageFault;
  }

  // 1. Let a be satp.ppn × PAGESIZE, and let i = LEVELS - 1. (Here a is kept as a frame number.)
  let frame = context.rootFrame;
  let level = mode - 6;
  let index = pageIndex(page, level);
  // The root of a G-stage table has 2048 entries (hypervisor extension, Sv39x4).
  if (isGuestStage) index = (page / PAGES_PER_LEAF[level]!) & 2047;
  let inherited = 0;

  for (;;) {
    // 2. Let pte be the value of the PTE at address a + va.vpn[i] × PTESIZE; a PMA or PMP violation is an access fault.
    result.level = level;
    result.references++;
    if (!memory.readPte(frame, index)) {
      result.fault = TranslationFault.access;
      return TranslationFault.access;
    }
    const low = memory.low;
    const high = memory.high;

    // 3. If pte.v = 0, or pte.r = 0 and pte.w = 1, or reserved bits or encodings are set, raise a page fault.
    if ((low & PteFlag.valid) === 0 || (low & (PteFlag.read | PteFlag.write)) === PteFlag.write) break;
    if ((high & ~0x3f_ffff) !== 0 && hasReserved(context, low, high, level)) break;

    // 4. If pte.r = 1 or pte.x = 1, go to step 5. Otherwise this is a pointer to the next level: let i = i - 1. If i < 0,
    //    raise a page fault; otherwise let a be pte.ppn × PAGESIZE and go to step 2.
    if (!isLeaf(low)) {
      // D, A and U are reserved in a pointer.
      if (level === 0 || (low & (PteFlag.dirty | PteFlag.accessed | PteFlag.user)) !== 0) break;
      inherited |= low & PteFlag.global;
      level--;
      frame = pteFrame(low, high);
      index = pageIndex(page, level);
      continue;
    }

    // 5. If i > 0 and pte.ppn[i-1:0] ≠ 0, this is a misaligned superpage: raise a page fault.
    let leafFrame = pteFrame(low, high);
    if (level > 0 && leafFrame % PAGES_PER_LEAF[level]! !== 0) break;

    // 6. The U bit, given privilege, SUM and MXR. 7. (Shadow stacks: the extension is not there.) 8. The R, W and X bits.
    const flags = low & 0xff;
    const privilege = isGuestStage ? Privilege.user : context.privilege;
    if (!permits(flags, access, privilege, context.isSumSet, context.isMxrSet, context.isExecuteRead)) break;

    // 9. If pte.a = 0, or the access is a store and pte.d = 0:
    let newFlags = flags;
    if (needsAccessedDirty(flags, access)) {
      //    - With Svade, raise a page fault.
      if (!context.updatesAccessedDirty) break;
      newFlags |= access === AccessKind.store ? PteFlag.accessed | PteFlag.dirty : PteFlag.accessed;
      //    - A store to the PTE that violates PMA or PMP is an access fault.
      //    - Atomically compare and set; if the comparison fails, return to step 2.
      const update = memory.updatePte(frame, index, low, high, low | newFlags);
      if (update === PteUpdate.fault) {
        result.fault = TranslationFault.access;
        return TranslationFault.access;
      }
      if (update === PteUpdate.changed) continue;
    }

    // 10. pa.ppn[i-1:0] = va.vpn[i-1:0] for a superpage, pa.ppn[LEVELS-1:i] = pte.ppn[LEVELS-1:i].
    if (level > 0) leafFrame += page % PAGES_PER_LEAF[level]!;
    else if (high < 0) leafFrame = leafFrame - (leafFrame & 15) + (page & 15); // Svnapot: 16 pages share one encoding
    result.frame = leafFrame;
    result.flags = isGuestStage ? newFlags & ~PteFlag.global : newFlags | inherited;
    result.memoryType = (high >>> 29) & 3;
    result.fault = TranslationFault.none;
    return TranslationFault.none;
  }
  result.fault = pageFault;
  return pageFault;
}

/** Bits 54 to 63: reserved ones, and encodings of Svnapot and Svpbmt that are reserved or belong to an absent extension. */
function hasReserved(context: TranslationContext, low: number, high: number, level: number): boolean {
  if ((high & PTE_HIGH_RESERVED) !== 0) return true;
  const memoryType = high & PTE_HIGH_MEMORY_TYPE;
  if (memoryType !== 0) {
    if (!context.hasMemoryTypes || !isLeaf(low) || memoryType === PTE_HIGH_MEMORY_TYPE) return true;
  }
  if ((high & PTE_HIGH_NAPOT) !== 0) {
    // Svnapot, table "Page table entry encodings when pte.N=1": only 64 KiB (ppn[0] = x xxxx 1000) at level 0 is defined.
    if (!context.hasNapot || !isLeaf(low) || level !== 0 || ((low >>> 10) & 15) !== 8) return true;
  }
  return false;
}
