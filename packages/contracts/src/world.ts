import type { FileTree, HostKernel } from './host-kernel.ts';
import type { WorldMetrics } from './metrics.ts';
import type { TraceSink } from './trace.ts';

/** A static RV64 Linux program and how to start it. */
export interface ProgramSpec {
  /** ELF file. */
  readonly image: Uint8Array;
  /** argv; the first is the absolute path at which the program finds itself, the same in every world. */
  readonly arguments: readonly string[];
  readonly environment?: readonly string[];
}

/** A guest OS to run under a VMM or bare. */
export interface GuestSpec {
  /** Kernel as built: raw Image or ELF. */
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly bootArguments?: string;
}

export interface WorldSpec {
  readonly name: string;
  readonly program: ProgramSpec;
  /** Further files of the root file system, for worlds whose file system the host provides; a guest has them in its initrd. */
  readonly files?: FileTree;
  /** Needed by worlds that run a guest OS. */
  readonly guest?: GuestSpec;
  /** RAM of the guest, in bytes; a multiple of 2 MiB. */
  readonly memoryBytes: number;
  readonly trace?: TraceSink;
  /** Called with each piece of console output as it appears. */
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** Console input, given at creation. */
  readonly input?: Uint8Array;
  /** Bytes of output kept; more ends the world with reason `output-limit`. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  /** For wall time: milliseconds. Default performance.now. */
  readonly now?: () => number;
}

/** What a world starts its program from. */
export interface ProgramSource {
  /** `initrd`: a guest's initial RAM disk, with the program in it. `executable`: the program file that execve got. */
  readonly kind: 'initrd' | 'executable';
  readonly bytes: Uint8Array;
}

export interface WorldResult {
  /**
   * `exited`: the program ended and its exit code is `exitCode`.
   * `budget`: the instruction limit ran out. `fault`: the guest could not go on; `message` says why.
   * `output-limit`: it printed more than was allowed.
   */
  readonly reason: 'exited' | 'budget' | 'fault' | 'output-limit';
  readonly exitCode: number;
  /** One sentence for a person, with addresses in hex, when `reason` is not `exited`. */
  readonly message?: string;
}

/**
 * One way to run a program. Created stopped; `run` carries on where it was until the program ended or the budget is used.
 */
export interface World {
  readonly name: string;
  /** Runs at most `maxInstructions` guest instructions more (exact; Infinity for no limit). Undefined result: still running. */
  run(maxInstructions: number): WorldResult | undefined;
  readonly result: WorldResult | undefined;
  /** All console output so far. */
  output(): Uint8Array;
  /** What it cost until the program's first instruction, and from there on. */
  metrics(): { readonly boot: WorldMetrics; readonly program: WorldMetrics };
  /**
   * What the program will be started from, read back out of the world itself and not remembered from the spec: so that it can be
   * checked what runs. To be asked before the first `run`: later a guest has put other things into that memory. Undefined when
   * there is none; without the function the world does not say.
   */
  programSource?(): ProgramSource | undefined;
  pause(): void;
  resume(): void;
  /** Throws an Error whose message says so where the world cannot be saved yet. */
  snapshot(): Uint8Array;
  /** State for people: registers, mappings, tasks, as plain JSON data. */
  inspect(): Readonly<Record<string, unknown>>;
  dispose(): void;
}

/** How a World is made on a host OS; what `--world ./mine.ts` exports as default. */
export interface WorldDefinition {
  readonly name: string;
  /** One line for the table: what this way of running is. */
  readonly summary: string;
  /** Which guest kernel it wants: the unmodified one, the paravirtual port, or none (the host's kernel serves the program). */
  readonly guest: 'unmodified' | 'paravirtual' | 'none';
  create(host: HostKernel, spec: WorldSpec): World;
}
