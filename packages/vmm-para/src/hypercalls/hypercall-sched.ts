import { type Domain, endDomain } from '../domain/domain.ts';
import { returnFromTrap } from '../events/trap-delivery.ts';
import { type HypercallArguments, SchedCommand } from './hypercall-commands.ts';
import { Status } from './status.ts';

export function setTrapTable(domain: Domain, args: HypercallArguments): number {
  const bytes = new Uint8Array(32);
  if (!domain.memory.copyIn(args[0]!, bytes)) return Status.badAddress;
  const entries = new DataView(bytes.buffer);
  domain.traps.systemCall = entries.getBigUint64(0, true);
  domain.traps.pageFault = entries.getBigUint64(8, true);
  domain.traps.exception = entries.getBigUint64(16, true);
  domain.traps.event = entries.getBigUint64(24, true);
  return Status.ok;
}

/** Deadlines beyond what a clock below 2^53 reaches never come. */
export function setTimerOp(domain: Domain, args: HypercallArguments): number {
  const deadline = args[0]!;
  domain.timerDeadline = deadline === 0n || deadline >= 2n ** 53n ? Number.POSITIVE_INFINITY : Number(deadline);
  return Status.ok;
}

/** YIELD and BLOCK take effect in the exit handler, which knows the host's scheduler: here is what they do to the domain. */
export function schedOp(domain: Domain, args: HypercallArguments): number {
  switch (Number(args[0]!)) {
    case SchedCommand.YIELD:
      return Status.ok;
    case SchedCommand.BLOCK:
      domain.shared.isMasked = false;
      return Status.ok;
    case SchedCommand.SHUTDOWN:
      endDomain(domain, { reason: 'exited', exitCode: Number(args[1]! & 0xffn) });
      return Status.ok;
    default:
      return Status.notImplemented;
  }
}

export function iret(domain: Domain): number | undefined {
  const status = returnFromTrap(domain);
  return status === Status.ok ? undefined : status;
}
