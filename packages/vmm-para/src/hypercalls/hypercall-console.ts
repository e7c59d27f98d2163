import { type Domain, endDomain } from '../domain/domain.ts';
import { STAGING_BYTES } from '../memory/guest-memory.ts';
import { ConsoleCommand, type HypercallArguments } from './hypercall-commands.ts';
import { Status } from './status.ts';

export function consoleIo(domain: Domain, args: HypercallArguments): number {
  const count = Number(args[1]! < BigInt(STAGING_BYTES) ? args[1]! : BigInt(STAGING_BYTES));
  switch (Number(args[0]!)) {
    case ConsoleCommand.WRITE:
      return write(domain, args[2]!, count);
    case ConsoleCommand.READ: {
      const bytes = domain.console.read(count);
      return domain.memory.copyOut(args[2]!, bytes) ? bytes.length : Status.badAddress;
    }
    default:
      return Status.notImplemented;
  }
}

function write(domain: Domain, address: bigint, count: number): number {
  const bytes = new Uint8Array(count);
  if (!domain.memory.copyIn(address, bytes)) return Status.badAddress;
  domain.console.write(bytes);
  if (domain.console.isFlooded) {
    endDomain(domain, {
      reason: 'output-limit',
      exitCode: -1,
      message: `domain ${domain.name}: more console output than the ${domain.console.output().length} bytes allowed`,
    });
  }
  return count;
}
