import type { Domain } from './domain/domain.ts';
import { PageType } from './memory/page-types.ts';

const typeNames = Object.entries(PageType);

/** What a domain is like now, for people: plain JSON data. */
export function inspectDomain(domain: Domain): Record<string, unknown> {
  const { vcpu, pages } = domain;
  const frames: Record<string, number> = {};
  for (const [name, type] of typeNames) {
    let count = 0;
    for (let frame = 0; frame < domain.frameCount; frame++) if (pages.typeOf(frame) === type) count++;
    frames[name] = count;
  }
  return {
    context: domain.isUser ? 'program' : 'guest kernel',
    pc: hex(vcpu.pc),
    registers: Array.from({ length: 32 }, (_, index) => hex(vcpu.readX(index))),
    extent: { firstFrame: domain.firstFrame, frameCount: domain.frameCount },
    framesByType: frames,
    kernelRoot: { frame: domain.firstFrame + domain.kernelRoot, asid: pages.asidOf(domain.kernelRoot) },
    userRoot:
      domain.userRoot < 0 ? null : { frame: domain.firstFrame + domain.userRoot, asid: pages.asidOf(domain.userRoot) },
    timerDeadline: Number.isFinite(domain.timerDeadline) ? domain.timerDeadline : null,
    eventsMasked: domain.shared.isMasked,
    ports: domain.events.describe(),
    trapTable: Object.fromEntries(Object.entries(domain.traps).map(([name, entry]) => [name, hex(entry as bigint)])),
  };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
