import {
  type HostConsole,
  NO_COST,
  type TlbModel,
  type World,
  type WorldMetrics,
  type WorldResult,
  type WorldSpec,
} from '@worldswitch/contracts';
import { type InstructionSet, Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import type { EngineName } from './engine/create-engine.ts';
import { MachineError } from './errors.ts';
import type { ControlOperation } from './hart/control.ts';
import type { Hart } from './hart/hart.ts';
import type { HartObserver } from './hart/hart-observer.ts';
import { Machine } from './machine.ts';
import type { RunEnd } from './run-end.ts';

/** The machine of a bare world, besides what the spec says. */
export interface BareWorldOptions {
  /** Default `compiled`. */
  readonly engine?: EngineName;
  readonly tlb?: TlbModel;
  /** Default: all built-in extensions. */
  readonly instructionSet?: InstructionSet;
  /** Control operations of added extensions. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

const DEFAULT_OUTPUT_LIMIT = 16 * 2 ** 20;

/** What has been counted at some moment. */
interface Totals {
  readonly user: number;
  readonly kernel: number;
  readonly traps: Readonly<Record<string, number>>;
  readonly hits: number;
  readonly misses: number;
  readonly walkReferences: number;
  readonly wallMs: number;
}

const nothing: Totals = { user: 0, kernel: 0, traps: {}, hits: 0, misses: 0, walkReferences: 0, wallMs: 0 };

/**
 * The guest OS on a whole machine of its own, without any host or hypervisor: the measure for the other ways to run a program.
 * Throws MachineError when the spec has no guest, LoadError when its kernel cannot be loaded.
 */
export function createBareWorld(spec: WorldSpec, options: BareWorldOptions = {}): World {
  const { guest } = spec;
  if (!guest) throw new MachineError(`the world ${spec.name} runs a guest OS: give it one (guest.kernel)`);
  const now = spec.now ?? (() => performance.now());
  const limit = spec.maxOutputBytes ?? DEFAULT_OUTPUT_LIMIT;
  const pieces: Uint8Array[] = [];
  let kept = 0;
  let wallMs = 0;
  let startedAt: number | undefined;
  let isPaused = false;
  let result: WorldResult | undefined;
  let boot: Totals | undefined;

  const console: HostConsole = {
    write(bytes) {
      const piece = bytes.subarray(0, limit - kept);
      if (piece.length > 0) {
        pieces.push(piece);
        kept += piece.length;
        spec.onOutput?.(piece);
      }
      if (piece.length < bytes.length) {
        result ??= { reason: 'output-limit', exitCode: 0, message: `it printed more than ${limit} bytes` };
        machine.stop();
      }
    },
    read: () => new Uint8Array(0),
  };
  const machine = Machine.create({
    kernel: guest.kernel,
    memoryBytes: spec.memoryBytes,
    console,
    world: spec.name,
    ...(guest.initrd && { initrd: guest.initrd }),
    ...(guest.bootArguments !== undefined && { bootArguments: guest.bootArguments }),
    ...(spec.trace && { trace: spec.trace }),
    ...options,
  });
  if (spec.input) machine.input(spec.input);

  const totals = (): Totals => {
    const { context } = machine.board.vcpu;
    const { user, privileged } = context.retired();
    const running = startedAt === undefined ? 0 : now() - startedAt;
    return { user, kernel: privileged, traps: machine.traps, ...context.tlbCounters(), wallMs: wallMs + running };
  };
  onFirstUserEntry(machine.hart, () => {
    boot = totals();
  });

  const conclude = (end: RunEnd): WorldResult | undefined => {
    switch (end.reason) {
      case 'poweroff':
        return { reason: 'exited', exitCode: end.exitCode };
      case 'reset':
        return { reason: 'fault', exitCode: 0, message: 'the guest asked for a reset' };
      case 'stuck':
      case 'idle':
        return { reason: 'fault', exitCode: 0, message: end.message ?? end.reason };
      case 'budget':
      case 'until':
      case 'waiting':
        return undefined;
      default:
        return end.reason satisfies never;
    }
  };

  return {
    name: spec.name,
    run(maxInstructions) {
      if (result || isPaused) return result;
      startedAt = now();
      const end = machine.run({ maxInstructions });
      wallMs += now() - startedAt;
      startedAt = undefined;
      result ??= conclude(end);
      return result;
    },
    get result() {
      return result;
    },
    output() {
      const whole = new Uint8Array(kept);
      let at = 0;
      for (const piece of pieces) {
        whole.set(piece, at);
        at += piece.length;
      }
      return whole;
    },
    metrics() {
      const end = totals();
      const middle = boot ?? end;
      return { boot: difference(middle, nothing), program: difference(end, middle) };
    },
    programSource() {
      const { initrd } = machine;
      return initrd && { kind: 'initrd', bytes: machine.board.ram.slice(initrd.start, initrd.end - initrd.start) };
    },
    pause() {
      isPaused = true;
      // Between two runs there is nothing to stop, and the request would end the next one.
      if (startedAt !== undefined) machine.stop();
    },
    resume() {
      isPaused = false;
    },
    snapshot() {
      throw new MachineError('a bare world cannot be saved yet; a Machine can');
    },
    inspect: () => machine.inspect(),
    dispose: () => machine.dispose(),
  };
}

/** Adds to the hart's observer one that calls back once, when user mode is entered for the first time. */
function onFirstUserEntry(hart: Hart, callback: () => void): void {
  const tracer: HartObserver | undefined = hart.observer;
  hart.observer = {
    trap: (...event) => tracer?.trap?.(...event),
    trapReturn(which, instruction, from: PrivilegeLevel, to: PrivilegeLevel) {
      if (to === Privilege.user) {
        hart.observer = tracer;
        callback();
      }
      tracer?.trapReturn?.(which, instruction, from, to);
    },
  };
}

function difference(end: Totals, start: Totals): WorldMetrics {
  const traps: Record<string, number> = {};
  for (const [name, count] of Object.entries(end.traps)) {
    const more = count - (start.traps[name] ?? 0);
    if (more > 0) traps[name] = more;
  }
  return {
    ...NO_COST,
    instructions: { user: end.user - start.user, kernel: end.kernel - start.kernel },
    traps,
    tlb: {
      hits: end.hits - start.hits,
      misses: end.misses - start.misses,
      walkReferences: end.walkReferences - start.walkReferences,
    },
    wallMs: end.wallMs - start.wallMs,
  };
}
