/** a0 to a5 of a hypercall, unsigned. Filled anew for each; as many as the row names are valid. */
export type HypercallArguments = BigUint64Array;

/** Commands of mmuext_op, by their names in the C header. */
export const MmuCommand = {
  PIN_L1_TABLE: 0,
  PIN_L2_TABLE: 1,
  PIN_L3_TABLE: 2,
  UNPIN_TABLE: 4,
  NEW_BASEPTR: 5,
  TLB_FLUSH: 6,
  INVLPG: 7,
  NEW_USER_BASEPTR: 15,
} as const;
export const SchedCommand = { YIELD: 0, BLOCK: 1, SHUTDOWN: 2 } as const;
export const EventCommand = {
  BIND_INTERDOMAIN: 0,
  BIND_VIRQ: 1,
  CLOSE: 3,
  SEND: 4,
  STATUS: 5,
  ALLOC_UNBOUND: 6,
  UNMASK: 9,
} as const;
export const ConsoleCommand = { WRITE: 0, READ: 1 } as const;
