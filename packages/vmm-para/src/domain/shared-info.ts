import type { PhysicalMemory } from '@worldswitch/contracts';

/**
 * Where the shared-info page has what: byte offsets from its start. It is mapped as the last page of the kernel's address
 * space, so its upper half lies within the reach of a 12-bit offset from `x0`: a trap entry needs no scratch register to
 * use it.
 */
export const SharedInfoOffset = {
  /** u64: ticks of the `time` CSR when the domain started. */
  timeBase: 0x000,
  /** u64: ticks a second. */
  timeFrequency: 0x008,
  /** u32: nonzero keeps events from interrupting the kernel. User mode is always interruptible. */
  upcallMask: 0x800,
  /** u32: nonzero when an event is pending that is not masked. The guest clears it. */
  upcallPending: 0x804,
  /** u64: one bit a port. */
  eventPending: 0x808,
  /** u64: one bit a port; set: does not make `upcallPending`. */
  eventMask: 0x810,
  /** The trap frame area: written on a trap, read by `iret`. u64: address of the instruction to go on at. */
  trapPc: 0x818,
  /** u64: TrapFlag bits. */
  trapFlags: 0x820,
  /** u64: as scause would say; 2^63 + 9 for the event upcall. */
  trapCause: 0x828,
  /** u64: as stval would say. */
  trapValue: 0x830,
  /** u64: `iret` loads it to a7, which held the hypercall's number. */
  iretA7: 0x838,
  /** 8 u64 that the hypervisor never touches. */
  scratch: 0x840,
} as const;

/** Virtual address of the shared-info page in the initial kernel root. */
export const SHARED_INFO_ADDRESS = 0xffff_ffff_ffff_f000n;

export const TrapFlag = {
  /** The trap came from, and iret goes to, a program. */
  user: 1,
  /** The upcall mask before the trap, and after iret to the kernel. */
  masked: 2,
} as const;

/** `trapCause` of an event upcall: what a supervisor external interrupt has in scause. */
export const EVENT_UPCALL_CAUSE = 9;

/** The hypervisor's side of the page. Its frame is never a page table, so these writes can only change data. */
export class SharedInfo {
  readonly #memory: PhysicalMemory;
  readonly #base: number;

  constructor(memory: PhysicalMemory, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  get isMasked(): boolean {
    return this.#memory.read32(this.#base + SharedInfoOffset.upcallMask) !== 0;
  }
  set isMasked(value: boolean) {
    this.#memory.write32(this.#base + SharedInfoOffset.upcallMask, value ? 1 : 0);
  }

  get isUpcallPending(): boolean {
    return this.#memory.read32(this.#base + SharedInfoOffset.upcallPending) !== 0;
  }

  setTime(base: number, frequency: number): void {
    this.#memory.write64(this.#base + SharedInfoOffset.timeBase, BigInt(base));
    this.#memory.write64(this.#base + SharedInfoOffset.timeFrequency, BigInt(frequency));
  }

  /** Marks a port (0 to 31) pending; the upcall too unless the guest has masked the port. */
  setPending(port: number): void {
    const pending = this.#base + SharedInfoOffset.eventPending;
    this.#memory.write32(pending, (this.#memory.read32(pending) | (1 << port)) >>> 0);
    if ((this.#memory.read32(this.#base + SharedInfoOffset.eventMask) & (1 << port)) === 0) {
      this.#memory.write32(this.#base + SharedInfoOffset.upcallPending, 1);
    }
  }

  /** Clears a port's mask bit, and makes the upcall pending when the port is. */
  unmask(port: number): void {
    const mask = this.#base + SharedInfoOffset.eventMask;
    this.#memory.write32(mask, (this.#memory.read32(mask) & ~(1 << port)) >>> 0);
    if (this.isPending(port)) this.#memory.write32(this.#base + SharedInfoOffset.upcallPending, 1);
  }

  isPending(port: number): boolean {
    return (this.#memory.read32(this.#base + SharedInfoOffset.eventPending) & (1 << port)) !== 0;
  }

  isPortMasked(port: number): boolean {
    return (this.#memory.read32(this.#base + SharedInfoOffset.eventMask) & (1 << port)) !== 0;
  }

  writeTrap(pc: bigint, flags: number, cause: number, isInterrupt: boolean, value: bigint): void {
    const memory = this.#memory;
    const base = this.#base;
    memory.write64(base + SharedInfoOffset.trapPc, pc);
    memory.write32(base + SharedInfoOffset.trapFlags, flags);
    memory.write32(base + SharedInfoOffset.trapCause, cause);
    memory.write32(base + SharedInfoOffset.trapCause + 4, isInterrupt ? 0x8000_0000 : 0);
    memory.write64(base + SharedInfoOffset.trapValue, value);
  }

  get trapPc(): bigint {
    return this.#memory.read64(this.#base + SharedInfoOffset.trapPc);
  }
  get trapFlags(): number {
    return this.#memory.read32(this.#base + SharedInfoOffset.trapFlags);
  }
  get iretA7(): bigint {
    return this.#memory.read64(this.#base + SharedInfoOffset.iretA7);
  }
}
