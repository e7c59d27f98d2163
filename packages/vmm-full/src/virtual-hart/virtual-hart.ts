import { InterruptCause } from '@worldswitch/isa';

/** Bits of sstatus (privileged ISA, "Supervisor Status (sstatus) Register"), all in its low half. */
export const Sstatus = {
  SIE: 1 << 1,
  SPIE: 1 << 5,
  SPP: 1 << 8,
  FS: 3 << 13,
  SUM: 1 << 18,
  MXR: 1 << 19,
} as const;

/** Bits of sip and sie. */
export const SupervisorInterrupt = {
  software: 1 << InterruptCause.supervisorSoftware,
  timer: 1 << InterruptCause.supervisorTimer,
  external: 1 << InterruptCause.supervisorExternal,
} as const;

/**
 * The privileged state that the guest believes to have: its supervisor CSRs and its virtual mode. General registers and pc are
 * the vcpu's own. 64-bit CSRs that are only passed along stay bigints; those that the VMM looks at are numbers.
 */
export class VirtualHart {
  /** Virtual mode: user, or else supervisor. Virtual machine mode is the built-in SBI. */
  isUser = false;
  /** Low half of sstatus. */
  status = 0;
  sie = 0;
  /** sip.SSIP, sip.STIP and sip.SEIP. */
  isSoftwarePending = false;
  isTimerPending = false;
  isExternalPending = false;
  stvec = 0n;
  sscratch = 0n;
  sepc = 0n;
  scause = 0n;
  stval = 0n;
  satp = 0n;
  stimecmp = (1n << 64n) - 1n;
  /** As firmware leaves it, which here is the VMM: kernels rely on user mode being able to read the time. */
  scounteren = 7n;
  senvcfg = 0n;

  /** sip. */
  get pending(): number {
    return (
      (this.isSoftwarePending ? SupervisorInterrupt.software : 0) |
      (this.isTimerPending ? SupervisorInterrupt.timer : 0) |
      (this.isExternalPending ? SupervisorInterrupt.external : 0)
    );
  }

  /** Interrupts that would be taken now (privileged ISA, "Supervisor Interrupt (sip and sie) Registers"). */
  get deliverable(): number {
    if (!this.isUser && (this.status & Sstatus.SIE) === 0) return 0;
    return this.pending & this.sie;
  }
}
