import { Actor, type TraceEvent } from '@worldswitch/contracts';
import { trapCauseName } from '@worldswitch/isa';
import type { Process } from './process.ts';

/** A hop of a process's tree; what happened between two processes of the tree is filled in, so that hops join up. */
function emit(process: Process, event: Omit<TraceEvent, 'time' | 'world' | 'handledBy'>): void {
  const { tree, kernel } = process;
  const { trace } = tree;
  if (trace === undefined) return;
  const time = kernel.scheduler.retired;
  const { world } = tree;
  if (event.from !== tree.tracedActor) {
    const isSwitchedIn = event.from === Actor.program;
    trace.emit({
      time,
      world,
      from: tree.tracedActor,
      to: event.from,
      // The host took the hart from one process, or gave it to another.
      cause: isSwitchedIn ? 'mret' : 'machine-timer-interrupt',
      handledBy: Actor.host,
      detail: isSwitchedIn ? `switch to process ${process.id}` : 'end of a slice',
    });
  }
  tree.tracedActor = event.to;
  trace.emit({ time, world, handledBy: Actor.host, ...event });
}

/** The program trapped. */
export function traceTrap(process: Process, cause: number, value: bigint, detail: string | undefined): void {
  emit(process, {
    from: Actor.program,
    to: Actor.host,
    cause: trapCauseName(cause),
    pc: process.vcpu.pc,
    value,
    ...(detail === undefined ? {} : { detail }),
  });
}

/** The host OS is the machine's machine-mode software: what takes it back to the program is the effect of an mret. */
export function traceReturn(process: Process, detail: string | undefined): void {
  emit(process, {
    from: Actor.host,
    to: Actor.program,
    cause: 'mret',
    pc: process.vcpu.pc,
    ...(detail === undefined ? {} : { detail }),
  });
}
