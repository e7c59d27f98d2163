import { Actor, type TraceEvent } from '@worldswitch/contracts';
import { describe, expect, it } from 'vitest';
import { HopRecorder, legs } from './hop-recorder.ts';

const hop = (from: Actor, to: Actor, cause: string, detail?: string): TraceEvent => ({
  time: 0,
  world: 'w',
  from,
  to,
  cause,
  handledBy: to,
  ...(detail === undefined ? {} : { detail }),
});
const { program, host, vmm, guestKernel } = Actor;

const systemCall = [
  hop(program, host, 'ecall-from-u'),
  hop(host, vmm, 'ecall'),
  hop(vmm, guestKernel, 'inject ecall-from-u'),
  hop(guestKernel, host, 'illegal-instruction'),
  hop(host, vmm, 'csr', 'csrr a0, scause'),
  hop(vmm, guestKernel, 'resume'),
  hop(guestKernel, host, 'illegal-instruction'),
  hop(host, vmm, 'sret'),
  hop(vmm, program, 'resume'),
];
const hiddenFault = [hop(program, host, 'load-page-fault'), hop(host, vmm, 'shadow-fill'), hop(vmm, program, 'resume')];
const guestFault = [
  hop(program, host, 'store-page-fault'),
  hop(host, vmm, 'page-fault'),
  hop(vmm, guestKernel, 'inject store-page-fault'),
  hop(guestKernel, host, 'illegal-instruction'),
  hop(host, vmm, 'sret'),
  hop(vmm, program, 'resume'),
];

function record(events: readonly TraceEvent[]): HopRecorder {
  const recorder = new HopRecorder();
  for (const event of events) recorder.emit(event);
  return recorder;
}

describe('HopRecorder', () => {
  it('takes the first system call up to the return to the program', () => {
    const { hops } = record([hop(guestKernel, host, 'illegal-instruction'), ...systemCall, ...systemCall.slice(0, 3)]);
    expect(hops.systemCall).toEqual(systemCall);
  });
  it('keeps a page fault that the guest handled apart from one that it never saw', () => {
    const { hops } = record([...hiddenFault, ...guestFault]);
    expect(hops.shadowFill).toEqual(hiddenFault);
    expect(hops.pageFault).toEqual(guestFault);
  });
  it("counts a fault that the host handles for its own process as handled by the program's system", () => {
    const fault = [hop(program, host, 'store-page-fault'), hop(host, program, 'resume')];
    expect(record(fault).hops.pageFault).toEqual(fault);
  });
  it('does not report a sequence that never came back', () => {
    expect(record(systemCall.slice(0, -1)).hops.systemCall).toEqual([]);
  });
  it('hands every event on', () => {
    const seen: TraceEvent[] = [];
    const recorder = new HopRecorder({ emit: (event) => void seen.push(event) });
    for (const event of systemCall) recorder.emit(event);
    expect(seen).toEqual(systemCall);
  });
});

describe('legs', () => {
  it('makes one line of each round trip out of the program or its kernel', () => {
    const lines = legs(systemCall);
    expect(lines.map((leg) => leg.path)).toEqual([
      [program, host, vmm, guestKernel],
      [guestKernel, host, vmm, guestKernel],
      [guestKernel, host, vmm, program],
    ]);
    expect(lines.map((leg) => leg.handledBy)).toEqual([vmm, vmm, vmm]);
    expect(lines[1]?.details).toEqual(['csrr a0, scause']);
  });
});
