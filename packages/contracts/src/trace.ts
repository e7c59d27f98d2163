/** Who can hold control, in the words that traces and tables print. */
export const Actor = {
  program: 'program',
  guestKernel: 'guest kernel',
  vmm: 'VMM',
  hypervisor: 'hypervisor',
  host: 'host OS',
  firmware: 'firmware',
  hardware: 'hardware',
} as const;
export type Actor = (typeof Actor)[keyof typeof Actor];

/** One hop: control passes from one actor to another. */
export interface TraceEvent {
  /** Instructions retired on the machine when it happened. */
  readonly time: number;
  /** Name of the world it belongs to. */
  readonly world: string;
  readonly from: Actor;
  readonly to: Actor;
  /** Why: a trap cause name (`ecall-from-u`), an instruction (`sret`), an operation (`inject ecall-from-u`), a hypercall. */
  readonly cause: string;
  /** Who handled it. Usually `to`. */
  readonly handledBy: Actor;
  /** Virtual address of the instruction at which it happened, in [0, 2^64), where there is one. */
  readonly pc?: bigint;
  /** Faulting address, instruction bits, or another number that says more, where there is one. */
  readonly value?: bigint;
  /** Words for a reader: the decoded instruction, the system call's name. */
  readonly detail?: string;
}

/** Receives events in order. Components hold it as optional and do nothing for tracing when it is absent. */
export interface TraceSink {
  emit(event: TraceEvent): void;
}
