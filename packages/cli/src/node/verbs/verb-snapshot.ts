import { flattenSnapshots, inspectSnapshot } from '@worldswitch/machine';
import { type Command, InvalidArgumentError } from 'commander';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { writeAll } from '../files/output.ts';
import { readSnapshotFiles, replaceFile, withSnapshots } from '../files/snapshot-file.ts';
import { oneMore } from '../options.ts';

/** Flags of `run` that save the machine, or start from a saved one. */
export interface SnapshotFlags {
  readonly restore?: string[];
  readonly save?: string;
  readonly saveAt?: number;
  readonly saveEvery?: number;
  readonly incremental?: boolean;
}

/** What `run` is to save, and when. */
export interface SavePlan {
  readonly file: string;
  /** Instructions that the machine has retired by then; absent: when the command ends. */
  readonly at?: number;
  /** Again and again after so many instructions. */
  readonly every?: number;
  /** Save only what changed since this one. */
  readonly since?: Uint8Array;
}

export function addSnapshotOptions(command: Command): Command {
  return command
    .option(
      '--restore <file>',
      'go on from a saved machine; then once more for each incremental one, in order',
      oneMore,
    )
    .option('--save <file>', 'save the machine when the command ends, or as the next two options say')
    .option(
      '--save-at <n>',
      'save when the machine has retired this many instructions since it was started',
      instructions,
    )
    .option('--save-every <n>', 'save again and again after this many instructions', instructions)
    .option('--incremental', 'save only what changed since --restore');
}

/** @throws UserError for flags that do not go together. */
export function savePlanOf(flags: SnapshotFlags, restored: readonly Uint8Array[] | undefined): SavePlan | undefined {
  const { save, saveAt, saveEvery, incremental } = flags;
  const refuse = (message: string): never => {
    throw new UserError(message, ExitCode.usage);
  };
  if (save === undefined) {
    if (saveAt !== undefined || saveEvery !== undefined || incremental) refuse('say where to with --save FILE');
    return undefined;
  }
  const since = incremental ? restored?.at(-1) : undefined;
  if (incremental && !since) refuse('--incremental saves what changed since --restore: give one');
  if (incremental && flags.restore?.includes(save)) refuse(`'${save}' is needed to restore what would be saved there`);
  return {
    file: save,
    ...(saveAt !== undefined && { at: saveAt }),
    ...(saveEvery !== undefined && { every: saveEvery }),
    ...(since && { since }),
  };
}

/** Adds `snapshot inspect` and `snapshot flatten`. */
export function addSnapshotCommand(program: Command, setExitCode: (code: number) => void): void {
  const command = program.command('snapshot').description('look at saved machines, and put incremental ones together');
  command
    .command('inspect')
    .description('say what a snapshot is of')
    .argument('<file>')
    .option('--json', 'print one JSON document')
    .action((file: string, flags: { json?: boolean }) => setExitCode(inspectVerb(file, flags.json === true)));
  command
    .command('flatten')
    .description('make one full snapshot of a full one and the incremental ones after it')
    .argument('<files...>', 'in order')
    .requiredOption('-o, --output <file>', 'where to; may be one of them')
    .action((files: string[], flags: { output: string }) => {
      const flat = withSnapshots('put the snapshots together', () => flattenSnapshots(readSnapshotFiles(files)));
      replaceFile(flags.output, flat);
      setExitCode(ExitCode.ok);
    });
}

function inspectVerb(file: string, isJson: boolean): number {
  const [bytes] = readSnapshotFiles([file]);
  const header = withSnapshots(`read '${file}'`, () => inspectSnapshot(bytes!));
  if (isJson) {
    writeAll(1, `${JSON.stringify(header, null, 2)}\n`);
    return ExitCode.ok;
  }
  const { board } = header;
  const number = (value: number) => value.toLocaleString('en-US');
  // A tick of the clock is 100 ns, and short runs are of a few.
  const seconds = (header.time / 1e7).toLocaleString('en-US', { maximumFractionDigits: 7 });
  const rows: readonly (readonly [string, string])[] = [
    ['kind', header.kind === 'full' ? 'full' : `incremental, on top of ${header.parent}`],
    ['id', header.id],
    ['taken after', `${number(header.instructions)} instructions, ${seconds} s of virtual time`],
    ['memory', `${number(board.memoryBytes / 2 ** 20)} MiB, of which ${number(header.pages)} pages are in it`],
    ['contents', `${number(header.contents)} different pages; the file has ${number(header.bytes)} bytes`],
    ['harts', `${board.harts} with ${board.extensions.join(' ')}`],
    ['TLB', board.tlb],
    ['devices', board.devices.filter((name) => !name.endsWith('(empty)')).join(', ')],
  ];
  writeAll(1, rows.map(([name, value]) => `${name.padEnd(12)} ${value}\n`).join(''));
  return ExitCode.ok;
}

function instructions(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new InvalidArgumentError(`expected a whole number above 0, got '${text}'.`);
  }
  return value;
}
