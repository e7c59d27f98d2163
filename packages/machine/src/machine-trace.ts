import { Actor, type TraceSink } from '@worldswitch/contracts';
import { ExceptionCause, Privilege, type PrivilegeLevel, trapCauseName } from '@worldswitch/isa';
import { sbiCallName } from './firmware/sbi.ts';
import type { Hart } from './hart/hart.ts';
import type { HartObserver } from './hart/hart-observer.ts';
import type { MachineClock } from './schedule/machine-clock.ts';

/** Who runs at a privilege level of a machine without a hypervisor. */
const actors: Readonly<Record<PrivilegeLevel, Actor>> = {
  [Privilege.user]: Actor.program,
  [Privilege.supervisor]: Actor.guestKernel,
  [Privilege.machine]: Actor.firmware,
};
const A7 = 17;

/** Turns traps, returns and firmware calls into trace events. */
export class MachineTracer implements HartObserver {
  readonly #clock: MachineClock;
  readonly #sink: TraceSink;
  readonly #world: string;

  constructor(clock: MachineClock, sink: TraceSink, world: string) {
    this.#clock = clock;
    this.#sink = sink;
    this.#world = world;
  }

  trap(hart: Hart, cause: number, isInterrupt: boolean, value: bigint, from: PrivilegeLevel, to: PrivilegeLevel): void {
    const isSystemCall = !isInterrupt && cause === ExceptionCause.environmentCallFromUser;
    const isFirmwareCall = !isInterrupt && cause === ExceptionCause.environmentCallFromSupervisor;
    this.#sink.emit({
      ...this.#hop(isInterrupt ? Actor.hardware : actors[from], actors[to], trapCauseName(cause, isInterrupt)),
      pc: hart.current.pc,
      ...(!isSystemCall && !isInterrupt && { value }),
      ...(isSystemCall && { value: hart.readX(A7), detail: `system call ${hart.readX(A7)}` }),
      ...(isFirmwareCall && { detail: sbiCallName(hart) }),
    });
  }

  trapReturn(hart: Hart, instruction: 'sret' | 'mret', from: PrivilegeLevel, to: PrivilegeLevel): void {
    if (from === to) return;
    const hop = this.#hop(actors[from], actors[to], instruction);
    // Here the return just works: no software has to do anything for it (card 12).
    this.#sink.emit({ ...hop, handledBy: Actor.hardware, pc: hart.current.pc });
  }

  firmwareCall(name: string, pc: bigint): void {
    const cause = trapCauseName(ExceptionCause.environmentCallFromSupervisor);
    this.#sink.emit({ ...this.#hop(Actor.guestKernel, Actor.firmware, cause), pc, detail: name });
  }

  firmwareReturn(name: string): void {
    this.#sink.emit({ ...this.#hop(Actor.firmware, Actor.guestKernel, 'mret'), detail: `return from ${name}` });
  }

  #hop(from: Actor, to: Actor, cause: string) {
    return { time: this.#clock.retired, world: this.#world, from, to, cause, handledBy: to };
  }
}
