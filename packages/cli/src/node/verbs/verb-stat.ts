import { bootArguments, createInitrd, guestKernel, programNames } from '@worldswitch/guest-os';
import { LoadError, Machine, MachineError, type MachineStatistics } from '@worldswitch/machine';
import type { Command } from 'commander';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { loadProgram, readInput } from '../files/input.ts';
import { writeAll } from '../files/output.ts';
import { addMachineOptions, type MachineFlags } from '../options.ts';
import { DEFAULT_PROGRAM, programOf } from './program-of.ts';
import { statisticsRows } from './statistics-text.ts';

interface StatFlags extends MachineFlags {
  readonly program?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly until?: string;
  readonly maxInstructions?: number;
  readonly json?: boolean;
}

const GUEST_MEMORY = 64 * 2 ** 20;
const KERNEL_MEMORY = 512 * 2 ** 20;

/** Adds `stat`: runs a machine and says what its engine did. */
export function addStatCommand(program: Command, setExitCode: (code: number) => void): void {
  addMachineOptions(
    program
      .command('stat')
      .description('run a program on the bare machine, or a kernel, and say how it was executed and what that cost')
      .argument('[program]', `ELF file, or one of ${programNames.join(', ')} (default: ${DEFAULT_PROGRAM})`)
      .argument('[arguments...]', "the program's arguments, after --")
      .option('--program <file>', 'the same as the first argument')
      .option('--kernel <file>', 'run this kernel instead: Linux image, ELF or raw code')
      .option('--initrd <file>', 'initial RAM disk for --kernel')
      .option('--append <text>', 'kernel command line for --kernel')
      .option('--until <text>', 'stop when the console has said this')
      .option('--json', 'print one JSON document; the console goes to standard error'),
  ).action((name: string | undefined, args: string[], flags: StatFlags) => {
    if (flags.kernel !== undefined && (flags.program ?? name) !== undefined) {
      throw new UserError(`a machine runs its kernel, not '${flags.program ?? name}' too`, ExitCode.usage);
    }
    setExitCode(statVerb(...programOf(name, args, flags.program), flags));
  });
}

function statVerb(name: string, args: readonly string[], flags: StatFlags): number {
  if (flags.kernel === undefined && (flags.initrd ?? flags.append) !== undefined) {
    throw new UserError('--initrd and --append are for a --kernel: give one as well', ExitCode.usage);
  }
  const consoleFile = flags.json ? 2 : 1;
  let said = '';
  let isSaid = false;
  const write = (bytes: Uint8Array): void => {
    writeAll(consoleFile, bytes);
    if (flags.until === undefined || isSaid) return;
    said = (said + String.fromCharCode(...bytes)).slice(-4096);
    isSaid = said.includes(flags.until);
  };
  const start = performance.now();
  try {
    const machine = Machine.create({
      ...(flags.kernel === undefined ? programOptions(name, args, flags) : kernelOptions(flags.kernel, flags)),
      ...(flags.engine && { engine: flags.engine }),
      ...(flags.tlb && { tlb: flags.tlb }),
      ...flags.extension,
      statisticsClock: () => performance.now(),
      console: { write, read: () => new Uint8Array(0) },
    });
    const end = machine.run({
      ...(flags.maxInstructions !== undefined && { maxInstructions: flags.maxInstructions }),
      until: () => isSaid,
    });
    report(machine.statistics, end.reason, performance.now() - start, flags.json === true);
    machine.dispose();
    return end.reason === 'stuck' ? ExitCode.guestFault : end.exitCode;
  } catch (error) {
    if (error instanceof LoadError || error instanceof MachineError) {
      throw new UserError(error.message, ExitCode.badInput);
    }
    throw error;
  }
}

/** The project's own guest kernel with the program as its first process. */
function programOptions(name: string, args: readonly string[], flags: StatFlags) {
  const { image } = loadProgram(name, args);
  return {
    memoryBytes: flags.memory ?? GUEST_MEMORY,
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: image } }),
    bootArguments: bootArguments({ init: '/program', args, quiet: true }),
  };
}

function kernelOptions(kernel: string, flags: StatFlags) {
  return {
    memoryBytes: flags.memory ?? KERNEL_MEMORY,
    kernel: readInput(kernel, 'kernel'),
    ...(flags.initrd !== undefined && { initrd: readInput(flags.initrd, 'initial RAM disk') }),
    ...(flags.append !== undefined && { bootArguments: flags.append }),
  };
}

function report(statistics: MachineStatistics, reason: string, wallMs: number, isJson: boolean): void {
  if (isJson) {
    writeAll(1, `${JSON.stringify({ end: reason, wallMs, ...statistics }, undefined, 2)}\n`);
    return;
  }
  const rows = statisticsRows(statistics);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  const [first, second] = [width(0), width(1)];
  const lines = rows.map(([what, value, remark]) =>
    `${what.padEnd(first)}  ${value.padStart(second)}  ${remark}`.trimEnd(),
  );
  writeAll(2, `\n${lines.join('\n')}\n\nended: ${reason}, after ${(wallMs / 1000).toFixed(2)} s in all\n`);
}
