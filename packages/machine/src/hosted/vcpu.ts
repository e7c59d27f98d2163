import type { Exit, TranslationMode, Vcpu, VcpuCounters } from '@worldswitch/contracts';
import { CsrAddress, ExceptionCause, Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import { fence } from '../hart/fence.ts';
import type { Hart } from '../hart/hart.ts';
import type { HartContext } from '../hart/hart-context.ts';
import { CsrSlot, GuestFaultKind } from '../hart/hart-context.ts';
import { joinHalves } from '../hart/trap.ts';
import { trapInstruction } from '../hypervisor/trap-instruction.ts';
import { switchWorld } from '../hypervisor/world-switch.ts';

/** mstatus.FS: on, in its initial state. */
const FS_INITIAL = 1 << 13;

/** The one Exit of a vcpu. Most owners never ask for the trap value, so it is put together for those who do. */
class HostedExit implements Exit {
  kind: Exit['kind'] = 'budget';
  cause = 0;
  privilege: PrivilegeLevel = Privilege.user;
  /** Halves of the trap value. */
  low = 0;
  high = 0;

  get trapValue(): bigint {
    return joinHalves(this.low, this.high);
  }
}

/**
 * A register context in hosted mode: the code that calls `run` is its machine mode. A context whose delegated traps come to
 * nothing (a handler that traps at its first instruction, for ever) ends with `trap` and cause 16, a double trap.
 */
export class HostedVcpu implements Vcpu {
  readonly hart: Hart;
  readonly context: HartContext;
  readonly exit: Exit;
  readonly #exit = new HostedExit();

  constructor(hart: Hart) {
    this.hart = hart;
    this.context = hart.createContext();
    // The floating-point unit, where there is one, is on and clean; its owner may switch it off.
    this.writeCsr(CsrAddress.mstatus, BigInt(FS_INITIAL));
    this.exit = this.#exit;
  }

  readX(index: number): bigint {
    return this.context.memory.u64[this.context.quad + (index & 31)]!;
  }
  writeX(index: number, value: bigint): void {
    if ((index & 31) !== 0) this.context.memory.u64[this.context.quad + (index & 31)] = value;
  }
  readXLow(index: number): number {
    return this.context.memory.i32[this.context.word + (index & 31) * 2]!;
  }
  writeXLow(index: number, value: number): void {
    if ((index & 31) === 0) return;
    const word = this.context.word + (index & 31) * 2;
    this.context.memory.i32[word] = value;
    this.context.memory.i32[word + 1] = value >> 31;
  }
  readF(index: number): bigint {
    return this.context.memory.u64[this.context.quad + 32 + (index & 31)]!;
  }
  writeF(index: number, value: bigint): void {
    this.context.memory.u64[this.context.quad + 32 + (index & 31)] = value;
  }

  get pc(): bigint {
    return this.context.pc;
  }
  set pc(value: bigint) {
    this.context.pc = value;
  }

  get privilege(): PrivilegeLevel {
    return this.context.privilege;
  }
  set privilege(privilege: PrivilegeLevel) {
    this.context.setPrivilege(privilege);
    this.hart.controlChanged(this.context);
  }

  /** The context is in a guest: V of the hypervisor extension. */
  get isVirtual(): boolean {
    return this.context.isVirtual;
  }
  set isVirtual(value: boolean) {
    switchWorld(this.context, value);
    this.hart.controlChanged(this.context);
  }

  /** Guest physical address of the last guest-page fault (exit causes 20, 21 and 23), without its two lowest bits. */
  get guestFaultAddress(): bigint {
    return joinHalves(this.context.guestFaultLow, this.context.guestFaultHigh) << 2n;
  }
  /** What htinst would say of it: the transformed instruction, a pseudo-instruction for an implicit access, or 0. */
  get guestFaultInstruction(): number {
    const { context, hart } = this;
    if (
      hart.exitCause === ExceptionCause.instructionGuestPageFault &&
      context.guestFaultKind === GuestFaultKind.explicit
    ) {
      return 0;
    }
    return trapInstruction(hart, context, hart.exitLow);
  }

  readCsr(address: number): bigint {
    return this.hart.csrs.read(this.hart, this.context, address);
  }
  writeCsr(address: number, value: bigint): void {
    // Counters count from what is written here: no instruction is about to retire (see csr-file.ts).
    const isCounter = address === CsrAddress.mcycle || address === CsrAddress.minstret;
    this.hart.csrs.write(this.hart, this.context, address, isCounter ? value + 1n : value);
  }

  setAddressSpace(mode: TranslationMode, asid: number, rootFrame: number): void {
    const high = (mode << 28) | ((asid & 0xffff) << 12) | Math.floor(rootFrame / 2 ** 32);
    this.context.setCsrHalves(CsrSlot.satp, rootFrame, high);
  }

  fence(asid?: number, page?: number): void {
    fence(this.hart, asid, page);
  }

  run(maxInstructions: number): Exit {
    const { hart } = this;
    const end = hart.runSlice(this.context, maxInstructions);
    const exit = this.#exit;
    exit.kind = end === 'stop' ? 'budget' : end;
    exit.cause = hart.exitCause;
    exit.low = hart.exitLow;
    exit.high = hart.exitHigh;
    exit.privilege = this.context.privilege;
    return exit;
  }

  get counters(): VcpuCounters {
    return { instructions: this.context.instret, tlb: this.context.tlbCounters() };
  }

  dispose(): void {
    this.hart.group.releaseContext(this.context);
  }
}
