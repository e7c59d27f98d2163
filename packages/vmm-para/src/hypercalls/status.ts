/** Results of hypercalls: 0 or a count, or one of these. Numbers are those of Linux (include/uapi/asm-generic/errno-base.h). */
export const Status = {
  ok: 0,
  /** The frame is not the domain's. */
  notPermitted: -1,
  tooBig: -7,
  /** No more address-space identifiers or ports. */
  noMemory: -12,
  /** A pointer that the domain's kernel root does not map with the rights needed. */
  badAddress: -14,
  /** The frame is in use as something else: a page table that would become writable, or the reverse. */
  busy: -16,
  invalid: -22,
  /** Not built. */
  notImplemented: -38,
} as const;
export type Status = (typeof Status)[keyof typeof Status];
