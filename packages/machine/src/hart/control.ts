import { CsrAddress, type DecodedInstruction, ExceptionCause, Privilege } from '@worldswitch/isa';
import {
  CacheControl,
  cacheRefusal,
  fenceRefusal,
  reservationWaitRefusal,
  returnRefusal,
  supervisorRefusal,
  waitRefusal,
} from '../hypervisor/access-rules.ts';
import { currentVmid, fencePage, fenceSpace, hypervisorOperations, refuse } from '../hypervisor/instructions.ts';
import { atomicWasm } from '../memory/access/atomic.ts';
import { checkCacheBlock, zeroCacheBlock } from '../memory/access/cache-block.ts';
import { fence, fenceGuest } from './fence.ts';
import type { Hart } from './hart.ts';
import { CsrSlot } from './hart-context.ts';
import { HartOffset } from './hart-state.ts';
import { pendingInterrupts } from './interrupts.ts';
import { environmentCallCause, machineReturn, supervisorReturn } from './trap.ts';

/**
 * What a control instruction does to the hart. It runs with pc at the instruction and `hart.nextPc` after it, and may change
 * `hart.nextPc`. It faults by `hart.noteFault` and returns with nothing else done; where returning is awkward, `hart.raise` ends
 * it by throwing, which is slow.
 */
export type ControlOperation = (hart: Hart, decoded: DecodedInstruction) => void;

// Guest kernels that run without privileges come here for each of their privileged instructions.
const illegal = (hart: Hart, decoded: DecodedInstruction): void =>
  hart.noteFault(ExceptionCause.illegalInstruction, decoded.bits, 0);

/** What becomes of a CSR's old value and the operand; for sstatus by the low half alone. */
interface CsrChange {
  readonly whole: (old: bigint, operand: bigint) => bigint;
  readonly low: (old: number, operand: number) => number;
}

const write: CsrChange = { whole: (_old, operand) => operand, low: (_old, operand) => operand };
const set: CsrChange = { whole: (old, operand) => old | operand, low: (old, operand) => old | operand };
const clear: CsrChange = { whole: (old, operand) => old & ~operand, low: (old, operand) => old & ~operand };

/** Changes a CSR and gives its old value to rd (unprivileged ISA, Zicsr). */
function csrAccess(change: CsrChange, isImmediate: boolean): ControlOperation {
  return (hart, decoded) => {
    const { current: context, csrs, observer } = hart;
    const { csr, rd, rs1, imm } = decoded;
    const isWrite = change === write || (isImmediate ? imm : rs1) !== 0;
    const refusal = csrs.refusal(context, csr, isWrite);
    if (refusal !== 0) {
      refuse(hart, decoded, refusal);
      return;
    }
    if (csr === CsrAddress.sstatus && observer?.csrAccess === undefined) {
      const { i32 } = hart.memory;
      const { word } = context;
      const low = csrs.statusLow(context);
      const high = csrs.statusHigh(context);
      if (isWrite) csrs.writeStatus(hart, context, change.low(low, isImmediate ? imm : i32[word + rs1 * 2]!));
      if (rd === 0) return;
      i32[word + rd * 2] = low;
      i32[word + rd * 2 + 1] = high;
      return;
    }
    const old = csrs.read(hart, context, csr);
    if (isWrite) {
      const operand = isImmediate ? BigInt(imm) : hart.readX(rs1);
      csrs.write(hart, context, csr, change.whole(csrs.readForChange(hart, context, csr), operand));
    }
    observer?.csrAccess?.(hart, csr, old, isWrite);
    if (rd !== 0) hart.writeX(rd, old);
  };
}

/** Halves of the address in rs1. */
function addressOf(hart: Hart, { rs1 }: DecodedInstruction): [low: number, high: number] {
  const { i32 } = hart.memory;
  const word = hart.current.word + rs1 * 2;
  return [i32[word]!, i32[word + 1]!];
}

/** Memory is always coherent: there is nothing to do but to check the rights. */
function manageCacheBlock(hart: Hart, decoded: DecodedInstruction): void {
  const refusal = cacheRefusal(hart.current, CacheControl.CBCFE);
  if (refusal !== 0) refuse(hart, decoded, refusal);
  else checkCacheBlock(hart, ...addressOf(hart, decoded));
}

/** amocas.q: register 0 stands for a pair of zeros, and takes no result. */
function compareAndSwapQuad(hart: Hart, decoded: DecodedInstruction): void {
  const { rd, rs2 } = decoded;
  const [addressLow, addressHigh] = addressOf(hart, decoded);
  const at = atomicWasm(hart, addressLow, addressHigh, 16, false);
  if (at < 0) return;
  const { u64 } = hart.memory;
  const [low, high] = [u64[at / 8]!, u64[at / 8 + 1]!];
  const pair = (register: number): [bigint, bigint] =>
    register === 0 ? [0n, 0n] : [hart.readX(register), hart.readX(register + 1)];
  const [expectedLow, expectedHigh] = pair(rd);
  if (low === expectedLow && high === expectedHigh) [u64[at / 8], u64[at / 8 + 1]] = pair(rs2);
  if (rd === 0) return;
  hart.writeX(rd, low);
  hart.writeX(rd + 1, high);
}

/** The operations of the base architecture by the name in the instruction tables. Extensions bring theirs along. */
export const controlOperations: Readonly<Record<string, ControlOperation>> = {
  ecall: (hart) => hart.noteFault(environmentCallCause(hart.current), 0, 0),
  ebreak: (hart) => hart.noteFault(ExceptionCause.breakpoint, hart.current.pcLow, hart.current.pcHigh),
  sret(hart, decoded) {
    const refusal = returnRefusal(hart.current);
    if (refusal !== 0) {
      refuse(hart, decoded, refusal);
      return;
    }
    supervisorReturn(hart);
  },
  mret(hart, decoded) {
    if (hart.current.privilege !== Privilege.machine) {
      illegal(hart, decoded);
      return;
    }
    machineReturn(hart);
  },
  wfi(hart, decoded) {
    const context = hart.current;
    const refusal = waitRefusal(context);
    if (refusal !== 0) {
      refuse(hart, decoded, refusal);
      return;
    }
    // Interrupts enabled in mie wake it whatever the global enables say (privileged ISA, "Wait for Interrupt").
    if ((pendingInterrupts(hart, context) & context.csrLow(CsrSlot.mie)) === 0) hart.leaveWith('wait', 0, 0, 0);
  },
  /** Waits at most until the reservation is gone; where it would wait, it ends at once or, under TW, traps. */
  'wrs.nto'(hart, decoded) {
    const context = hart.current;
    const isReserved = context.memory.i64[context.quad + HartOffset.reservation / 8] !== -1n;
    const isWoken = (pendingInterrupts(hart, context) & context.csrLow(CsrSlot.mie)) !== 0;
    const refusal = isReserved && !isWoken ? reservationWaitRefusal(context) : 0;
    if (refusal !== 0) refuse(hart, decoded, refusal);
  },
  'cbo.inval'(hart, decoded) {
    const refusal = cacheRefusal(hart.current, CacheControl.CBIE);
    if (refusal !== 0) refuse(hart, decoded, refusal);
    else checkCacheBlock(hart, ...addressOf(hart, decoded));
  },
  'cbo.clean': manageCacheBlock,
  'cbo.flush': manageCacheBlock,
  'cbo.zero'(hart, decoded) {
    const refusal = cacheRefusal(hart.current, CacheControl.CBZE);
    if (refusal !== 0) refuse(hart, decoded, refusal);
    else zeroCacheBlock(hart, ...addressOf(hart, decoded));
  },
  'amocas.q': compareAndSwapQuad,
  hint() {},
  fence() {},
  // Stores into decoded code invalidate it at once (see CodeFrames), so there is nothing left to do.
  'fence.i'() {},
  'sfence.vma'(hart, decoded) {
    const { current } = hart;
    const refusal = fenceRefusal(current);
    if (refusal !== 0) refuse(hart, decoded, refusal);
    else if (current.isVirtual)
      fenceGuest(hart, currentVmid(hart), fenceSpace(hart, decoded), fencePage(hart, decoded));
    else fence(hart, fenceSpace(hart, decoded), fencePage(hart, decoded));
  },
  /** sfence.w.inval and sfence.inval.ir: invalidations happen at once, so there is nothing to order. */
  'sfence.inval'(hart, decoded) {
    const refusal = supervisorRefusal(hart.current, 0, 0);
    if (refusal !== 0) refuse(hart, decoded, refusal);
  },
  csrrw: csrAccess(write, false),
  csrrs: csrAccess(set, false),
  csrrc: csrAccess(clear, false),
  csrrwi: csrAccess(write, true),
  csrrsi: csrAccess(set, true),
  csrrci: csrAccess(clear, true),
  ...hypervisorOperations,
};
