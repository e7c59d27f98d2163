import { ExceptionCause, Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import { PteFlag } from './pte.ts';

/** What an access wants to do. Atomics and store-conditional are stores, load-reserved is a load (privileged ISA, Sv32). */
export const AccessKind = { fetch: 0, load: 1, store: 2 } as const;
export type AccessKind = (typeof AccessKind)[keyof typeof AccessKind];

/** Why a translation failed, before it becomes an exception of the access: 0 is no failure. */
export const TranslationFault = { none: 0, page: 1, access: 2, guestPage: 3 } as const;
export type TranslationFault = (typeof TranslationFault)[keyof typeof TranslationFault];

const causes: Readonly<Record<Exclude<TranslationFault, 0>, readonly [number, number, number]>> = {
  [TranslationFault.page]: [
    ExceptionCause.instructionPageFault,
    ExceptionCause.loadPageFault,
    ExceptionCause.storePageFault,
  ],
  [TranslationFault.access]: [
    ExceptionCause.instructionAccessFault,
    ExceptionCause.loadAccessFault,
    ExceptionCause.storeAccessFault,
  ],
  [TranslationFault.guestPage]: [
    ExceptionCause.instructionGuestPageFault,
    ExceptionCause.loadGuestPageFault,
    ExceptionCause.storeGuestPageFault,
  ],
};

/** The exception code that a failed translation raises for the original access. */
export function faultCause(fault: Exclude<TranslationFault, 0>, access: AccessKind): number {
  return causes[fault][access];
}

/**
 * Whether a leaf allows an access: steps 6 and 8 of the translation process.
 * @param flags PTE bits 0 to 7, of a valid leaf.
 * @param privilege the effective one (MPRV applied), user or supervisor.
 * @param isSumSet mstatus.SUM: supervisor may load from and store to user pages.
 * @param isMxrSet mstatus.MXR: loads may read executable pages.
 * @param isExecuteRead hlvx: execute permission takes the place of read permission in loads.
 */
export function permits(
  flags: number,
  access: AccessKind,
  privilege: PrivilegeLevel,
  isSumSet: boolean,
  isMxrSet: boolean,
  isExecuteRead = false,
): boolean {
  // Step 6: the U bit, given the privilege and SUM. Supervisor never executes from a user page, whatever SUM is.
  if ((flags & PteFlag.user) === 0) {
    if (privilege === Privilege.user) return false;
  } else if (privilege !== Privilege.user && (!isSumSet || access === AccessKind.fetch)) return false;
  // Step 8: the R, W and X bits, given MXR.
  switch (access) {
    case AccessKind.fetch:
      return (flags & PteFlag.execute) !== 0;
    case AccessKind.load:
      if (isExecuteRead) return (flags & PteFlag.execute) !== 0;
      return (flags & (isMxrSet ? PteFlag.read | PteFlag.execute : PteFlag.read)) !== 0;
    case AccessKind.store:
      return (flags & PteFlag.write) !== 0;
  }
}

/** Step 9 of the translation process: the access would have to set A, or D for a store, first. */
export function needsAccessedDirty(flags: number, access: AccessKind): boolean {
  const needed = access === AccessKind.store ? PteFlag.accessed | PteFlag.dirty : PteFlag.accessed;
  return (flags & needed) !== needed;
}
