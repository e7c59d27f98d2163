import { programNames } from '@worldswitch/guest-os';
import { Command, CommanderError } from 'commander';
import { version } from '../package.json';
import { worldNames } from './compare/worlds.ts';
import { ExitCode, UserError } from './exit-codes.ts';
import { mistakeOfUserModule } from './node/files/user-module.ts';
import {
  addExtensionOption,
  addMachineOptions,
  collect,
  commaList,
  type ExtensionFlag,
  positiveInteger,
} from './node/options.ts';
import { DEFAULT_PROGRAM, programOf } from './node/verbs/program-of.ts';
import { type AssembleFlags, assembleVerb } from './node/verbs/verb-assemble.ts';
import { compareVerb } from './node/verbs/verb-compare.ts';
import { containerVerb } from './node/verbs/verb-container.ts';
import { disassembleVerb } from './node/verbs/verb-disassemble.ts';
import { isaVerb } from './node/verbs/verb-isa.ts';
import {
  addMachineRunOptions,
  describesMachine,
  machineRunVerb,
  refuseMachineFlags,
  refuseWorldFlags,
} from './node/verbs/verb-machine.ts';
import { isMachineFile, machineFileVerb, validateVerb } from './node/verbs/verb-machine-file.ts';
import { runVerb, traceVerb } from './node/verbs/verb-run.ts';
import { addSnapshotCommand } from './node/verbs/verb-snapshot.ts';
import { addStatCommand } from './node/verbs/verb-stat.ts';
import { addTraceEventOptions, refuseTraceEventFlags, traceEventsVerb } from './node/verbs/verb-trace-events.ts';

export { qemuMain } from './qemu/qemu-main.ts';

const hostedWorlds = ['full', 'full', 'container', 'process'];

/** Runs the command line and returns the exit code: see exit-codes.ts. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (error instanceof UserError) {
      process.stderr.write(`worldswitch: ${error.message}\n`);
      return error.exitCode;
    }
    const mistake = mistakeOfUserModule(error);
    if (mistake !== undefined) {
      process.stderr.write(`worldswitch: ${mistake}\n`);
      return ExitCode.badInput;
    }
    process.stderr.write(`worldswitch: internal error, please report it: ${(error as Error).stack ?? String(error)}\n`);
    return ExitCode.internal;
  }
}

function createProgram(setExitCode: (code: number) => void): Command {
  const worlds = `${worldNames.join(', ')}, or the file of a WorldDefinition`;
  const program = new Command('worldswitch')
    .description('Runs one RISC-V program bare, fully virtualized, paravirtualized and in a container, and compares.')
    .version(version)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(try --help)')
    .addHelpText('after', exitCodeHelp());

  addMachineOptions(
    program
      .command('compare')
      .description(
        'run one program in every world; print its output, a table of what it cost, and who handled its traps',
      )
      .argument('[program]', `ELF file, or one of ${programNames.join(', ')} (default: ${DEFAULT_PROGRAM})`)
      .argument('[arguments...]', "the program's arguments, after --")
      .option('--program <file>', 'the same as the first argument')
      .option('--worlds <names>', 'with commas between them', commaList, [...worldNames])
      .option('--world <file>', 'a world of your own besides', collect)
      .option('--json', 'print one JSON document')
      .option('--rounds <n>', 'how often each world is run again for its wall time', positiveInteger, 3)
      .option('--max-output <bytes>', 'end a world that prints more', positiveInteger)
      .option('--trace <file>', 'write every hop: Chrome trace format for *.json, else JSON lines'),
  )
    .option('--guest-kernel <file>', 'another unmodified guest kernel (raw Image or ELF)')
    .option('--para-kernel <file>', 'another paravirtual guest kernel (ELF)')
    .action(async (name: string | undefined, args: string[], flags) =>
      setExitCode(await compareVerb(...programOf(name, args, flags.program), flags)),
    );

  addMachineRunOptions(
    addMachineOptions(
      program
        .command('run')
        .description(
          'run a program in one world, or in several at once on one host; or, with --kernel or a machine file, a whole machine',
        )
        .argument('[program]', 'ELF file, built-in program, or a machine file (*.yaml, *.json)')
        .argument('[arguments...]', "the program's: options of run go before the program")
        .passThroughOptions()
        .option('-i, --interactive', 'give the program what is piped in (a redirected file it gets without)')
        .option('--world <names>', `${worlds}; several share one host (default: process)`, collect)
        .option('--trace <file>', 'write every hop: Chrome trace format for *.json, else JSON lines')
        .option('--ps [instructions]', "print the host's process table again and again", positiveInteger),
    )
      .option('--guest-kernel <file>', 'another unmodified guest kernel (raw Image or ELF)')
      .option('--para-kernel <file>', 'another paravirtual guest kernel (ELF)'),
  ).action(async (name: string | undefined, args: string[], flags) => {
    if (describesMachine(flags)) {
      refuseWorldFlags(flags);
      if (name !== undefined) throw new UserError(`a machine runs its kernel, not '${name}' too`, ExitCode.usage);
      return setExitCode(await machineRunVerb(flags));
    }
    if (name !== undefined && isMachineFile(name)) {
      refuseWorldFlags(flags);
      if (args.length > 0) throw new UserError(`a machine takes no '${args[0]}'; options go before`, ExitCode.usage);
      return setExitCode(await machineFileVerb(name, flags));
    }
    refuseMachineFlags(flags);
    if (name === undefined) throw new UserError('run needs a program, or a machine with --kernel', ExitCode.usage);
    setExitCode(await runVerb(name, args, flags, ['process']));
  });

  program
    .command('validate')
    .description('check a machine file, and that the files it names can be used')
    .argument('<file>', 'YAML or JSON, as run takes it')
    .action(async (file: string) => setExitCode(await validateVerb(file)));

  addMachineOptions(
    program
      .command('ps')
      .description(
        'run two virtual machines, a container and a process at once on one host, and print its process table',
      )
      .argument('[program]', 'ELF file or built-in program', DEFAULT_PROGRAM)
      .argument('[arguments...]')
      .passThroughOptions()
      .option('--world <names>', `what to start (default: ${hostedWorlds.join(',')})`, collect)
      .option('--ps [instructions]', 'instructions between two tables', positiveInteger, 5_000_000),
  ).action(async (name: string, args: string[], flags) => setExitCode(await runVerb(name, args, flags, hostedWorlds)));

  addTraceEventOptions(
    addMachineOptions(
      program
        .command('trace')
        .description('print who hands control to whom, and why, as JSON lines; or, with --events, what a machine does')
        .argument('[program]', 'ELF file or built-in program')
        .argument('[arguments...]')
        .passThroughOptions()
        .option('--world <name>', `${worlds} (default: full)`, collect)
        .option('--guest-kernel <file>', 'another unmodified guest kernel (raw Image or ELF)')
        .option('--limit <n>', 'stop after this many lines', positiveInteger),
    ),
  ).action(async (name: string | undefined, args: string[], flags) => {
    if (flags.events) return setExitCode(traceEventsVerb(name, args, flags));
    refuseTraceEventFlags(flags);
    if (name === undefined) throw new UserError('give a program to trace', ExitCode.usage);
    setExitCode(await traceVerb(name, args, flags));
  });

  program
    .command('container')
    .description('run an OCI bundle: a folder with config.json and a root file system')
    .argument('<bundle>', 'the folder')
    .option(
      '--do <steps>',
      'OCI operations in this order: create, start, state, kill=SIGNAL, delete; run-for=INSTRUCTIONS and wait let time pass',
      commaList,
      ['create', 'start', 'wait', 'delete'],
    )
    .option('-i, --interactive', 'give the program what is piped in (a redirected file it gets without)')
    .option('--id <name>', 'name of the container', 'container')
    .option('--max-instructions <n>', 'for each wait', positiveInteger)
    .action(async (bundle: string, flags) => setExitCode(await containerVerb(bundle, flags)));

  addSnapshotCommand(program, setExitCode);
  addStatCommand(program, setExitCode);
  addExtensionOption(
    program
      .command('isa')
      .description('print the reference page of an instruction, or list all instructions')
      .argument('[name]', 'mnemonic, such as addi'),
  ).action((name: string | undefined, flags: ExtensionFlag) => setExitCode(isaVerb(name, flags)));
  addExtensionOption(
    program
      .command('assemble')
      .description('assemble GNU syntax: print addresses and bytes, or write a program')
      .argument('<file>')
      .option('-o, --output <file>', 'write an ELF executable, which run, compare and run --kernel take')
      .option(
        '--origin <address>',
        'where .text begins (default: 0x80000000 for a kernel; with --output 0x10000, for a program)',
      ),
  ).action((file: string, flags: AssembleFlags) => setExitCode(assembleVerb(file, flags)));
  addExtensionOption(
    program
      .command('disassemble')
      .description('disassemble the code of an ELF file, with the names of its functions where it has them')
      .argument('<file>', 'ELF file or built-in program'),
  ).action((file: string, flags: ExtensionFlag) => setExitCode(disassembleVerb(file, flags)));
  return program;
}

function exitCodeHelp(): string {
  const meaning: Record<keyof typeof ExitCode, string> = {
    ok: 'done',
    worldsDisagree: 'compare: the worlds disagree',
    usage: 'unknown command or option, or a wrong value',
    badInput: 'a file is not what it should be',
    noInput: 'a file cannot be opened or written',
    unavailable: 'something outside is missing: a free port, or the package registry',
    internal: 'a defect of worldswitch',
    timeLimit: '--max-time ran out',
    failText: 'the text of --fail-text came',
    textMissing: 'the machine ended before the text of --expect-text came',
    outputLimit: 'a guest printed more than it may',
    guestFault: 'a guest could not go on',
    instructionLimit: '--max-instructions ran out (for stat an end like any other: 0)',
  };
  const lines = Object.entries(ExitCode).map(
    ([key, code]) => `  ${String(code).padStart(3)}  ${meaning[key as keyof typeof ExitCode]}`,
  );
  return `\nExit codes (run, trace and stat: the program's or the machine's own, when it ended by itself):\n${lines.join('\n')}`;
}
