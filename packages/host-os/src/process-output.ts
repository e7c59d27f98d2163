import type { ProcessTask, WorldResult, WorldSpec } from '@worldswitch/contracts';

const MAX_OUTPUT = 16 << 20;

/** What the processes of a world have written, up to a limit. */
export class ProcessOutput {
  readonly #pieces: Uint8Array[] = [];
  readonly #most: number;
  readonly #onOutput: WorldSpec['onOutput'];
  #length = 0;
  #isFull = false;

  constructor(spec: Pick<WorldSpec, 'maxOutputBytes' | 'onOutput'>) {
    this.#most = spec.maxOutputBytes ?? MAX_OUTPUT;
    this.#onOutput = spec.onOutput;
  }

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#most - this.#length);
    if (kept.length < bytes.length) this.#isFull = true;
    if (kept.length === 0) return;
    this.#pieces.push(kept);
    this.#length += kept.length;
    this.#onOutput?.(kept);
  }

  all(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Ends the task when it has written more than it may. */
  overflow(task: ProcessTask): WorldResult | undefined {
    if (!this.#isFull) return undefined;
    task.kill(137);
    return {
      reason: 'output-limit',
      exitCode: 137,
      message: `more than ${this.#most} bytes of output were written; the program was ended`,
    };
  }
}
