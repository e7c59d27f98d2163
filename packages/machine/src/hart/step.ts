import type { TranslationMode } from '@worldswitch/contracts';
import type { PrivilegeLevel } from '@worldswitch/isa';
import { AccessKind, createTranslationContext, createWalkResult, TranslationFault, walk } from '@worldswitch/mmu-tlb';
import type { HostedVcpu } from '../hosted/vcpu.ts';
import { peekGuestFrame } from '../hypervisor/guest-translation.ts';
import type { Hart } from './hart.ts';
import { CsrSlot, type HartContext } from './hart-context.ts';
import type { HartObserver } from './hart-observer.ts';

/** What one step of a hart did. */
export type StepResult =
  /** An instruction retired. `bits` are its 16 or 32 bits, where they can be read after it. */
  | { readonly kind: 'retired'; readonly pc: bigint; readonly bits: number | undefined }
  /** A trap or interrupt was taken, into a handler in the machine; or it ended the step (`to` is undefined) at the owner's. */
  | {
      readonly kind: 'trap' | 'interrupt';
      readonly pc: bigint;
      readonly cause: number;
      readonly value: bigint;
      readonly from: PrivilegeLevel;
      readonly to: PrivilegeLevel | undefined;
    }
  /** The hart waits for an interrupt: the WFI at pc has retired. */
  | { readonly kind: 'wait'; readonly pc: bigint }
  /** A device or the owner stopped the machine before anything was done. */
  | { readonly kind: 'stop'; readonly pc: bigint };

/** Carries out one instruction of a context, or takes one trap; an interrupt that is due comes first and is a step of its own. */
export function stepHart(hart: Hart, vcpu: HostedVcpu): StepResult {
  const { context } = vcpu;
  const { pc, privilege, instret } = context;
  const outer = hart.observer;
  let taken: StepResult | undefined;
  const recorder: HartObserver = {
    trap(which, cause, isInterrupt, value, from, to) {
      outer?.trap?.(which, cause, isInterrupt, value, from, to);
      taken = { kind: isInterrupt ? 'interrupt' : 'trap', pc: context.pc, cause, value, from, to };
      hart.leaveWith('stop', 0, 0, 0);
    },
    trapReturn: (...event) => outer?.trapReturn?.(...event),
    ...(outer?.deviceAccess && { deviceAccess: (...event) => outer.deviceAccess?.(...event) }),
    ...(outer?.csrAccess && { csrAccess: (...event) => outer.csrAccess?.(...event) }),
    ...(outer?.tlbFill && { tlbFill: (...event) => outer.tlbFill?.(...event) }),
    ...(outer?.tlbFlush && { tlbFlush: (...event) => outer.tlbFlush?.(...event) }),
  };
  hart.observer = recorder;
  let end: ReturnType<Hart['runSlice']>;
  try {
    end = hart.runSlice(context, 1);
  } finally {
    // An observer that replaced itself meanwhile (see world-bare.ts) stays replaced.
    if (hart.observer === recorder) hart.observer = outer;
  }
  if (taken) return taken;
  switch (end) {
    case 'trap':
    case 'interrupt':
      return { kind: end, pc, cause: hart.exitCause, value: hart.exitValue, from: privilege, to: undefined };
    case 'wait':
      return { kind: 'wait', pc };
    case 'stop':
      return context.instret === instret ? { kind: 'stop', pc } : retired(hart, context, pc);
    case 'budget':
      return retired(hart, context, pc);
    default:
      return end satisfies never;
  }
}

function retired(hart: Hart, context: HartContext, pc: bigint): StepResult {
  return { kind: 'retired', pc, bits: peekInstruction(hart, context, pc) };
}

/** Bits of the instruction at a virtual address as it stands in memory, without touching the TLB, or undefined. */
function peekInstruction(hart: Hart, context: HartContext, address: bigint): number | undefined {
  const low = peek16(hart, context, address);
  if (low === undefined || (low & 3) !== 3) return low;
  const high = peek16(hart, context, address + 2n);
  return high === undefined ? undefined : (low | (high << 16)) >>> 0;
}

/**
 * Two bytes at a virtual address, as supervisor or user code would see them; undefined where nothing is mapped or there is no
 * RAM. For debuggers: nothing is counted, filled or marked accessed.
 */
export function peek16(hart: Hart, context: HartContext, address: bigint): number | undefined {
  const page = Number(BigInt.asUintN(64, address) >> 12n);
  let frame = page;
  if (context.isVirtual) {
    const guest = peekGuestFrame(hart, context, page);
    if (guest === undefined) return undefined;
    frame = guest;
  }
  const high = context.isVirtual ? 0 : context.csrHigh(CsrSlot.satp);
  const mode = (high >>> 28) as TranslationMode;
  if (context.privilege !== 3 && mode !== 0) {
    const result = createWalkResult();
    const rootFrame = (high & 0xfff) * 2 ** 32 + (context.csrLow(CsrSlot.satp) >>> 0);
    const settings = createTranslationContext({ mode, rootFrame, privilege: context.privilege });
    if (walk(result, hart.pageTables, settings, page, AccessKind.fetch) !== TranslationFault.none) return undefined;
    frame = result.frame;
  }
  const physical = frame * 4096 + Number(address & 0xffen);
  return hart.ram.contains(physical, 2) ? hart.ram.read16(physical) : undefined;
}
