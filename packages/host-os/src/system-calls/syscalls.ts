import { InternalError } from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';
import { fileCalls } from './sys-file.ts';
import { memoryCalls } from './sys-memory.ts';
import { namespaceCalls } from './sys-namespace.ts';
import { pathCalls } from './sys-path.ts';
import { processCalls } from './sys-process.ts';
import { signalCalls } from './sys-signal.ts';
import { timeCalls } from './sys-time.ts';
import { MAX_CALL, type SupportLevel, type SystemCall } from './system-call.ts';

const supportLevels: readonly unknown[] = ['full', 'partial', 'accepted'] satisfies SupportLevel[];

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

/**
 * The table by number; extensions replace rows of the same number.
 * @throws HostOsError EINVAL for an extension that is no system call.
 */
export function indexSystemCalls(extensions: readonly SystemCall[] = []): readonly (SystemCall | undefined)[] {
  const byNumber: (SystemCall | undefined)[] = [];
  for (const call of systemCallTable()) {
    if (byNumber[call.number] !== undefined)
      throw new InternalError(`system call ${call.number} is in the table twice`);
    byNumber[call.number] = call;
  }
  if (!Array.isArray(extensions)) throw new HostOsError('EINVAL', 'systemCalls must be a list of system calls');
  const added = new Set<number>();
  for (const call of extensions as readonly SystemCall[]) {
    requireCall(call);
    if (added.has(call.number))
      throw new HostOsError('EINVAL', `two system calls of your own have the number ${call.number}`);
    added.add(call.number);
    byNumber[call.number] = call;
  }
  return byNumber;
}

/** Refuses what code without types may hand in. */
function requireCall(call: SystemCall): void {
  const { number, name, support, handler } = call;
  const refuse = (what: string): never => {
    throw new HostOsError('EINVAL', `the system call '${String(name)}' (${String(number)}) ${what}`);
  };
  if (!Number.isInteger(number) || number < 0 || number >= MAX_CALL) {
    refuse(`must have a whole number from 0 to ${MAX_CALL - 1}`);
  }
  if (typeof name !== 'string' || name === '') refuse('must have a name');
  if (!supportLevels.includes(support)) refuse(`must have a support that is one of ${supportLevels.join(', ')}`);
  if (typeof handler !== 'function') refuse('must have a handler: (process, args) => number');
}
