import {
  Actor,
  type HostKernel,
  type TraceSink,
  TranslationMode,
  type Vcpu,
  type WorldResult,
} from '@worldswitch/contracts';
import type { Accounting } from '../accounting.ts';
import type { EventChannels } from '../events/event-channel.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { PageTypes } from '../memory/page-types.ts';
import type { DomainConsole } from './domain-console.ts';
import type { SharedInfo } from './shared-info.ts';

/** Where the guest kernel wants to be entered; 0 for nowhere, and then the domain ends when it would have to be. */
export interface TrapTable {
  systemCall: bigint;
  pageFault: bigint;
  exception: bigint;
  event: bigint;
}

/** What the hypervisor knows about one domain. Handlers of hypercalls and exits change it; nothing else does. */
export interface Domain {
  readonly name: string;
  readonly host: HostKernel;
  readonly vcpu: Vcpu;
  /** Its memory is one extent of machine frames. */
  readonly firstFrame: number;
  readonly frameCount: number;
  /** Machine addresses at which its initrd was put. */
  readonly initrd: { readonly start: number; readonly end: number } | undefined;
  readonly pages: PageTypes;
  readonly memory: GuestMemory;
  readonly shared: SharedInfo;
  readonly events: EventChannels;
  readonly console: DomainConsole;
  readonly accounting: Accounting;
  readonly trace: TraceSink | undefined;
  readonly traps: TrapTable;
  /** Which of the two contexts runs: the program, or the guest kernel. */
  isUser: boolean;
  /** Frame indices of the roots in force; -1 for no user root. */
  kernelRoot: number;
  userRoot: number;
  /** Virtual timer: ticks of the clock; Infinity when it is not set. */
  timerDeadline: number;
  /** Instructions retired when the last exit was handled, and exits since then: a guest that only exits does not go on. */
  lastProgress: number;
  exitsWithoutProgress: number;
  /** Set once, when the domain is over. */
  end: WorldResult | undefined;
  /** For the trace: whether control is the hypervisor's, and why the guest gets it back. */
  isHeldInTrace: boolean;
  entryCause: string;
  /** Frames and vcpu are given back: only what was counted and printed is left. */
  isReleased: boolean;
}

/** Runs the guest in the address space of the context that is current. */
export function enterAddressSpace(domain: Domain): void {
  const root = domain.isUser ? domain.userRoot : domain.kernelRoot;
  domain.vcpu.setAddressSpace(TranslationMode.sv39, domain.pages.asidOf(root), domain.firstFrame + root);
}

/** The domain cannot go on. The first reason stays. */
export function endDomain(domain: Domain, result: WorldResult): void {
  domain.end ??= result;
}

export function endWithFault(domain: Domain, message: string): void {
  endDomain(domain, { reason: 'fault', exitCode: -1, message: `domain ${domain.name}: ${message}` });
}

/** The actor whose instructions the vcpu runs now. */
export function currentActor(domain: Domain): Actor {
  return domain.isUser ? Actor.program : Actor.guestKernel;
}
