import { MachineError, SnapshotError } from '../errors.ts';
import { InputLog, type InputPoint, type Moment } from './input-log.ts';
import { PAGE_BYTES } from './page-sections.ts';
import { PageVersions } from './page-versions.ts';
import type { MachineRecorder } from './recorder.ts';
import { applyState, captureState, type MachineParts, type MachineState } from './whole-state.ts';

/** What a timeline may cost. */
export interface TimelineOptions {
  /** Instructions between two checkpoints: what going back has to run again at most. Default 5 million. */
  readonly everyInstructions?: number;
  /** Bytes that checkpoints may take; when they take more, the oldest go. Default 256 MiB. */
  readonly maxBytes?: number;
}

/** What a timeline needs of a machine: `Machine` has it. */
export interface TimelineMachine {
  attachRecorder(recorder: MachineRecorder | undefined): MachineParts;
  run(options: { readonly maxInstructions: number }): { readonly reason: string };
}

/**
 * The past of a machine, to go back to. Positions are instructions that all harts retired; a position means the first moment at
 * which so many have. While a machine stands in its past, `run` and `step` repeat what happened: input arrives when it did, and
 * output is not written again.
 */
export interface Timeline {
  readonly position: number;
  /** The earliest and the latest position that can be reached by `seek`. */
  readonly start: number;
  readonly end: number;
  /** The machine stands in its past. */
  readonly isReplaying: boolean;
  readonly checkpoints: number;
  /** Bytes that checkpoints take. */
  readonly bytes: number;
  /** Makes the present moment cheap to go back to. */
  checkpoint(): void;
  /**
   * Goes to a position, back or forward. Breakpoints must not stop the machine on the way. Throws SnapshotError outside of
   * [start, end] and when the machine does not get there.
   */
  seek(position: number): void;
  /** Registers, memory or devices were changed by the machine's owner: what was recorded after the present is forgotten. */
  branch(): void;
  /** Ends recording; the machine stays where it is. */
  dispose(): void;
}

interface Checkpoint extends Moment {
  /** Grows; versions of pages carry it. */
  readonly number: number;
  readonly state: MachineState;
  /** Pages that changed since the checkpoint before. */
  readonly pages: readonly number[];
  /** Position in the input log. */
  readonly inputs: number;
  /**
   * `first`: the first moment of its position. `later`: another moment of it, such as after a trap. `changed`: the machine's owner
   * changed something, so that nothing before leads to it.
   */
  readonly kind: 'first' | 'later' | 'changed';
  /** How to undo what devices changed outside of the machine, until the next checkpoint: the last change last. */
  undo: { readonly run: () => void; readonly bytes: number }[];
}

/** Bytes of a checkpoint besides pages, about. */
const STATE_BYTES = 32_768;

/** Records a machine's run from now on. Throws SnapshotError for a machine that cannot be saved; one timeline at a time. */
export function createTimeline(machine: TimelineMachine, options: TimelineOptions = {}): Timeline {
  return new Recording(machine, options);
}

class Recording implements Timeline, MachineRecorder {
  readonly #machine: TimelineMachine;
  readonly #parts: MachineParts;
  readonly #everyInstructions: number;
  readonly #maxBytes: number;
  readonly #versions = new PageVersions();
  readonly #inputs = new InputLog();
  #checkpoints: Checkpoint[] = [];
  /** Index of the checkpoint that the present came from, and the dirty marks since then. */
  #base = -1;
  #cut = 1;
  #nextNumber = 0;
  #undoBytes = 0;
  /** The latest moment so far, when the present is before it. */
  #future: Moment | undefined;
  /** Where `boundary` was called last. */
  #lastBoundary = -1;
  #isAstray = false;
  #isDisposed = false;

  constructor(machine: TimelineMachine, options: TimelineOptions) {
    const { everyInstructions = 5_000_000, maxBytes = 2 ** 28 } = options;
    if (!(everyInstructions >= 1)) throw new MachineError(`${everyInstructions} instructions between checkpoints`);
    this.#machine = machine;
    this.#everyInstructions = everyInstructions;
    this.#maxBytes = maxBytes;
    this.#parts = machine.attachRecorder(this);
    try {
      for (const { tlb } of this.#parts.board.harts) {
        if (!tlb.save)
          throw new SnapshotError('tlb', `the TLB model '${tlb.name}' has no save, which a timeline needs`);
      }
      const random = this.#parts.board.virtio.find((device) => device?.isRepeatable === false);
      if (random) throw new SnapshotError(random.name, 'what this device gives the guest cannot be repeated');
      this.#record('changed');
    } catch (error) {
      machine.attachRecorder(undefined);
      throw error;
    }
    this.#recordDevices((run, bytes) => {
      this.#checkpoints[this.#base]!.undo.push({ run, bytes });
      this.#undoBytes += bytes;
    });
  }

  #recordDevices(record: ((undo: () => void, bytes: number) => void) | undefined): void {
    for (const device of this.#parts.board.virtio) device?.recordChanges?.(record);
  }

  get #now(): Moment {
    const { board, output } = this.#parts;
    const { clock } = board.group;
    return { instructions: clock.retired, time: clock.now(), outputBytes: output.total };
  }

  get position(): number {
    return this.#parts.board.group.clock.retired;
  }
  get start(): number {
    return this.#checkpoints[0]!.instructions;
  }
  get end(): number {
    return Math.max(this.#future?.instructions ?? 0, this.position);
  }
  get checkpoints(): number {
    return this.#checkpoints.length;
  }
  get bytes(): number {
    return this.#versions.bytes + this.#undoBytes + this.#checkpoints.length * STATE_BYTES;
  }

  get isReplaying(): boolean {
    const future = this.#future;
    if (!future) return false;
    const { position } = this;
    if (position < future.instructions || (position === future.instructions && this.#inputs.hasNext)) return true;
    this.#future = undefined;
    return false;
  }

  // ---- what the machine tells ----

  boundary(): number {
    if (this.#isAstray) this.branch();
    const { position } = this;
    const next = this.#checkpoints[this.#base + 1];
    if (next && next.instructions === position) this.#advance(next);
    const kind = position === this.#lastBoundary ? 'later' : 'first';
    this.#lastBoundary = position;
    if (this.isReplaying) {
      const stop = Math.min(
        this.#checkpoints[this.#base + 1]?.instructions ?? Number.POSITIVE_INFINITY,
        this.#future?.instructions ?? Number.POSITIVE_INFINITY,
        this.#inputs.nextStop,
      );
      // At the moment itself there is nothing to wait for but what happens before another instruction retires.
      return stop > position ? stop - position : 1;
    }
    const due = this.#checkpoints[this.#base]!.instructions + this.#everyInstructions;
    if (position < due) return due - position;
    this.#record(kind);
    return this.#everyInstructions;
  }

  arrived(point: InputPoint, bytes: Uint8Array): void {
    if (this.isReplaying) this.#forgetFuture();
    this.#inputs.note(point, this.#now, bytes);
    // A checkpoint made now is one of after the arrival.
    this.#lastBoundary = this.position;
  }

  replay(point: InputPoint): Uint8Array | undefined {
    return this.#inputs.take(point, this.#now);
  }

  get nextArrival(): number {
    return this.isReplaying ? this.#inputs.awaitedAt(this.position) : Number.POSITIVE_INFINITY;
  }

  wentAstray(): void {
    this.#isAstray = true;
  }

  // ---- what its owner asks for ----

  checkpoint(): void {
    this.#requireUse();
    if (!this.isReplaying) this.#record('later');
  }

  branch(): void {
    this.#requireUse();
    this.#isAstray = false;
    this.#forgetFuture();
    this.#record('changed');
  }

  seek(position: number): void {
    this.#requireUse();
    const { start, end } = this;
    if (!Number.isInteger(position) || position < start || position > end) {
      throw new SnapshotError('timeline', `position ${position} is outside of what is recorded: ${start} to ${end}`);
    }
    if (this.#isAstray) this.branch();
    // At the position itself the machine may stand at a later moment.
    const now = this.position;
    if (position <= now) this.#goBack(position);
    for (let stuck = 0; this.position < position; ) {
      const before = this.position;
      const { reason } = this.#machine.run({ maxInstructions: position - before });
      stuck = this.position === before ? stuck + 1 : 0;
      if (stuck > 3) {
        throw new SnapshotError('timeline', `it stops at ${before} (${reason}) on the way to position ${position}`);
      }
    }
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#recordDevices(undefined);
    this.#machine.attachRecorder(undefined);
    this.#parts.output.muteUntil = 0;
    this.#checkpoints = [];
  }

  #requireUse(): void {
    if (this.#isDisposed) throw new MachineError('the timeline was disposed of');
    if (this.#parts.board.group.running) throw new SnapshotError('timeline', 'the machine runs: stop it before');
  }

  // ---- checkpoints ----

  /** Makes a checkpoint of the present, which is the latest moment. */
  #record(kind: Checkpoint['kind']): void {
    const { ram } = this.#parts.board;
    const state = captureState(this.#parts);
    const number = this.#nextNumber++;
    const pages = ram.dirty.since(this.#cut);
    for (const page of pages) {
      this.#versions.add(page, number, ram.bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
    }
    this.#cut = ram.dirty.cut();
    this.#checkpoints.push({ ...this.#now, number, state, pages, inputs: this.#inputs.position, kind, undo: [] });
    this.#base = this.#checkpoints.length - 1;
    while (this.bytes > this.#maxBytes && this.#checkpoints.length > 1) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#checkpoints.shift()!;
    const [first] = this.#checkpoints;
    this.#versions.dropBefore(first!.number, first!.pages);
    for (const { bytes } of oldest.undo) this.#undoBytes -= bytes;
    this.#base--;
  }

  /** What was recorded after the present did not happen. */
  #forgetFuture(): void {
    const gone = this.#checkpoints.splice(this.#base + 1);
    const [first] = gone;
    if (first) {
      const pages = new Set(gone.flatMap((checkpoint) => checkpoint.pages));
      this.#versions.dropFrom(first.number, pages);
    }
    this.#inputs.truncate();
    this.#future = undefined;
    this.#parts.output.muteUntil = 0;
  }

  /** The repeated run has come to where the next checkpoint stands. */
  #advance(next: Checkpoint): void {
    if (next.kind !== 'first') {
      // No instruction retires between here and there, so disks are the same.
      this.#restore(this.#base + 1);
      return;
    }
    this.#cut = this.#parts.board.ram.dirty.cut();
    this.#base++;
  }

  #goBack(position: number): void {
    const leadsTo = ({ instructions, kind }: Checkpoint, index: number) =>
      instructions < position || (instructions === position && (kind !== 'later' || index === 0));
    let target = 0;
    this.#checkpoints.forEach((checkpoint, index) => {
      if (index <= this.#base && leadsTo(checkpoint, index)) target = index;
    });
    const now = this.#now;
    if (now.instructions >= (this.#future?.instructions ?? 0)) this.#future = now;
    const outside = this.#future ?? now;
    this.#parts.output.muteUntil = Math.max(this.#parts.output.muteUntil, outside.outputBytes);
    for (let index = this.#base; index >= target; index--) {
      const { undo } = this.#checkpoints[index]!;
      for (let at = undo.length - 1; at >= 0; at--) undo[at]!.run();
      for (const { bytes } of undo) this.#undoBytes -= bytes;
      undo.length = 0;
    }
    this.#restore(target);
  }

  /** Makes RAM and everything else what they were at a checkpoint; disks are there already. */
  #restore(target: number): void {
    const { ram } = this.#parts.board;
    const checkpoint = this.#checkpoints[target]!;
    const pages = new Set(ram.dirty.since(this.#cut));
    const [low, high] = target < this.#base ? [target, this.#base] : [this.#base, target];
    for (let index = low + 1; index <= high; index++)
      for (const page of this.#checkpoints[index]!.pages) pages.add(page);
    for (const page of pages) {
      const contents = this.#versions.at(page, checkpoint.number);
      const address = ram.base + page * PAGE_BYTES;
      // Writing what is there already would throw away translated code.
      if (areEqual(ram.slice(address, PAGE_BYTES), contents)) continue;
      if (contents) ram.write(address, contents);
      else ram.fill(address, PAGE_BYTES, 0);
    }
    applyState(this.#parts, checkpoint.state);
    this.#inputs.rewind(checkpoint.inputs);
    this.#cut = ram.dirty.cut();
    this.#base = target;
    this.#lastBoundary = -1;
  }
}

/** @param contents undefined for zeros. */
function areEqual(page: Uint8Array, contents: Uint8Array | undefined): boolean {
  const words = new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES / 4);
  const others = contents && new Int32Array(contents.buffer, contents.byteOffset, PAGE_BYTES / 4);
  for (let word = 0; word < words.length; word++) if (words[word] !== (others ? others[word] : 0)) return false;
  return true;
}
