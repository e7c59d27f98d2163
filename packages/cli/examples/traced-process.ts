/**
 * A world of one's own: it runs the program as a plain process of the host OS, and nothing but the contracts is used for it.
 * Try it: npx worldswitch compare --world packages/cli/examples/traced-process.ts
 */
import {
  type HostKernel,
  NO_COST,
  type ProcessTask,
  type ProgramSource,
  type World,
  type WorldDefinition,
  type WorldMetrics,
  type WorldResult,
  type WorldSpec,
} from '@worldswitch/contracts';

class TracedProcess implements World {
  readonly name: string;
  readonly #host: HostKernel;
  readonly #task: ProcessTask;
  readonly #output: Uint8Array[] = [];
  readonly #now: () => number;
  #wallMs = 0;

  constructor(host: HostKernel, spec: WorldSpec) {
    this.name = spec.name;
    this.#host = host;
    this.#now = spec.now ?? (() => performance.now());
    this.#task = host.spawn({
      name: spec.name,
      image: spec.program.image,
      arguments: spec.program.arguments,
      onOutput: (bytes) => {
        this.#output.push(bytes.slice());
        spec.onOutput?.(bytes);
      },
      ...(spec.input === undefined ? {} : { input: spec.input }),
      ...(spec.trace === undefined ? {} : { trace: spec.trace, world: spec.name }),
    });
  }

  get result(): WorldResult | undefined {
    const { exitCode } = this.#task;
    return exitCode === undefined ? undefined : { reason: 'exited', exitCode };
  }

  run(maxInstructions: number): WorldResult | undefined {
    const start = this.#now();
    this.#host.run({ maxInstructions, task: this.#task, until: () => this.result !== undefined });
    this.#wallMs += this.#now() - start;
    return this.result;
  }

  output(): Uint8Array {
    const length = this.#output.reduce((sum, piece) => sum + piece.length, 0);
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (const piece of this.#output) {
      bytes.set(piece, offset);
      offset += piece.length;
    }
    return bytes;
  }

  metrics(): { boot: WorldMetrics; program: WorldMetrics } {
    const { instructions, tlb } = this.#task.totals();
    const program = {
      ...NO_COST,
      instructions: { user: instructions, kernel: 0 },
      traps: this.#task.traps,
      tlb,
      wallMs: this.#wallMs,
    };
    return { boot: NO_COST, program };
  }

  programSource(): ProgramSource {
    return { kind: 'executable', bytes: this.#task.image };
  }

  pause(): void {
    this.#task.pause();
  }
  resume(): void {
    this.#task.resume();
  }
  snapshot(): Uint8Array {
    throw new Error(`${this.name}: this world cannot be saved`);
  }
  inspect(): Readonly<Record<string, unknown>> {
    return { systemCalls: this.#task.systemCalls };
  }
  dispose(): void {
    if (this.#task.exitCode === undefined) this.#task.kill(137);
  }
}

const tracedProcess: WorldDefinition = {
  name: 'traced-process',
  summary: 'a process of the host OS, written from scratch against the contracts',
  guest: 'none',
  create: (host, spec) => new TracedProcess(host, spec),
};
export default tracedProcess;
