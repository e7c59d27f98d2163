import { Actor } from '@worldswitch/contracts';
import { currentActor, type Domain } from './domain/domain.ts';

/** What the guest is told when nothing happened to it. */
export const RESUME = 'resume';

/** Callers check `domain.trace` first, so that a hop that nobody watches costs nothing. */
function emit(domain: Domain, from: Actor, to: Actor, cause: string, value?: bigint, detail?: string): void {
  domain.trace?.emit({
    time: domain.host.instructions,
    world: domain.name,
    from,
    to,
    cause,
    handledBy: to,
    pc: domain.vcpu.pc,
    ...(value === undefined ? {} : { value }),
    ...(detail === undefined ? {} : { detail }),
  });
}

/**
 * The hops of an exit: from whose instructions ran to the host OS, by the machine's cause, and on to the hypervisor, by its
 * reason. None when the hypervisor had control already.
 */
export function traceExit(domain: Domain, cause: string, reason: string, value?: bigint, detail?: string): void {
  if (domain.isHeldInTrace) return;
  domain.isHeldInTrace = true;
  domain.entryCause = RESUME;
  emit(domain, currentActor(domain), Actor.host, cause, value, detail);
  emit(domain, Actor.host, Actor.hypervisor, reason, value, detail);
}

/** The hypervisor lets the guest go on: the program, or its kernel where it is to be entered. */
export function traceEntry(domain: Domain): void {
  if (!domain.isHeldInTrace) return;
  domain.isHeldInTrace = false;
  emit(domain, Actor.hypervisor, currentActor(domain), domain.entryCause);
}
