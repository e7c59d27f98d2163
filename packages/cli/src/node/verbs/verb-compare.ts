import { companions } from '../../compare/built-in-program.ts';
import { type CompareReport, compare } from '../../compare/compare.ts';
import { ExitCode, exitCodeOfReason } from '../../exit-codes.ts';
import { loadKernels, loadProgram } from '../files/input.ts';
import { progressLine, traceFile, writeAll } from '../files/output.ts';
import { chooseWorld } from '../files/user-world.ts';
import { type MachineFlags, machineOptions } from '../options.ts';
import { reportText } from './report-text.ts';

export interface CompareFlags extends MachineFlags {
  readonly worlds: string[];
  readonly world?: string[];
  readonly json?: boolean;
  readonly trace?: string;
  readonly maxInstructions?: number;
  readonly maxOutput?: number;
  readonly rounds?: number;
  readonly guestKernel?: string;
  readonly paraKernel?: string;
}

export async function compareVerb(name: string, args: readonly string[], flags: CompareFlags): Promise<number> {
  const worlds = await Promise.all([...flags.worlds, ...(flags.world ?? [])].map(chooseWorld));
  const program = loadProgram(name, args);
  const files = companions(name);
  const kernels = loadKernels(flags);
  const trace = flags.trace === undefined ? undefined : traceFile(flags.trace);
  const line = progressLine();
  let report: CompareReport;
  try {
    report = compare({
      program,
      worlds,
      ...(files === undefined ? {} : { files }),
      ...kernels,
      ...machineOptions(flags),
      ...(flags.maxInstructions === undefined ? {} : { maxInstructions: flags.maxInstructions }),
      ...(flags.rounds === undefined ? {} : { rounds: flags.rounds }),
      ...(flags.maxOutput === undefined ? {} : { maxOutputBytes: flags.maxOutput }),
      ...(trace === undefined ? {} : { trace }),
      onProgress: ({ world, state, instructions }) =>
        line.show(
          `${world}: ${state}${instructions > 0 ? `, ${(instructions / 1e6).toFixed(0)} million instructions` : ''}`,
        ),
    });
  } finally {
    line.clear();
    trace?.close();
  }
  writeAll(1, flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : `${reportText(report)}\n`);
  return exitCodeOf(report);
}

/** What went wrong first, in the order of the worlds; the table shows the rest. */
function exitCodeOf(report: CompareReport): number {
  for (const { reason } of report.worlds) if (reason !== 'exited') return exitCodeOfReason(reason);
  return report.identical ? ExitCode.ok : ExitCode.worldsDisagree;
}
