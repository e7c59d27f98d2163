import { InternalError } from '@worldswitch/contracts';
import { fileCalls } from './sys-file.ts';
import { memoryCalls } from './sys-memory.ts';
import { namespaceCalls } from './sys-namespace.ts';
import { pathCalls } from './sys-path.ts';
import { processCalls } from './sys-process.ts';
import { signalCalls } from './sys-signal.ts';
import { timeCalls } from './sys-time.ts';
import type { SystemCall } from './system-call.ts';

/** Every system call there is, in the order of their numbers. A number that is not here is answered with ENOSYS. */
export function systemCallTable(): readonly SystemCall[] {
  return [
    ...fileCalls,
    ...pathCalls,
    ...memoryCalls,
    ...processCalls,
    ...signalCalls,
    ...timeCalls,
    ...namespaceCalls,
  ].sort((a, b) => a.number - b.number);
}

/** The table by number; extensions replace rows of the same number. */
export function indexSystemCalls(extensions: readonly SystemCall[] = []): readonly (SystemCall | undefined)[] {
  const byNumber: (SystemCall | undefined)[] = [];
  for (const call of systemCallTable()) {
    if (byNumber[call.number] !== undefined)
      throw new InternalError(`system call ${call.number} is in the table twice`);
    byNumber[call.number] = call;
  }
  for (const call of extensions) byNumber[call.number] = call;
  return byNumber;
}
