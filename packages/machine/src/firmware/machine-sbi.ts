import { CsrAddress, Privilege } from '@worldswitch/isa';
import type { Board } from '../board/board.ts';
import { fence, fenceGuest } from '../hart/fence.ts';
import { CsrSlot, Mstatus } from '../hart/hart-context.ts';
import { currentVmid } from '../hypervisor/instructions.ts';
import type { HartSchedule } from '../schedule/hart-schedule.ts';
import type { SbiPlatform, SbiResume } from './sbi-call.ts';

const SUPERVISOR_SOFTWARE = 1 << 1;
const A0 = 10;
const A1 = 11;

export interface MachineSbiOptions {
  readonly board: Board;
  readonly schedule: HartSchedule;
  powerOff(exitCode: number): void;
  reboot(): void;
  writeConsole(byte: number): void;
  /** A byte typed, or undefined. */
  readConsole(): number | undefined;
}

/** What the built-in firmware needs, for a call of one hart. */
export function createMachineSbi(options: MachineSbiOptions, hartId: number): SbiPlatform {
  const { board, schedule } = options;
  const { ram, vcpus } = board;
  const { hart: caller, context } = vcpus[hartId]!;
  const contains = (address: bigint, length: number) => address < 2n ** 53n && ram.contains(Number(address), length);

  const setSoftwareInterrupt = (hart: number, isHigh: boolean) => {
    const target = vcpus[hart]!;
    const bits = target.context.csrLow(CsrSlot.mip);
    const { mip } = CsrSlot;
    target.context.setCsrLow(mip, isHigh ? bits | SUPERVISOR_SOFTWARE : bits & ~SUPERVISOR_SOFTWARE);
    target.hart.controlChanged(target.context);
    // The caller is likely to wait for the others: they have their turn at once.
    if (isHigh && hart !== hartId) caller.requestYield();
  };
  /** State of a hart that goes on in supervisor mode (RISC-V SBI Specification v2.0, table 5). */
  const enter = (hart: number, { address, opaque }: SbiResume) => {
    const vcpu = vcpus[hart]!;
    vcpu.writeCsr(CsrAddress.satp, 0n);
    vcpu.context.setCsrLow(CsrSlot.mstatus, vcpu.context.mstatus & ~Mstatus.SIE);
    vcpu.writeX(A0, BigInt(hart));
    vcpu.writeX(A1, opaque);
    vcpu.pc = address;
    vcpu.privilege = Privilege.supervisor;
  };

  return {
    harts: vcpus.length,
    hartId,
    setTimer(deadline) {
      context.supervisorDeadline = deadline;
      caller.controlChanged(context);
    },
    raiseSoftwareInterrupt: (hart) => setSoftwareInterrupt(hart, true),
    clearSoftwareInterrupt: () => setSoftwareInterrupt(hartId, false),
    fence: (hart, asid, page) => fence(vcpus[hart]!.hart, asid, page),
    get vmid() {
      return currentVmid(caller);
    },
    fenceGuest: (hart, vmid, asid, page) => fenceGuest(vcpus[hart]!.hart, vmid, asid, page),
    hartState: (hart) => schedule.harts[hart]!.state,
    startHart(hart, resume) {
      // What was pending for the kernel that stopped it is not the new one's.
      setSoftwareInterrupt(hart, false);
      vcpus[hart]!.context.supervisorDeadline = Number.POSITIVE_INFINITY;
      enter(hart, resume);
      schedule.start(hart);
      caller.requestYield();
    },
    stopHart: () => schedule.stop(hartId),
    suspendHart(resume) {
      if (resume) enter(hartId, resume);
      schedule.suspend(hartId);
    },
    powerOff: options.powerOff,
    reboot: options.reboot,
    writeConsole: (bytes) => bytes.forEach(options.writeConsole),
    readConsole: options.readConsole,
    view: (address, length) => (contains(address, length) ? ram.slice(Number(address), length) : undefined),
    noteWrite: (address, length) => {
      if (contains(address, length)) ram.noteWrite(Number(address), length);
    },
  };
}
