import type { TraceEvent, WorldSpec } from '@worldswitch/contracts';
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { createBareWorld } from '../src/index.ts';

function spec(name: string, args: readonly string[] = [], more: Partial<WorldSpec> = {}): WorldSpec {
  const image = program(name);
  return {
    name: 'bare',
    program: { image, arguments: [name, ...args] },
    guest: {
      kernel: guestKernel('full'),
      initrd: createInitrd({ program: { path: '/program', data: image } }),
      bootArguments: bootArguments({ init: '/program', args, quiet: true }),
    },
    memoryBytes: 32 * 2 ** 20,
    ...more,
  };
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('the guest OS on a bare machine', () => {
  it('boots through the built-in SBI, runs a program and powers off with its exit code', () => {
    const world = createBareWorld(spec('hello'));
    const result = world.run(50_000_000);
    expect(result).toEqual({ reason: 'exited', exitCode: 0 });
    expect(text(world.output())).toContain('ello');
    const { boot, program: run } = world.metrics();
    expect(boot.instructions.user).toBe(0);
    expect(boot.instructions.kernel).toBeGreaterThan(1000);
    expect(run.instructions.user).toBeGreaterThan(10);
    expect(run.traps['ecall-from-u']).toBeGreaterThan(0);
    expect(run.tlb.misses).toBeGreaterThan(0);
    expect(run.tlb.hits).toBeGreaterThan(run.instructions.user);
    world.dispose();
  });

  it('does the same in slices of any size, and tells every hop of control', () => {
    const events: TraceEvent[] = [];
    const whole = createBareWorld(spec('hello'));
    whole.run(50_000_000);
    const sliced = createBareWorld(spec('hello', [], { trace: { emit: (event) => events.push(event) } }));
    let slices = 0;
    while (sliced.run(997) === undefined && slices < 100_000) slices++;
    expect(sliced.result).toEqual(whole.result);
    expect(text(sliced.output())).toBe(text(whole.output()));
    const { wallMs: _, ...expected } = whole.metrics().program;
    const { wallMs: __, ...actual } = sliced.metrics().program;
    expect(actual).toEqual(expected);
    const call = events.findIndex((event) => event.cause === 'ecall-from-u');
    expect(events[call]).toMatchObject({ from: 'program', to: 'guest kernel', handledBy: 'guest kernel' });
    const back = events.slice(call).find((event) => event.to === 'program');
    expect(back).toMatchObject({ from: 'guest kernel', cause: 'sret' });
    whole.dispose();
    sliced.dispose();
  });

  it('ends a flood of output', () => {
    const world = createBareWorld(spec('hello', [], { maxOutputBytes: 3 }));
    expect(world.run(50_000_000)).toMatchObject({ reason: 'output-limit' });
    expect(world.output()).toHaveLength(3);
    world.dispose();
  });

  it('calls a kernel that has no trap handler at fault, with pc and cause', () => {
    // jr to 0x4000_0000: nowhere.
    const kernel = Uint8Array.of(0xb7, 0x02, 0x00, 0x40, 0x67, 0x80, 0x02, 0x00);
    const base = spec('hello');
    const world = createBareWorld({ ...base, guest: { kernel } });
    const result = world.run(1_000_000);
    expect(result).toMatchObject({ reason: 'fault' });
    expect(result?.message).toContain('instruction-access-fault (cause 0x1) at pc 0x40000000');
    world.dispose();
  });
});
