import type { Domain } from '../domain/domain.ts';
import { PORT_COUNT, Virq } from '../events/event-channel.ts';
import { EventCommand, type HypercallArguments } from './hypercall-commands.ts';
import { Status } from './status.ts';

export function eventChannelOp(domain: Domain, args: HypercallArguments): number {
  const { events } = domain;
  const argument = args[1]! < BigInt(PORT_COUNT) ? Number(args[1]!) : -1;
  switch (Number(args[0]!)) {
    case EventCommand.BIND_VIRQ: {
      const port = events.bindVirq(argument);
      // Input that came before anybody listened.
      if (argument === Virq.console && domain.console.hasInput) events.raise(Virq.console);
      return port;
    }
    case EventCommand.CLOSE:
      return events.close(argument);
    case EventCommand.SEND:
      return events.send(argument);
    case EventCommand.STATUS:
      return events.isBound(argument) ? 1 : 0;
    case EventCommand.UNMASK:
      return events.unmask(argument);
    default:
      return Status.notImplemented;
  }
}
