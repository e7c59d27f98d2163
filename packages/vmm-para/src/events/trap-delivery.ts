import { currentActor, type Domain, endWithFault, enterAddressSpace } from '../domain/domain.ts';
import { EVENT_UPCALL_CAUSE, TrapFlag } from '../domain/shared-info.ts';
import { Status } from '../hypercalls/status.ts';

/** Instruction addresses are even: the lowest bit is ignored, as jalr and xepc do. */
const EVEN = 0xffff_ffff_ffff_fffen;

/**
 * Enters the guest kernel: what happened goes to the shared page's trap frame area, events are masked, the kernel root comes
 * into force. General registers stay as they are.
 * @param entry 0 when the guest has registered none: then the domain is over.
 * @param name of the cause, for messages and the trace.
 */
export function enterGuestKernel(
  domain: Domain,
  entry: bigint,
  cause: number,
  isInterrupt: boolean,
  value: bigint,
  name: string,
): void {
  const { vcpu, shared } = domain;
  if (entry === 0n) {
    endWithFault(
      domain,
      `${name} at pc 0x${vcpu.pc.toString(16)} (value 0x${value.toString(16)}) in ${currentActor(domain)} mode, and no handler is registered`,
    );
    return;
  }
  const flags = domain.isUser ? TrapFlag.user : shared.isMasked ? TrapFlag.masked : 0;
  shared.writeTrap(vcpu.pc, flags, cause, isInterrupt, value);
  shared.isMasked = true;
  if (domain.isUser) {
    domain.accounting.charge(vcpu.counters, true);
    domain.isUser = false;
    enterAddressSpace(domain);
  }
  if (domain.trace !== undefined) domain.entryCause = `inject ${name}`;
  vcpu.pc = entry & EVEN;
}

/** Enters the guest kernel for a pending event, if there is one and nothing masks it. */
export function deliverEvents(domain: Domain): void {
  const { shared } = domain;
  if (!shared.isUpcallPending || (!domain.isUser && shared.isMasked)) return;
  domain.accounting.countTrap('event-upcall');
  enterGuestKernel(domain, domain.traps.event, EVENT_UPCALL_CAUSE, true, 0n, 'event-upcall');
}

/** Goes on as the trap frame area says. The guest kernel has loaded all registers but a7. */
export function returnFromTrap(domain: Domain): Status {
  const { vcpu, shared } = domain;
  const flags = shared.trapFlags;
  const isToUser = (flags & TrapFlag.user) !== 0;
  if (isToUser && domain.userRoot < 0) return Status.invalid;
  vcpu.writeX(17, shared.iretA7);
  vcpu.pc = shared.trapPc & EVEN;
  shared.isMasked = !isToUser && (flags & TrapFlag.masked) !== 0;
  if (isToUser) {
    domain.accounting.charge(vcpu.counters, false);
    domain.accounting.beginProgram(vcpu.counters);
    domain.isUser = true;
    enterAddressSpace(domain);
  }
  domain.entryCause = 'iret';
  return Status.ok;
}
