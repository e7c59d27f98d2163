import {
  DebuggerError,
  type EventFilter,
  type EventKind,
  eventJson,
  eventKinds,
  eventText,
  type PrivilegeName,
  readElfSymbols,
  SymbolTable,
  traceMachine,
} from '@worldswitch/debugger';
import { guestKernelElf } from '@worldswitch/guest-os';
import { Machine, type RunEnd } from '@worldswitch/machine';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { companions } from '../../compare/built-in-program.ts';
import { guestSpec } from '../../compare/worlds.ts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { loadKernels, loadProgram, readInput } from '../files/input.ts';
import { writeAll } from '../files/output.ts';
import { startMistake } from '../machine-run/start-mistake.ts';
import { orNearOnes } from '../near-names.ts';
import { collect, commaList, hartCount, type MachineFlags, machineOptions } from '../options.ts';

/** Flags of `trace` that choose what a machine does, instead of who hands control to whom. */
export interface TraceEventFlags extends MachineFlags {
  readonly world?: readonly string[];
  readonly events?: readonly EventKind[];
  readonly hart?: readonly number[];
  readonly privilege?: readonly PrivilegeName[];
  readonly range?: readonly string[];
  readonly symbols?: readonly string[];
  readonly format?: 'text' | 'json';
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly smp?: number;
  readonly guestKernel?: string;
  readonly limit?: number;
  readonly maxInstructions?: number;
}

const privileges: readonly PrivilegeName[] = ['U', 'S', 'M'];
/** Flags that describe a machine. */
const machineFlags = ['kernel', 'initrd', 'append', 'smp'] as const;
const defaultMemory = 64 << 20;
const SLICE = 1_000_000;

export function addTraceEventOptions(command: Command): Command {
  return command
    .option('--events <kinds>', `what a bare machine does instead: ${eventKinds.join(', ')}`, kindList)
    .option('--hart <numbers>', 'with --events: only these harts', hartList)
    .option('--privilege <modes>', 'with --events: only in U, S or M mode', privilegeList)
    .option('--range <range>', 'with --events: START-END or a symbol: where pc or the address is; several', collect)
    .option('--symbols <file>', 'with --events: an ELF file that names functions; several', collect)
    .addOption(new Option('--format <name>', 'with --events').choices(['text', 'json']).default('text'))
    .option('--kernel <file>', 'with --events: a machine with this kernel instead of a program')
    .option('--initrd <file>', 'initial RAM disk for --kernel')
    .option('--append <text>', 'kernel command line for --kernel')
    .option('--smp <n>', 'harts of the machine with --kernel, 1 to 8', hartCount);
}

/** Says which flags make no sense without --events. */
export function refuseTraceEventFlags(flags: TraceEventFlags): void {
  const choice = (['hart', 'privilege', 'range', 'symbols'] as const).find((name) => flags[name] !== undefined);
  if (choice) throw new UserError(`--${choice} chooses among events: give --events as well`, ExitCode.usage);
  const part = machineFlags.find((name) => flags[name] !== undefined);
  if (!part) return;
  throw new UserError(
    `--${part} is for a machine, which is traced by its events: give --events as well, such as --events traps`,
    ExitCode.usage,
  );
}

/** Refuses a program beside a machine, and parts of a machine without its kernel. */
function refuseMixture(program: string | undefined, flags: TraceEventFlags): void {
  if (flags.kernel !== undefined) {
    if (program === undefined) return;
    throw new UserError(`a machine runs its kernel, not '${program}' too`, ExitCode.usage);
  }
  const part = machineFlags.find((name) => flags[name] !== undefined);
  if (part) throw new UserError(`--${part} is for a machine: give it a --kernel as well`, ExitCode.usage);
}

/** Refuses harts that the machine has not. */
function refuseOtherHarts(wanted: readonly number[] | undefined, { length }: Machine['harts']): void {
  const other = wanted?.find((hart) => hart >= length);
  if (other === undefined) return;
  const harts = length === 1 ? 'hart 0 alone' : `harts 0 to ${length - 1}`;
  throw new UserError(`--hart: there is no hart ${other}; this machine has ${harts}`, ExitCode.usage);
}

/** Prints what a machine does, a line for each event. */
export function traceEventsVerb(program: string | undefined, args: readonly string[], flags: TraceEventFlags): number {
  const other = flags.world?.find((name) => name !== 'bare');
  if (other !== undefined) {
    throw new UserError(`--events shows what a bare machine does, not the world '${other}'`, ExitCode.usage);
  }
  refuseMixture(program, flags);
  const kinds = new Set(flags.events);
  if (kinds.has('csr') && flags.engine !== undefined && flags.engine !== 'reference') {
    throw new UserError('CSR accesses are seen by the reference engine alone: leave --engine out', ExitCode.usage);
  }
  const symbols = symbolsOf(program, args, flags);
  if (kinds.has('functions') && !symbols) {
    throw new UserError(
      'functions are traced by their symbols: give --symbols an ELF file that has them',
      ExitCode.usage,
    );
  }
  const filter = filterOf(flags, kinds, symbols);
  const machine = createMachine(program, args, kinds.has('csr') ? { ...flags, engine: 'reference' } : flags);
  try {
    refuseOtherHarts(flags.hart, machine.harts);
    return run(machine, filter, symbols, flags);
  } catch (error) {
    if (error instanceof DebuggerError) throw new UserError(error.message, ExitCode.usage);
    throw error;
  } finally {
    machine.dispose();
  }
}

function run(machine: Machine, filter: EventFilter, symbols: SymbolTable | undefined, flags: TraceEventFlags): number {
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  const format = flags.format === 'json' ? eventJson : eventText;
  let pending = '';
  const trace = traceMachine({
    machine,
    filter,
    ...(symbols && { symbols }),
    emit(event) {
      if (left <= 0) return;
      pending += `${format(event, symbols)}\n`;
      if (--left <= 0) machine.stop();
    },
  });
  let rest = flags.maxInstructions ?? Number.POSITIVE_INFINITY;
  let end: RunEnd = { reason: 'budget', exitCode: 0 };
  while (rest > 0 && left > 0 && (end.reason === 'budget' || end.reason === 'until')) {
    end = trace.run({ maxInstructions: Math.min(rest, SLICE), until: () => left <= 0 });
    rest -= SLICE;
    writeAll(1, pending);
    pending = '';
  }
  if (left <= 0) return ExitCode.ok;
  switch (end.reason) {
    case 'poweroff':
      return end.exitCode & 0xff;
    case 'reset':
      return ExitCode.ok;
    case 'idle':
    case 'stuck':
      writeAll(2, `worldswitch: ${end.message ?? end.reason}\n`);
      return ExitCode.guestFault;
    case 'budget':
    case 'until':
    case 'waiting':
      return ExitCode.instructionLimit;
    default:
      return end.reason satisfies never;
  }
}

function createMachine(program: string | undefined, args: readonly string[], flags: TraceEventFlags): Machine {
  const { engine, createTlb, guestMemoryBytes = defaultMemory } = machineOptions(flags);
  const own = flags.kernel === undefined ? undefined : readInput(flags.kernel, 'kernel');
  const common = {
    memoryBytes: guestMemoryBytes,
    ...(engine && { engine }),
    ...(createTlb && { tlb: createTlb }),
    ...flags.extension,
  };
  try {
    if (own) {
      return Machine.create({
        ...common,
        kernel: own,
        ...(flags.initrd !== undefined && { initrd: readInput(flags.initrd, 'initial RAM disk') }),
        ...(flags.append !== undefined && { bootArguments: flags.append }),
        ...(flags.smp !== undefined && { harts: flags.smp }),
      });
    }
    if (program === undefined) throw new UserError('give a program to trace, or a --kernel', ExitCode.usage);
    const files = companions(program);
    const guest = guestSpec(loadKernels(flags).unmodifiedKernel, {
      program: loadProgram(program, args),
      ...(files && { files }),
      input: new Uint8Array(0),
    });
    const { kernel, initrd, bootArguments } = guest;
    return Machine.create({
      ...common,
      kernel,
      ...(initrd && { initrd }),
      ...(bootArguments !== undefined && { bootArguments }),
    });
  } catch (error) {
    throw startMistake(error, flags.kernel, own);
  }
}

/** Of the files given; else of what runs, as far as it has some. */
function symbolsOf(
  program: string | undefined,
  args: readonly string[],
  flags: TraceEventFlags,
): SymbolTable | undefined {
  if (flags.symbols) {
    return new SymbolTable(
      flags.symbols.flatMap((file) => {
        try {
          return [...readElfSymbols(readInput(file, 'symbol file'))];
        } catch (error) {
          if (!(error instanceof DebuggerError)) throw error;
          throw new UserError(`no symbols in '${file}': ${error.message}`, ExitCode.badInput);
        }
      }),
    );
  }
  const images: Uint8Array[] = [];
  if (flags.kernel !== undefined) images.push(readInput(flags.kernel, 'kernel'));
  else {
    images.push(
      flags.guestKernel === undefined ? guestKernelElf('full') : readInput(flags.guestKernel, 'guest kernel'),
    );
    if (program !== undefined) images.push(loadProgram(program, args).image);
  }
  const symbols = images.flatMap((image) => {
    try {
      return [...readElfSymbols(image)];
    } catch (error) {
      if (error instanceof DebuggerError) return [];
      throw error;
    }
  });
  return symbols.length > 0 ? new SymbolTable(symbols) : undefined;
}

function filterOf(
  flags: TraceEventFlags,
  kinds: ReadonlySet<EventKind>,
  symbols: SymbolTable | undefined,
): EventFilter {
  return {
    kinds,
    ...(flags.hart && { harts: new Set(flags.hart) }),
    ...(flags.privilege && { privileges: new Set(flags.privilege) }),
    ...(flags.range && { ranges: flags.range.map((text) => rangeOf(text, symbols)) }),
  };
}

function rangeOf(text: string, symbols: SymbolTable | undefined): { readonly start: bigint; readonly end: bigint } {
  const match = /^(0x[0-9a-f]{1,16}|\d{1,19})-(0x[0-9a-f]{1,16}|\d{1,19})$/i.exec(text);
  if (match) {
    const [start, end] = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)];
    if (start < end) return { start, end };
    throw new UserError(`--range: expected an END above START, got '${text}'`, ExitCode.usage);
  }
  const symbol = symbols?.named(text);
  if (!symbol) {
    const near = symbols ? orNearOnes(text, symbols.names) : ', as there are no symbols: give --symbols';
    throw new UserError(
      `--range: there is no symbol '${text}'${near}; expected one, or START-END such as 0x80200000-0x80201000`,
      ExitCode.usage,
    );
  }
  return { start: symbol.address, end: symbol.address + (symbol.size || 4n) };
}

function kindList(text: string): EventKind[] {
  return commaList(text).map((name) => {
    const kind = eventKinds.find((candidate) => candidate === name);
    if (!kind)
      throw new InvalidArgumentError(`expected ${eventKinds.join(', ')} with commas between them, got '${name}'.`);
    return kind;
  });
}

function privilegeList(text: string): PrivilegeName[] {
  return commaList(text).map((name) => {
    const privilege = privileges.find((candidate) => candidate === name.toUpperCase());
    if (!privilege) throw new InvalidArgumentError(`expected U, S or M, got '${name}'.`);
    return privilege;
  });
}

function hartList(text: string): number[] {
  return commaList(text).map((name) => {
    if (!/^[0-7]$/.test(name)) throw new InvalidArgumentError(`expected numbers of harts from 0 to 7, got '${name}'.`);
    return Number(name);
  });
}
