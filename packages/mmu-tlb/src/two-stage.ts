import { TranslationMode } from '@worldswitch/contracts';
import { type PageTableMemory, PteUpdate } from './page-table-memory.ts';
import { AccessKind, TranslationFault } from './permission.ts';
import { createWalkResult, type TranslationContext, walk } from './sv-walk.ts';

/** What a translation in two stages found. One object is used again and again. */
export interface TwoStageResult {
  fault: TranslationFault;
  /** Physical page number of the page asked for. */
  frame: number;
  /** The guest physical page it has in between. */
  guestPage: number;
  /** PTE bits 0 to 7 of the VS-stage's leaf, and of the G-stage's for the page itself. */
  flags: number;
  guestFlags: number;
  /** Level of the smaller of the two leaves: what a TLB may keep. */
  level: number;
  /** Level of the VS-stage's leaf, which fences by guest virtual address reach as a whole. */
  guestLevel: number;
  /** Page table entries read, of both stages. */
  references: number;
  /** Those of the VS-stage alone. */
  guestReferences: number;
  /** For a guest-page fault: its guest physical page. */
  faultPage: number;
  /** And the offset in that page, if the access was implicit. */
  faultOffset: number;
  /** For a guest-page fault: it was an access to a VS-stage page table, not the access itself. */
  isImplicit: boolean;
  /** And it was to set A or D in an entry of one. */
  isImplicitWrite: boolean;
}

export interface TwoStageTranslator {
  /** Changed by each `translate`. */
  readonly result: TwoStageResult;
  /**
   * @param first VS-stage: vsatp, the guest's privilege, vsstatus.SUM, and vsstatus.MXR or-ed with the HS-level MXR.
   * @param second G-stage: hgatp with `isGuestStage`, and the HS-level MXR.
   * @param page virtual page number of the guest.
   */
  translate(first: TranslationContext, second: TranslationContext, page: number, access: AccessKind): TranslationFault;
}

/**
 * Two-stage translation (hypervisor extension, "Two-Stage Address Translation"): a VS-stage walk whose every reference to a page
 * table is itself translated by the G-stage, then the G-stage for the page.
 * @param memory where both stages' tables lie: the machine's physical memory.
 */
export function createTwoStageTranslator(memory: PageTableMemory): TwoStageTranslator {
  const firstWalk = createWalkResult();
  const secondWalk = createWalkResult();
  let second: TranslationContext;
  let implicitFault: TranslationFault = TranslationFault.none;

  const result: TwoStageResult = {
    fault: TranslationFault.none,
    frame: 0,
    guestPage: 0,
    flags: 0,
    guestFlags: 0,
    level: 0,
    guestLevel: 0,
    references: 0,
    guestReferences: 0,
    faultPage: 0,
    faultOffset: 0,
    isImplicit: false,
    isImplicitWrite: false,
  };

  /** The G-stage for an access to a VS-stage table, which is an implicit load or store and which MXR does not help. */
  const translateTable = (guestFrame: number, index: number, access: AccessKind): number => {
    const guestPage = guestFrame + (index >> 9);
    const { isMxrSet, isExecuteRead } = second;
    second.isMxrSet = false;
    second.isExecuteRead = false;
    const fault = walk(secondWalk, memory, second, guestPage, access);
    second.isMxrSet = isMxrSet;
    second.isExecuteRead = isExecuteRead;
    result.references += secondWalk.references;
    if (fault === TranslationFault.none) return secondWalk.frame;
    implicitFault = fault;
    result.isImplicit = true;
    result.isImplicitWrite = access === AccessKind.store;
    result.faultPage = guestPage;
    result.faultOffset = (index & 511) * 8;
    return -1;
  };

  const guestTables: PageTableMemory = {
    low: 0,
    high: 0,
    readPte(guestFrame, index) {
      const frame = translateTable(guestFrame, index, AccessKind.load);
      if (frame < 0 || !memory.readPte(frame, index & 511)) return false;
      this.low = memory.low;
      this.high = memory.high;
      return true;
    },
    updatePte(guestFrame, index, expectedLow, expectedHigh, low) {
      const frame = translateTable(guestFrame, index, AccessKind.store);
      if (frame < 0) return PteUpdate.fault;
      return memory.updatePte(frame, index & 511, expectedLow, expectedHigh, low);
    },
  };

  return {
    result,
    translate(first, secondStage, page, access) {
      second = secondStage;
      implicitFault = TranslationFault.none;
      result.references = 0;
      result.isImplicit = false;
      result.isImplicitWrite = false;
      result.faultPage = 0;
      result.faultOffset = 0;

      let fault = walk(firstWalk, guestTables, first, page, access);
      // Untranslated by the VS-stage, an address is judged by the G-stage alone, as long as that translates.
      if (first.mode === TranslationMode.bare && second.mode !== TranslationMode.bare) fault = TranslationFault.none;
      result.references += firstWalk.references;
      result.guestReferences = firstWalk.references;
      if (fault !== TranslationFault.none) {
        // An exception is always reported for the original access, but a guest-page fault stays one.
        if (implicitFault !== TranslationFault.none) {
          fault = implicitFault;
          // The entry was never read if its own address could not be translated.
          result.references--;
          result.guestReferences--;
        }
        result.fault = fault;
        return fault;
      }
      result.guestPage = firstWalk.frame;
      result.flags = firstWalk.flags;

      fault = walk(secondWalk, memory, second, firstWalk.frame, access);
      result.references += secondWalk.references;
      result.fault = fault;
      if (fault !== TranslationFault.none) {
        result.faultPage = firstWalk.frame;
        return fault;
      }
      result.frame = secondWalk.frame;
      result.guestFlags = secondWalk.flags;
      result.guestLevel = firstWalk.level;
      result.level = Math.min(firstWalk.level, secondWalk.level);
      return fault;
    },
  };
}
