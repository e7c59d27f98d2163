export { MmuError } from './mmu-error.ts';
export { createPageTable, type Mapping, type PageTable, type PageTableOptions } from './page-table-builder.ts';
export { createPageTableMemory, type PageTableMemory, PteUpdate } from './page-table-memory.ts';
export { AccessKind, faultCause, needsAccessedDirty, permits, TranslationFault } from './permission.ts';
export {
  decodePmp,
  isPmpAddressLocked,
  PmpConfig,
  type PmpEntry,
  PmpMatching,
  pmpAllows,
  pmpPageRights,
  writtenPmpConfig,
} from './pmp.ts';
export {
  formatPteFlags,
  isLeaf,
  PAGES_PER_LEAF,
  PTE_HIGH_MEMORY_TYPE,
  PTE_HIGH_NAPOT,
  PTE_HIGH_RESERVED,
  PTE_SOFTWARE_SHIFT,
  PTES_PER_TABLE,
  PteFlag,
  pteFrame,
  pteHigh,
  pteLow,
} from './pte.ts';
export { fifo, lru, type ReplacementPolicy, type ReplacementState, random, treePlru } from './replacement.ts';
export {
  createSoftRefillTlb,
  RefillCause,
  type SoftRefillResult,
  type SoftRefillTlb,
  type SoftRefillTlbOptions,
} from './soft-refill.ts';
export { createNoTlb, createUnboundedTlb } from './special-tlbs.ts';
export {
  createTranslationContext,
  createWalkResult,
  isCanonical,
  levelsOf,
  type TranslationContext,
  type WalkResult,
  walk,
} from './sv-walk.ts';
export { coversPage, createTlb, type TlbOptions } from './tlb.ts';
export { createTwoStageTranslator, type TwoStageResult, type TwoStageTranslator } from './two-stage.ts';
