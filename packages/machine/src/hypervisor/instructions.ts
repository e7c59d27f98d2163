import { type DecodedInstruction, Privilege } from '@worldswitch/isa';
import type { ControlOperation } from '../hart/control.ts';
import { fenceGuest } from '../hart/fence.ts';
import type { Hart } from '../hart/hart.ts';
import { CsrSlot, Hstatus, Mstatus } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import type { Width } from '../memory/access/access-result.ts';
import { loadSlow } from '../memory/access/load.ts';
import { storeSlow } from '../memory/access/store.ts';
import { guestAccessRefusal, hypervisorFenceRefusal, type Refusal } from './access-rules.ts';

const SCRATCH = HartOffset.scratch / 4;

/** Notes the exception of an instruction that is not allowed. */
export function refuse(hart: Hart, decoded: DecodedInstruction, refusal: Refusal): void {
  hart.noteFault(refusal, decoded.bits, 0);
}

/** Runs a load or store as the guest's, with the privilege that hstatus.SPVP says. False: the fault is noted. */
function asGuest(hart: Hart, access: () => number): boolean {
  const context = hart.current;
  const isSupervisor = (context.csrLow(CsrSlot.hstatus) & Hstatus.SPVP) !== 0;
  context.guestAccess = isSupervisor ? Privilege.supervisor : Privilege.user;
  const result = access();
  context.guestAccess = -1;
  context.isExecuteRead = false;
  if (result !== 1) return true;
  context.isGuestAddress = true;
  return false;
}

function guestLoad(width: Width, isSigned: boolean, isExecuteRead = false): ControlOperation {
  return (hart, decoded) => {
    const context = hart.current;
    const refusal = guestAccessRefusal(context);
    if (refusal !== 0) {
      refuse(hart, decoded, refusal);
      return;
    }
    const { i32 } = hart.memory;
    const address = context.word + decoded.rs1 * 2;
    context.isExecuteRead = isExecuteRead;
    if (!asGuest(hart, () => loadSlow(hart, i32[address]!, i32[address + 1]!, width)) || decoded.rd === 0) return;
    const scratch = context.word + SCRATCH;
    const target = context.word + decoded.rd * 2;
    const shift = width < 4 ? 32 - 8 * width : 0;
    const low = i32[scratch]!;
    i32[target] = isSigned ? (low << shift) >> shift : low;
    i32[target + 1] = width === 8 ? i32[scratch + 1]! : isSigned ? (low << shift) >> 31 : 0;
  };
}

function guestStore(width: Width): ControlOperation {
  return (hart, decoded) => {
    const context = hart.current;
    const refusal = guestAccessRefusal(context);
    if (refusal !== 0) {
      refuse(hart, decoded, refusal);
      return;
    }
    const { i32 } = hart.memory;
    const scratch = context.word + SCRATCH;
    const value = context.word + decoded.rs2 * 2;
    const address = context.word + decoded.rs1 * 2;
    i32[scratch] = i32[value]!;
    i32[scratch + 1] = i32[value + 1]!;
    asGuest(hart, () => storeSlow(hart, i32[address]!, i32[address + 1]!, width));
  };
}

/** Address space and page that a fence names; x0 names all. */
export const fenceSpace = (hart: Hart, { rs2 }: DecodedInstruction): number | undefined =>
  rs2 === 0 ? undefined : hart.memory.i32[hart.current.word + rs2 * 2]! & 0xffff;
export const fencePage = (hart: Hart, { rs1 }: DecodedInstruction): number | undefined =>
  rs1 === 0 ? undefined : pageOf(hart.memory.i32, hart.current.word + rs1 * 2);
const pageOf = (i32: Int32Array, word: number): number => (i32[word + 1]! >>> 0) * 2 ** 20 + (i32[word]! >>> 12);

/** VMID of hgatp. */
export const currentVmid = (hart: Hart): number => (hart.current.csrHigh(CsrSlot.hgatp) >>> 12) & 0x3fff;

/** What the rows of the hypervisor extension do (privileged ISA, "Hypervisor Instructions"). */
export const hypervisorOperations: Readonly<Record<string, ControlOperation>> = {
  'hlv.b': guestLoad(1, true),
  'hlv.bu': guestLoad(1, false),
  'hlv.h': guestLoad(2, true),
  'hlv.hu': guestLoad(2, false),
  'hlvx.hu': guestLoad(2, false, true),
  'hlv.w': guestLoad(4, true),
  'hlv.wu': guestLoad(4, false),
  'hlvx.wu': guestLoad(4, false, true),
  'hlv.d': guestLoad(8, true),
  'hsv.b': guestStore(1),
  'hsv.h': guestStore(2),
  'hsv.w': guestStore(4),
  'hsv.d': guestStore(8),
  'hfence.vvma'(hart, decoded) {
    const refusal = hypervisorFenceRefusal(hart.current, 0);
    if (refusal !== 0) refuse(hart, decoded, refusal);
    else fenceGuest(hart, currentVmid(hart), fenceSpace(hart, decoded), fencePage(hart, decoded));
  },
  // Entries are not tagged with guest physical addresses: one named address stands for all of them.
  'hfence.gvma'(hart, decoded) {
    const refusal = hypervisorFenceRefusal(hart.current, Mstatus.TVM);
    if (refusal !== 0) refuse(hart, decoded, refusal);
    else fenceGuest(hart, decoded.rs2 === 0 ? undefined : Number(hart.readX(decoded.rs2) & 0x3fffn));
  },
};
