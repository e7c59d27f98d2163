import type { WorldResult } from '@worldswitch/contracts';

/**
 * What the command's exit status means. `run` ends with the program's own exit code when the program ended by itself; the
 * codes of sysexits.h and those from 122 on say that it did not come to that.
 */
export const ExitCode = {
  ok: 0,
  /** `compare`: the worlds disagree, or the program failed in all of them. */
  worldsDisagree: 1,
  /** An unknown option or command, or a value that is not what the option takes (EX_USAGE). */
  usage: 64,
  /** A file that is not what it should be: a broken ELF, a bundle without config.json (EX_DATAERR). */
  badInput: 65,
  /** A file that cannot be opened or written (EX_NOINPUT). */
  noInput: 66,
  /** Something outside is missing, such as the package registry (EX_UNAVAILABLE). */
  unavailable: 69,
  /** A defect of Worldswitch itself (EX_SOFTWARE). */
  internal: 70,
  /** `--max-time` of virtual time went by. */
  timeLimit: 119,
  /** The text of `--fail-text` came. */
  failText: 120,
  /** The machine ended before all texts of `--expect-text` had come. */
  textMissing: 121,
  /** A guest printed more than it may. */
  outputLimit: 122,
  /** A guest could not go on: it jumped into nowhere, touched memory that is not there, lost its trap handler. */
  guestFault: 123,
  /** `--max-instructions` ran out. */
  instructionLimit: 124,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code for a world whose program did not end by itself. */
export function exitCodeOfReason(reason: Exclude<WorldResult['reason'], 'exited'> | 'refused'): ExitCode {
  switch (reason) {
    case 'refused':
      return ExitCode.badInput;
    case 'fault':
      return ExitCode.guestFault;
    case 'output-limit':
      return ExitCode.outputLimit;
    case 'budget':
      return ExitCode.instructionLimit;
    default:
      return reason satisfies never;
  }
}

/** A mistake in what the user gave: one sentence saying what was expected and where, and the exit code that goes with it. */
export class UserError extends Error {
  override readonly name = 'UserError';
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
  }
}
