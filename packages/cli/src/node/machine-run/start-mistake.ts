import { parseElf } from '@worldswitch/host-os';
import { LoadError, MachineError } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { USER_END } from '../files/input.ts';

/** Why no machine could be made; whoever gave a program in place of the kernel is told what to do with it. */
export function startMistake(error: unknown, path: string | undefined, kernel: Uint8Array | undefined): unknown {
  if (!(error instanceof LoadError || error instanceof MachineError)) return error;
  const way = kernel && isProgram(kernel) ? `, or run it as a program: worldswitch run ${path}` : '';
  return new UserError(`the machine cannot be started: ${error.message}${way}`, ExitCode.badInput);
}

function isProgram(file: Uint8Array): boolean {
  try {
    parseElf(file, USER_END);
    return true;
  } catch {
    return false;
  }
}
