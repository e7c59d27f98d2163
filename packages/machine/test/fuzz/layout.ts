/** Where everything of a fuzzing image stands in RAM: physical addresses. */
export const RAM_BASE = 0x8000_0000;
/** QEMU puts its device tree at the end, so the upper half is left alone. */
export const RAM_BYTES = 32 << 20;
export const IMAGE_BYTES = 16 << 20;
/** Sequences in one image at most. */
export const BATCH = 2000;
/** What of the harness does not change: one sequence after the other uses it. */
export const area = {
  harness: 0x8000_0000,
  /** Saved registers and the state of the harness. */
  save: 0x8001_0000,
  rootTable: 0x8001_1000,
  middleTable: 0x8001_2000,
  leafTable: 0x8001_3000,
  /** 1 KiB a sequence: what it begins with. */
  descriptors: 0x8010_0000,
  /** 1 KiB a sequence: what it ended with. */
  records: 0x8030_0000,
  code: 0x8050_0000,
  codeEnd: 0x8080_0000,
  /** A page a sequence: what it loads from and stores to. */
  data: 0x8080_0000,
} as const;
export const SLOT = 1024;

/** Eight virtual pages that show the data page, or nothing, with rights of their own. */
export const WINDOWS = 0x4000_0000;
export const WINDOW_COUNT = 8;

/** Byte offsets in a descriptor. Registers stand at 8 times their number from `x` and `f` on. */
export const descriptor = {
  codeStart: 0,
  codeEnd: 8,
  mstatus: 16,
  satp: 24,
  medeleg: 32,
  pmpcfg: 40,
  pmpaddr: 48,
  fcsr: 56,
  /** Entries 2 of the root table: a gigapage of code and all else. */
  codePte: 64,
  counteren: 72,
  envcfg: 80,
  windows: 96,
  x: 256,
  f: 512,
} as const;

/** Byte offsets in a record. */
export const record = {
  /** Bytes of the trap log that are used. */
  logged: 0,
  /** x1 to x31 stand at 8 times their number. */
  x: 0,
  f: 256,
  csrs: 512,
  windows: 576,
  /** Cause, pc and value of each trap. */
  log: 640,
} as const;
/** CSRs that a record holds, in order. */
export const recordedCsrs = ['fcsr', 'mstatus', 'sepc', 'scause', 'stval', 'sscratch', 'satp', 'mepc'] as const;
export const LOG_ENTRIES = 16;
