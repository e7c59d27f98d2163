/** Error codes (RISC-V SBI Specification v2.0, table 1). */
export const SbiError = {
  success: 0,
  failed: -1,
  notSupported: -2,
  invalidParameter: -3,
  denied: -4,
  invalidAddress: -5,
  alreadyAvailable: -6,
  alreadyStarted: -7,
  alreadyStopped: -8,
} as const;
export type SbiError = (typeof SbiError)[keyof typeof SbiError];

/** What a call returns: a0 and a1. Legacy calls return `value` in a0 alone. */
export interface SbiResult {
  readonly error: SbiError;
  readonly value: bigint;
}

export const success = (value = 0n): SbiResult => ({ error: SbiError.success, value });
/** The call does not return: the registers are already those with which the hart goes on. */
export const RESUMED = { error: SbiError.success, value: 0n } as SbiResult;
export const failure = (error: SbiError): SbiResult => ({ error, value: 0n });

/** State of a hart as hart state management has it. */
export type SbiHartState = 'started' | 'stopped' | 'suspended';

/** Where a hart goes on in supervisor mode: physical address, and what it finds in a1. */
export interface SbiResume {
  readonly address: bigint;
  readonly opaque: bigint;
}

/** What the firmware needs of the machine: its harts, their timers, a console. Harts are named by number, 0 to `harts` - 1. */
export interface SbiPlatform {
  readonly harts: number;
  /** The hart that calls. */
  readonly hartId: number;
  /** Starts the caller's supervisor timer: an interrupt at `deadline` (ticks, Infinity for never); clears one that is pending. */
  setTimer(deadline: number): void;
  raiseSoftwareInterrupt(hart: number): void;
  /** The caller's own. */
  clearSoftwareInterrupt(): void;
  /** sfence.vma of a whole hart; page is a virtual page number. */
  fence(hart: number, asid: number | undefined, page: number | undefined): void;
  /** VMID in the caller's hgatp. */
  readonly vmid: number;
  /** hfence.vvma of a virtual machine on a whole hart, or, with `vmid` alone or without, hfence.gvma. */
  fenceGuest(hart: number, vmid: number | undefined, asid?: number, page?: number): void;
  hartState(hart: number): SbiHartState;
  /** Starts a stopped hart in supervisor mode, untranslated and with interrupts off. */
  startHart(hart: number, resume: SbiResume): void;
  /** Stops the caller. */
  stopHart(): void;
  /** The caller waits for an interrupt, and goes on after its call or, where it is given, as a started hart does. */
  suspendHart(resume: SbiResume | undefined): void;
  powerOff(exitCode: number): void;
  reboot(): void;
  writeConsole(bytes: Uint8Array): void;
  /** A byte typed, or undefined. */
  readConsole(): number | undefined;
  /** RAM, or undefined when any of it is not RAM. */
  view(address: bigint, length: number): Uint8Array | undefined;
  noteWrite(address: bigint, length: number): void;
}

/** One function of an extension. `args` are a0 to a5. */
export interface SbiFunction {
  readonly name: string;
  call(platform: SbiPlatform, args: readonly bigint[]): SbiResult;
}

/** One extension: its number in a7, and its functions by their number in a6. */
export interface SbiExtension {
  readonly name: string;
  readonly id: number;
  /** Legacy extensions have one function, ignore a6 and return a0 alone. */
  readonly isLegacy?: boolean;
  readonly functions: readonly SbiFunction[];
}

/** The harts that a mask selects (same, section 3.1 "Hart list parameter"); undefined when one of them does not exist. */
export function selectHarts(platform: SbiPlatform, mask: bigint, base: bigint): readonly number[] | undefined {
  const all = Array.from({ length: platform.harts }, (_, hart) => hart);
  if (base === (1n << 64n) - 1n) return all;
  const harts: number[] = [];
  for (let bit = 0n; bit < 64n; bit++) {
    if (((mask >> bit) & 1n) === 0n) continue;
    if (base + bit >= BigInt(platform.harts)) return undefined;
    harts.push(Number(base + bit));
  }
  return harts;
}
