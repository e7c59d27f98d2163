import { version } from '../../package.json';
import { ExitCode, UserError } from '../exit-codes.ts';
import { openDrive } from '../node/files/drive.ts';
import { runMachine } from '../node/machine-run/run-machine.ts';
import { qemuArgumentsText } from './qemu-arguments.ts';
import { parseQemuArguments } from './qemu-command-line.ts';

/** The release of QEMU whose documentation the arguments follow; scripts of courses look for one in the first line. */
const QEMU_VERSION = '9.2.0';

/** Runs a command line written for qemu-system-riscv64 and returns the exit code. */
export async function qemuMain(args: readonly string[]): Promise<number> {
  try {
    const request = parseQemuArguments(args);
    if (request.kind === 'run') {
      // As QEMU does; nothing is ever written there.
      for (const { file, readOnly } of request.idleDrives) openDrive({ file, readOnly, snapshot: true }).close();
      return await runMachine(request.description, request.options);
    }
    if (request.kind === 'help') process.stdout.write(helpText());
    else {
      process.stdout.write(
        `QEMU emulator version ${QEMU_VERSION} (arguments only: this is worldswitch ${version}, not QEMU)\n`,
      );
    }
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof UserError) {
      process.stderr.write(`worldswitch-qemu: ${error.message}\n`);
      return error.exitCode;
    }
    process.stderr.write(
      `worldswitch-qemu: internal error, please report it: ${(error as Error).stack ?? String(error)}\n`,
    );
    return ExitCode.internal;
  }
}

function helpText(): string {
  return `worldswitch-qemu: takes the arguments of qemu-system-riscv64 for -machine virt, so that make QEMU=worldswitch-qemu works.

${qemuArgumentsText()}

Any other argument is rejected with one message.
Exit codes: the machine's own when it switches itself off; ${ExitCode.usage} a wrong or unsupported argument, ${ExitCode.badInput} a file that is not what it
should be, ${ExitCode.noInput} a file that cannot be opened or written, ${ExitCode.guestFault} the machine cannot go on, 128 + N ended by signal N.
`;
}
