import type { TaskInfo, WorldResult } from '@worldswitch/contracts';
import Table from 'cli-table3';
import pc from 'picocolors';
import { companions } from '../../compare/built-in-program.ts';
import { runToEnd } from '../../compare/compare.ts';
import { runTogether, type TogetherResult } from '../../compare/together.ts';
import { jsonLinesSink } from '../../compare/trace-file.ts';
import { openWorld } from '../../compare/worlds.ts';
import { ExitCode, exitCodeOfReason } from '../../exit-codes.ts';
import { loadKernels, loadProgram, standardInput } from '../files/input.ts';
import { traceFile, writeAll } from '../files/output.ts';
import { chooseWorld } from '../files/user-world.ts';
import { type MachineFlags, machineOptions } from '../options.ts';

export interface RunFlags extends MachineFlags {
  readonly world?: string[];
  readonly trace?: string;
  readonly maxInstructions?: number;
  readonly guestKernel?: string;
  readonly paraKernel?: string;
  readonly ps?: number | true;
  readonly limit?: number;
  readonly interactive?: boolean;
}

const defaultPsInterval = 5_000_000;

/** Runs a program in one world, its output as it is; or in several at once, each line with its world's name before it. */
export async function runVerb(
  program: string,
  args: readonly string[],
  flags: RunFlags,
  fallback: string[],
): Promise<number> {
  const worlds = await Promise.all((flags.world ?? fallback).map(chooseWorld));
  const trace = flags.trace === undefined ? undefined : traceFile(flags.trace);
  // Without any, the program reads an end of file at once, as from /dev/null.
  const input = standardInput(flags.interactive === true) ?? new Uint8Array(0);
  const files = companions(program);
  const common = {
    program: loadProgram(program, args),
    ...(files === undefined ? {} : { files }),
    ...loadKernels(flags),
    ...machineOptions(flags),
    input,
    ...(trace === undefined ? {} : { trace }),
  };
  try {
    const only = worlds.length === 1 ? worlds[0] : undefined;
    if (only !== undefined && flags.ps === undefined) {
      const { world } = openWorld(only, common, { ...common, onOutput: (bytes) => writeAll(1, bytes) });
      try {
        return reported(runToEnd(world, flags.maxInstructions ?? Number.POSITIVE_INFINITY));
      } finally {
        world.dispose();
      }
    }
    const lines = linePrefixer();
    const results = runTogether({
      ...common,
      worlds,
      ...(flags.maxInstructions === undefined ? {} : { maxInstructions: flags.maxInstructions }),
      onOutput: (world, bytes) => lines.write(world, bytes),
      ...(flags.ps === undefined
        ? {}
        : {
            psInterval: flags.ps === true ? defaultPsInterval : flags.ps,
            onPs: (rows: readonly TaskInfo[], instructions: number) => writeAll(1, `${psText(rows, instructions)}\n`),
          }),
    });
    lines.flush();
    return summarize(results);
  } finally {
    trace?.close();
  }
}

/** Prints the hops of one program in one world, as JSON lines. */
export async function traceVerb(program: string, args: readonly string[], flags: RunFlags): Promise<number> {
  const chosen = flags.world?.[0] ?? 'full';
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  const lines = jsonLinesSink((text) => writeAll(1, text));
  const common = { program: loadProgram(program, args), ...loadKernels(flags), ...machineOptions(flags) };
  const { world } = openWorld(await chooseWorld(chosen), common, {
    ...common,
    trace: { emit: (event) => void (left-- > 0 && lines.emit(event)) },
  });
  try {
    let remaining = flags.maxInstructions ?? Number.POSITIVE_INFINITY;
    for (const slice = 100_000; remaining > 0 && left > 0; remaining -= slice) {
      const result = world.run(Math.min(slice, remaining));
      if (result !== undefined) return reported(result);
    }
    return left > 0 ? ExitCode.instructionLimit : ExitCode.ok;
  } finally {
    world.dispose();
  }
}

/** Says on stderr why a world did not end by itself, and gives the exit code. */
function reported(result: WorldResult): number {
  if (result.message !== undefined) writeAll(2, `worldswitch: ${result.message}\n`);
  return exitCodeOf(result);
}

function exitCodeOf(result: WorldResult): number {
  return result.reason === 'exited' ? result.exitCode : exitCodeOfReason(result.reason);
}

function summarize(results: readonly TogetherResult[]): number {
  let code: number = ExitCode.ok;
  for (const { name, result } of results) {
    const how = result.reason === 'exited' ? `exit code ${result.exitCode}` : (result.message ?? result.reason);
    writeAll(2, `${name}: ${how}\n`);
    if (code === ExitCode.ok) code = exitCodeOf(result);
  }
  return code;
}

/** The host's process table, as `ps` prints it. */
function psText(rows: readonly TaskInfo[], instructions: number): string {
  const table = new Table({
    head: ['ID', 'PARENT', 'KIND', 'STATE', 'INSTRUCTIONS', 'FRAMES', 'NAME'],
    colAligns: ['right', 'right', 'left', 'left', 'right', 'right', 'left'],
    style: { head: pc.isColorSupported ? ['bold'] : [], border: pc.isColorSupported ? ['grey'] : [], compact: true },
  });
  for (const row of rows) {
    const state = row.exitCode === undefined ? row.state : `${row.state} (${row.exitCode})`;
    table.push([row.id, row.parent, row.kind, state, row.instructions.toLocaleString('en-US'), row.frames, row.name]);
  }
  return `after ${instructions.toLocaleString('en-US')} instructions of the machine\n${table.toString()}`;
}

/** Puts a world's name before each of its lines, and never mixes two worlds in one line. */
function linePrefixer(): { write(world: string, bytes: Uint8Array): void; flush(): void } {
  const pending = new Map<string, string>();
  const decoder = new TextDecoder();
  return {
    write(world, bytes) {
      const lines = `${pending.get(world) ?? ''}${decoder.decode(bytes)}`.split('\n');
      pending.set(world, lines.pop() ?? '');
      for (const line of lines) writeAll(1, `${world} | ${line}\n`);
    },
    flush() {
      for (const [world, line] of pending) if (line !== '') writeAll(1, `${world} | ${line}\n`);
    },
  };
}
