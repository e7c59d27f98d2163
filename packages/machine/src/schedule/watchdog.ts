import { trapCauseName } from '@worldswitch/isa';
import type { Board } from '../board/board.ts';
import { CsrSlot, type HartContext, Mstatus } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { CONTEXT_SIZE } from '../memory/memory-layout.ts';
import type { RunEnd } from '../run-end.ts';
import type { ScheduledHart } from './hart-schedule.ts';

/** What a watchdog looks at. */
export interface WatchdogMachine {
  readonly board: Board;
  readonly harts: readonly ScheduledHart[];
  outputBytes(): number;
  /** The next time at which a timer or a device does something by itself; Infinity for none. */
  nextDeadline(): number;
  step(): { readonly end?: RunEnd };
}

/** Instructions in which a loop must come back to where it was. */
const LONGEST_PERIOD = 5000;
/** Instructions that a look may run. */
export const WATCHDOG_RESERVE = 2 * LONGEST_PERIOD;
/** Pages that a loop may write. */
const MOST_PAGES = 64;
const EXTERNAL_INTERRUPTS = (1 << 9) | (1 << 11);

/** Fields of a context that decide on what comes next: the rest are counts and what engines keep for themselves. */
const fields: readonly (readonly [offset: number, bytes: number])[] = [
  [HartOffset.x, 256],
  [HartOffset.f, 256],
  [HartOffset.pc, 8],
  [HartOffset.privilege, 4],
  [HartOffset.reservation, 8],
  [HartOffset.fflags, 8],
  [HartOffset.isVirtual, 8],
  [HartOffset.csr, CONTEXT_SIZE - HartOffset.csr],
];

/** What would show that a machine gets somewhere. */
interface Progress {
  readonly outputBytes: number;
  readonly deviceAccesses: number;
}

/**
 * Finds machines that will repeat themselves for ever: registers and memory come back to what they were, no device was accessed,
 * and no interrupt is to come that could change that. It never takes a machine that merely computes, polls the time or waits
 * for one of those, so there are no false alarms; loops that count something are not found.
 */
export class Watchdog {
  readonly #machine: WatchdogMachine;
  #looked = 0;
  #progress: Progress | undefined;

  constructor(machine: WatchdogMachine) {
    this.#machine = machine;
  }

  /** Instructions until it looks again when it looks every so many. */
  due(every: number): number {
    return Math.max(1, this.#looked + every - this.#retired);
  }

  get #retired(): number {
    return this.#machine.board.group.clock.retired;
  }

  /** Looks when it is due; says why the machine will get nowhere, if it will not. May run a few instructions. */
  look(every: number): RunEnd | undefined {
    // A machine may have been taken back to its past.
    if (this.#retired < this.#looked) this.#looked = this.#retired;
    if (this.#retired < this.#looked + every) return undefined;
    this.#looked = this.#retired;
    const before = this.#progress;
    this.#progress = this.#measure();
    if (before?.outputBytes !== this.#progress.outputBytes) return undefined;
    if (before.deviceAccesses !== this.#progress.deviceAccesses) return undefined;
    const { harts } = this.#machine;
    const running = harts.filter(({ state, isWaiting }) => state !== 'stopped' && !isWaiting);
    const [only] = running;
    // Of several, each may be waited for by the others.
    if (!only || running.length > 1 || this.#machine.nextDeadline() < Number.POSITIVE_INFINITY) return undefined;
    if (harts.some(({ vcpu, state }) => state !== 'stopped' && canBeInterrupted(vcpu.context))) return undefined;
    return this.#repeats(only);
  }

  #measure(): Progress {
    const deviceAccesses = this.#machine.harts.reduce((sum, { hart }) => sum + hart.deviceAccesses, 0);
    return { outputBytes: this.#machine.outputBytes(), deviceAccesses };
  }

  #repeats(only: ScheduledHart): RunEnd | undefined {
    const { ram } = this.#machine.board;
    const { context } = only.vcpu;
    const cut = ram.dirty.cut();
    const first = this.#period(context);
    if (first.kind !== 'repeats') return first.end;
    const pages = ram.dirty.since(cut);
    if (pages.length > MOST_PAGES) return undefined;
    const contents = pages.map((page) => ram.bytes.slice(page * 4096, (page + 1) * 4096));
    const traps = context.traps.slice();
    const again = ram.dirty.cut();
    const second = this.#period(context);
    if (second.kind !== 'repeats') return second.end;
    if (ram.dirty.since(again).some((page) => !pages.includes(page))) return undefined;
    for (const [index, page] of pages.entries()) {
      if (contents[index]!.some((byte, offset) => byte !== ram.bytes[page * 4096 + offset])) return undefined;
    }
    const after = this.#measure();
    if (after.deviceAccesses !== this.#progress?.deviceAccesses || after.outputBytes !== this.#progress.outputBytes) {
      return undefined;
    }
    const causes = [...context.traps.keys()].filter((index) => context.traps[index] !== traps[index]);
    const names = causes.map((index) => trapCauseName(index & 63, index >= 64));
    const pc = `0x${context.pc.toString(16)}`;
    const which = this.#machine.harts.length > 1 ? `hart ${only.hart.id} ` : 'it ';
    const how = names.length > 0 ? `, taking ${names.join(' and ')} each time` : '';
    return {
      reason: 'stuck',
      exitCode: 0,
      message: `${which}repeats the same ${second.instructions} instructions around pc ${pc} for ever${how}: registers and memory do not change, and no interrupt is to come`,
    };
  }

  /** Runs until the hart's registers are what they are now. */
  #period(
    context: HartContext,
  ): { readonly kind: 'repeats'; readonly instructions: number } | { readonly kind: 'changes'; readonly end?: RunEnd } {
    const { u8 } = context.memory;
    const state = fields.map(([offset, bytes]) => u8.slice(context.base + offset, context.base + offset + bytes));
    const start = context.instret;
    for (let steps = 0; steps < LONGEST_PERIOD; steps++) {
      const { end } = this.#machine.step();
      if (end) return { kind: 'changes', end };
      const isSame = fields.every(([offset, bytes], index) => {
        const at = context.base + offset;
        for (let byte = 0; byte < bytes; byte++) if (u8[at + byte] !== state[index]![byte]) return false;
        return true;
      });
      if (isSame) return { kind: 'repeats', instructions: context.instret - start };
    }
    return { kind: 'changes' };
  }
}

/** An interrupt from outside could be taken, so that what is typed matters. */
function canBeInterrupted(context: HartContext): boolean {
  const { privilege, mstatus, isVirtual } = context;
  if ((context.csrLow(CsrSlot.mie) & EXTERNAL_INTERRUPTS) === 0) return false;
  if (isVirtual || privilege === 0) return true;
  if (privilege === 3) return (mstatus & Mstatus.MIE) !== 0;
  return (mstatus & Mstatus.SIE) !== 0 || (context.csrLow(CsrSlot.mie) & (1 << 11)) !== 0;
}
