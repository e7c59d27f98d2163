/**
 * Where a hart context keeps its state, as byte offsets from the context's base in the machine's memory. Both engines and the
 * WebAssembly code they emit read and write these places, so there is nothing to synchronise between them.
 */
export const HartOffset = {
  /** 32 integer registers of 8 bytes; x0 is kept 0. */
  x: 0,
  /** 32 floating-point registers of 8 bytes. */
  f: 256,
  /** i64: virtual address of the next instruction (during compiled code: stale except at exits and slow paths). */
  pc: 512,
  /** i64: instructions retired by this context. */
  instret: 520,
  /** i64: translated loads, stores and atomics performed by this context (each is one TLB lookup; fetches are `instret`). */
  dataAccesses: 528,
  /** i32: instructions that may still retire in this slice; an engine stops when it is 0. */
  budget: 536,
  /** i32: privilege: 0 U, 1 S, 3 M. */
  privilege: 540,
  /** i32: base of the software TLB set in force for loads and stores. */
  dataTranslations: 544,
  /** i32: base of the software TLB set in force for fetches (differs from the former under MPRV only). */
  fetchTranslations: 548,
  /** i32: nonzero asks the engine to leave at the next instruction boundary: interrupt became pending, code was invalidated. */
  attention: 552,
  /** i32: cause of the trap that a slow path raised; -1 when there is none. */
  trapCause: 556,
  /** i64: its trap value. */
  trapValue: 560,
  /** i64: result of a slow-path load, or the value for a slow-path store. */
  scratch: 568,
  /** i64: physical address of the LR reservation; -1 when there is none. */
  reservation: 576,
  /** i32: accrued exception flags, frm: the two parts of fcsr. */
  fflags: 584,
  frm: 588,
  /** i32: 1 while data accesses are translated (satp in force for them), so that they count as TLB lookups. */
  isTranslating: 592,
  /** i32: the `CodeVariant` (engine/compiler/layout.ts) of translations that may run: 1 while data addresses are plainly physical. */
  codeVariant: 596,
  /** i32: 1 while the hart is in a guest (V=1). */
  isVirtual: 600,
  /** i32: in a guest, the complement of the hypervisor's sstatus, whose FS has a say too; else 0. */
  withheldStatus: 604,
  /** i32: `OpenControl` bits: what the mode in force may do without asking. */
  openControls: 608,
  /** i32: bits of mstatus that make something due when they are set: SIE while an enabled interrupt is pending. */
  statusGuard: 612,
  /** i32: what dataTranslations would be with mstatus.SUM the other way; 0 where that is not known. */
  flippedTranslations: 616,
  /** CSR slots of 8 bytes: see csr-file.ts. */
  csr: 1024,
} as const;

/** Instructions that some modes may not execute: they check a bit of `HartOffset.openControls`. */
export const OpenControl = { zeroBlock: 1, time: 2 } as const;

/**
 * Fields that mean nothing between two slices, with their length and what they are then: a saved context has them at that value,
 * whichever engine ran. Everything else in a context is saved as it is.
 */
export const transientFields: readonly (readonly [offset: number, bytes: 4 | 8, value: 0 | 1 | -1])[] = [
  [HartOffset.budget, 4, 0],
  [HartOffset.dataTranslations, 4, 0],
  [HartOffset.fetchTranslations, 4, 0],
  [HartOffset.codeVariant, 4, 0],
  [HartOffset.openControls, 4, 0],
  [HartOffset.statusGuard, 4, 0],
  [HartOffset.flippedTranslations, 4, 0],
  [HartOffset.attention, 4, 1],
  [HartOffset.trapCause, 4, -1],
  [HartOffset.trapValue, 8, 0],
  [HartOffset.scratch, 8, 0],
];
