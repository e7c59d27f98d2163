import {
  Actor,
  type ProcessSpec,
  type ProcessTask,
  type TaskInfo,
  type TraceSink,
  type VcpuCounters,
} from '@worldswitch/contracts';
import { trapCauseName } from '@worldswitch/isa';
import { HostOsError } from '../host-os-error.ts';
import type { Kernel } from '../kernel-state.ts';
import type { FrameSource } from '../memory/address-space.ts';
import type { WaitQueue } from '../schedule/wait-queue.ts';
import { postSignal } from '../signals/signal-delivery.ts';
import { exitCodeOf, type Process } from './process.ts';
import { endProcess } from './process-end.ts';

const CAUSES = 64;

/** A process that somebody spawned, with its descendants: one console, one account of what they cost, one limit. */
export class ProcessTree implements ProcessTask {
  readonly spec: ProcessSpec;
  readonly kind: 'process' | 'container';
  readonly world: string;
  readonly trace: TraceSink | undefined;
  /** Who had control after the latest hop of the trace. */
  tracedActor: Actor = Actor.program;
  readonly members = new Set<Process>();
  /** Who waits on a futex, by address space and address. */
  readonly futexes = new Map<string, WaitQueue>();
  /** Charged with the frames of all members; a frame that they share counts once. */
  readonly frames: FrameSource;
  readonly #kernel: Kernel;
  readonly #traps = new Float64Array(CAUSES);
  readonly #calls = new Map<number, number>();
  readonly #ended = { instructions: 0, hits: 0, misses: 0, walkReferences: 0 };
  #root: Process | undefined;
  #exitCode: number | undefined;
  #inputPosition = 0;
  #instructions = 0;
  #frameCount = 0;

  constructor(kernel: Kernel, spec: ProcessSpec) {
    this.#kernel = kernel;
    this.spec = spec;
    this.kind = spec.kind ?? 'process';
    this.world = spec.world ?? spec.name ?? this.kind;
    this.trace = spec.trace;
    const most = spec.memoryBytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(spec.memoryBytes / 4096);
    const { frames } = kernel;
    this.frames = {
      allocate: () => {
        if (this.#frameCount >= most) throw new HostOsError('ENOMEM', `the limit is ${most} frames`);
        const frame = frames.allocate();
        this.#frameCount++;
        return frame;
      },
      share: (frame) => frames.share(frame),
      release: (frame) => {
        if (frames.release(frame)) this.#frameCount--;
      },
      references: (frame) => frames.references(frame),
    };
  }

  get root(): Process {
    return this.#root!;
  }
  set root(process: Process) {
    this.#root = process;
  }
  get id(): number {
    return this.root.id;
  }
  get image(): Uint8Array {
    return this.root.image;
  }
  get processes(): number {
    return this.members.size;
  }
  get exitCode(): number | undefined {
    return this.#exitCode;
  }
  info(): TaskInfo {
    return this.root.info();
  }

  wake(): void {
    this.root.wake();
  }
  pause(): void {
    for (const process of this.members) process.isPaused = true;
  }
  resume(): void {
    for (const process of this.members) process.isPaused = false;
  }
  /** Ends the process and its descendants; forgets one that has ended. */
  kill(exitCode: number): void {
    if (this.#exitCode !== undefined && this.members.size === 0) this.#kernel.scheduler.tasks.delete(this.id);
    this.endAll((exitCode & 0xff) << 8);
  }
  /** Ends every member with this wait status, the first one first. */
  endAll(waitStatus: number): void {
    for (const process of [...this.members]) endProcess(process, waitStatus);
  }
  signal(number: number): void {
    if (this.#exitCode === undefined) postSignal(this.root, number);
  }

  /** Called when the first process has ended. */
  rootEnded(waitStatus: number): void {
    this.#exitCode = exitCodeOf(waitStatus);
  }

  /** Takes over what a process has cost when it ends. */
  addEnded({ instructions, tlb }: VcpuCounters): void {
    this.#ended.instructions += instructions;
    this.#ended.hits += tlb.hits;
    this.#ended.misses += tlb.misses;
    this.#ended.walkReferences += tlb.walkReferences;
  }
  totals(): VcpuCounters {
    let { instructions, hits, misses, walkReferences } = this.#ended;
    for (const { vcpu } of this.members) {
      const { instructions: live, tlb } = vcpu.counters;
      instructions += live;
      hits += tlb.hits;
      misses += tlb.misses;
      walkReferences += tlb.walkReferences;
    }
    return { instructions, tlb: { hits, misses, walkReferences } };
  }

  addInstructions(count: number): void {
    this.#instructions += count;
  }
  get remainingInstructions(): number {
    return (this.spec.maxInstructions ?? Number.POSITIVE_INFINITY) - this.#instructions;
  }

  countTrap(cause: number): void {
    if (cause < CAUSES) this.#traps[cause]!++;
  }
  countCall(number: number): void {
    this.#calls.set(number, (this.#calls.get(number) ?? 0) + 1);
  }
  get traps(): Readonly<Record<string, number>> {
    const result: Record<string, number> = {};
    for (const [cause, count] of this.#traps.entries()) if (count > 0) result[trapCauseName(cause)] = count;
    return result;
  }
  /** Numbers that are no known system call appear as `syscall-<number>`, all from 1024 on as `syscall-other`. */
  get systemCalls(): Readonly<Record<string, number>> {
    const names = this.#kernel.systemCalls;
    const entries = [...this.#calls].map(
      ([number, count]) => [names[number]?.name ?? `syscall-${number < 0 ? 'other' : number}`, count] as const,
    );
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Bytes of the console's input; 0 at its end. */
  readInput(into: Uint8Array): number {
    const { input } = this.spec;
    const bytes =
      input === undefined
        ? this.#kernel.hardware.console.read(into.length)
        : input.subarray(this.#inputPosition, this.#inputPosition + into.length);
    if (input !== undefined) this.#inputPosition += bytes.length;
    into.set(bytes);
    return bytes.length;
  }
  writeOutput(bytes: Uint8Array, descriptor: 1 | 2): number {
    if (this.spec.onOutput !== undefined) this.spec.onOutput(bytes.slice(), descriptor);
    else this.#kernel.hardware.console.write(bytes);
    return bytes.length;
  }
}
