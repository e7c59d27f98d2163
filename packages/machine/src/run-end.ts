import { Privilege, trapCauseName } from '@worldswitch/isa';
import type { Hart } from './hart/hart.ts';
import { CsrSlot } from './hart/hart-context.ts';

/** Why a run ended. */
export interface RunEnd {
  /**
   * `poweroff` and `reset`: software asked for it. `budget`: maxInstructions have retired. `until`: the condition held, or `stop` was called.
   * `waiting`: maxIdleTicks went by, and a timer will wake it. `idle`: it waits for an interrupt that only input can bring.
   * `stuck`: it cannot go on, `message` says why.
   */
  readonly reason: 'poweroff' | 'reset' | 'budget' | 'until' | 'waiting' | 'idle' | 'stuck';
  /** As software gave it with poweroff; else 0. */
  readonly exitCode: number;
  readonly message?: string;
  /** With `waiting`: ticks to the timer. */
  readonly idleTicks?: number;
}

const hex = (value: bigint | number) => `0x${value.toString(16)}`;
const stuck = (hart: Hart, message: string): RunEnd => ({
  reason: 'stuck',
  exitCode: 0,
  message: hart.group.harts.length > 1 ? `hart ${hart.id}: ${message}` : message,
});

/** A trap ended a slice, and the built-in firmware has nothing for it. */
export function unhandledTrap(hart: Hart): RunEnd {
  const { exitCause: cause, current } = hart;
  return stuck(hart, `no one handles ${trapCauseName(cause)} (cause ${hex(cause)}) at pc ${hex(current.pc)}`);
}

/** A trap handler trapped at its first instruction: says what happened first. */
export function hopelessTrap(hart: Hart): RunEnd {
  const { firstTrap, exitValue, current } = hart;
  const handler = current.csr(current.privilege === Privilege.machine ? CsrSlot.mtvec : CsrSlot.stvec);
  const first = firstTrap ?? { pc: current.pc, cause: 0n, value: exitValue };
  const name = trapCauseName(Number(first.cause & 63n), first.cause >= 1n << 63n);
  const what = current.privilege === Privilege.machine ? 'machine-mode software' : 'the kernel';
  return stuck(
    hart,
    `${what} cannot go on: ${name} (cause ${hex(first.cause)}) at pc ${hex(first.pc)}, value ${hex(first.value)}, and its trap handler at ${hex(handler & ~3n)} traps at its first instruction`,
  );
}
