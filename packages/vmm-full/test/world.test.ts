import type { TraceEvent } from '@worldswitch/contracts';
import { worldLaws } from '@worldswitch/contracts/conformance';
import { program, rogueKernel } from '@worldswitch/guest-os';
import { createBareWorld, type EngineName } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { createFullWorld, fullWorld, VmmError } from '../src/index.ts';
import { createProgramWorld, guestFor, text } from './guest.ts';
import { createHost } from './host.ts';

const ENOUGH = 50_000_000;

describe('the world full', () => {
  const laws = worldLaws({
    create(spec) {
      const { host } = createHost({ engine: 'compiled', memoryBytes: 48 << 20 });
      const [name = 'program'] = spec.program.arguments;
      const options = { image: spec.program.image, ...(spec.trace && { trace: spec.trace }), ...spec };
      return { host, world: createProgramWorld(host, name.replace(/^\//, ''), options) };
    },
    hasGuestKernel: true,
  });
  for (const law of laws) it.skipIf(law.skipped !== undefined)(law.name, law.check);
});

describe('the guest OS, unmodified, in a virtual machine', () => {
  const bare = (name: string, args: readonly string[], engine: EngineName) => {
    const path = `/${name}`;
    const world = createBareWorld(
      {
        name: 'bare',
        memoryBytes: 16 << 20,
        program: { image: program(name), arguments: [path, ...args] },
        guest: guestFor(path, program(name), args),
      },
      { engine },
    );
    const result = world.run(ENOUGH);
    return { result, output: text(world.output()), cost: world.metrics().program };
  };

  it.each([
    ['hello', ['one', 'two']],
    ['tour', []],
    ['syscall-loop', ['100']],
    ['fork-exec', []],
    ['faults', []],
    ['memory-walk', []],
    ['pipe-ping-pong', []],
    ['illegal', []],
    ['wild-pointer', []],
  ] as const)('runs %s %j as the bare machine does', (name, args) => {
    const expected = bare(name, args, 'compiled');
    const { host } = createHost({ engine: 'compiled' });
    const world = createProgramWorld(host, name, { arguments: args });
    expect(world.run(ENOUGH)).toEqual(expected.result);
    expect(expected.result?.reason).toBe('exited');
    expect(text(world.output())).toBe(expected.output);
    const cost = world.metrics().program;
    // One of the faults is to spin until the timer comes.
    if (name === 'faults') return;
    // The program's own instructions are executed directly, each one, in both.
    expect(cost.instructions.user).toBe(expected.cost.instructions.user);
    if (cost.traps['supervisor-timer-interrupt'] !== undefined) return;
    // So are the kernel's, or the VMM carries them out: together they are the bare machine's. (The sret that first enters the
    // program belongs to booting here.)
    expect(cost.instructions.kernel + cost.emulatedInstructions).toBe(expected.cost.instructions.kernel - 1);
  });

  it('costs the same on both engines', () => {
    const run = (engine: EngineName) => {
      const { host } = createHost({ engine });
      const world = createProgramWorld(host, 'fork-exec');
      world.run(ENOUGH);
      const { boot, program } = world.metrics();
      return [boot, program].map(({ wallMs: _, ...counts }) => counts);
    };
    expect(run('compiled')).toEqual(run('reference'));
  });

  it('reads what is typed', () => {
    const { host } = createHost({ engine: 'compiled' });
    const input = new TextEncoder().encode('first line\nsecond\n\x04');
    const world = createProgramWorld(host, 'cat', { input });
    world.run(ENOUGH);
    expect(text(world.output())).toContain('first line\nsecond\n');
  });

  it('counts one exit for each trap, by cause and by reason', () => {
    const { host } = createHost();
    const world = createProgramWorld(host, 'syscall-loop', { arguments: ['200'] });
    world.run(ENOUGH);
    const { boot, program: cost } = world.metrics();
    expect(boot.instructions.user).toBe(0);
    expect(cost.traps['ecall-from-u']).toBe(202);
    expect(cost.exits['ecall-injected']).toBe(202);
    // exit_group never returns: the first entry into the program makes up for it, and belongs to booting.
    expect(cost.exits.sret).toBe(cost.exits['ecall-injected']! + cost.exits['page-fault-injected']! - 1);
    expect(cost.shadowFills).toBe(cost.exits['shadow-fill']);
    const exceptions = Object.entries(cost.traps).filter(([cause]) => !cause.endsWith('interrupt'));
    const exits = Object.entries(cost.exits).filter(([reason]) => reason !== 'timer');
    const sum = (entries: [string, number][]) => entries.reduce((total, [, count]) => total + count, 0);
    expect(sum(exceptions)).toBe(sum(exits));
    const emulated = ['csr', 'counter', 'sret', 'sfence.vma', 'wfi', 'mmio'];
    expect(sum(exits.filter(([reason]) => emulated.includes(reason)))).toBe(cost.emulatedInstructions);
    // Almost everything is executed directly (card 8).
    expect(cost.emulatedInstructions / cost.instructions.kernel).toBeLessThan(0.1);
  });

  it('shows the path of a system call: four hops there, three back', () => {
    const events: TraceEvent[] = [];
    const { host } = createHost();
    const world = createProgramWorld(host, 'hello', { trace: { emit: (event) => events.push(event) } });
    world.run(ENOUGH);
    const start = events.findIndex(({ from, cause }) => from === 'program' && cause === 'ecall-from-u');
    const hop = ({ from, to, cause, handledBy, detail }: TraceEvent) => ({ from, to, cause, handledBy, detail });
    const [call, exit, entry] = events.slice(start, start + 3);
    expect(hop(call!)).toEqual({
      ...{ from: 'program', to: 'host OS', cause: 'ecall-from-u', handledBy: 'host OS', detail: 'system call 64' },
    });
    expect(hop(exit!)).toMatchObject({ from: 'host OS', to: 'VMM', cause: 'ecall-injected', handledBy: 'VMM' });
    expect(hop(entry!)).toMatchObject({ from: 'VMM', to: 'guest kernel', cause: 'inject ecall-from-u' });
    const back = events.findIndex(
      ({ from, detail }, index) => index > start && from === 'guest kernel' && detail === 'sret',
    );
    expect(events.slice(back, back + 3).map(hop)).toEqual([
      { from: 'guest kernel', to: 'host OS', cause: 'illegal-instruction', handledBy: 'host OS', detail: 'sret' },
      { from: 'host OS', to: 'VMM', cause: 'sret', handledBy: 'VMM', detail: 'sret' },
      { from: 'VMM', to: 'program', cause: 'resume', handledBy: 'program', detail: undefined },
    ]);
    // The program goes on behind its ecall.
    expect(events[back + 2]!.pc).toBe(call!.pc! + 4n);
  });

  it("shows the three steps of trap and emulate for the kernel's own instruction, and who handled what", () => {
    const events: TraceEvent[] = [];
    const { host } = createHost();
    const world = createProgramWorld(host, 'hello', { trace: { emit: (event) => events.push(event) } });
    world.run(ENOUGH);
    const at = events.findIndex(({ from, detail }) => from === 'guest kernel' && detail?.includes('sscratch'));
    const [trap, exit, resume] = events.slice(at, at + 3);
    expect(trap).toMatchObject({ to: 'host OS', cause: 'illegal-instruction' });
    expect(exit).toMatchObject({ from: 'host OS', to: 'VMM', cause: 'csr', handledBy: 'VMM' });
    expect(resume).toMatchObject({ from: 'VMM', to: 'guest kernel', cause: 'resume', pc: trap!.pc! + 4n });
    // What a device access did is told, too.
    const store = events.find(({ cause, detail }) => cause === 'mmio' && detail?.includes('uart16550 + 0x0'));
    expect(store?.detail).toMatch(/^sb /);
    // What a program causes goes to the guest's kernel; what the kernel causes changes the machine's state (card 16).
    for (const [index, event] of events.entries()) {
      if (event.from !== 'VMM' || index < 2) continue;
      const cause = events[index - 2]!;
      if (cause.from !== 'program') continue;
      expect(event.cause === 'resume' ? events[index - 1]!.cause : 'injected').toMatch(/injected|shadow-fill/);
    }
  });

  it('lets a guest page fault reach the guest kernel, and its own shadow faults not', () => {
    const events: TraceEvent[] = [];
    const { host } = createHost();
    const world = createProgramWorld(host, 'memory-walk', { trace: { emit: (event) => events.push(event) } });
    world.run(ENOUGH);
    const injected = events.filter(({ cause }) => /^inject (load|store|instruction)-page-fault/.test(cause));
    const { boot, program: cost } = world.metrics();
    const count = (reason: string) => (boot.exits[reason] ?? 0) + (cost.exits[reason] ?? 0);
    expect(injected.length).toBe(count('page-fault-injected'));
    expect(events.filter(({ from, cause }) => from === 'host OS' && cause === 'shadow-fill').length).toBe(
      count('shadow-fill'),
    );
  });
});

describe('guests that misbehave', () => {
  const run = (kernel: string, maxOutputBytes = 10_000) => {
    const { host } = createHost({ engine: 'compiled' });
    const world = createProgramWorld(host, 'hello', { kernel: rogueKernel(kernel), maxOutputBytes });
    const result = world.run(3_000_000);
    world.dispose();
    return { result, output: text(world.output()) };
  };

  it.each([
    ['jump-to-nowhere', 'fault', /instruction-(access|page)-fault in the guest kernel at pc 0x/],
    ['illegal-instruction', 'fault', /cannot run/],
    ['write-outside-memory', 'fault', /store-access-fault|cannot run/],
    ['flood-console', 'output-limit', /printed more than is allowed/],
  ] as const)('%s ends with %s and one clear message', (kernel, reason, message) => {
    const { result } = run(kernel);
    expect(result?.reason).toBe(reason);
    expect(result?.message).toMatch(message);
    expect(result?.message).not.toContain('\n');
  });

  it('loop-forever uses up its budget', () => {
    expect(run('loop-forever').result).toBe(undefined);
  });

  it('refuses what is no guest', () => {
    const { host } = createHost();
    const before = host.freeFrameCount;
    const spec = { name: 'x', memoryBytes: 16 << 20, program: { image: program('hello'), arguments: ['/hello'] } };
    expect(() => createFullWorld(host, spec)).toThrow(VmmError);
    const kernels = [new Uint8Array(2), new Uint8Array(20 << 20), program('hello'), program('hello').subarray(0, 70)];
    for (const kernel of kernels)
      expect(() => fullWorld.create(host, { ...spec, guest: { kernel } })).toThrow(VmmError);
    const arm = program('hello');
    arm[18] = 40;
    expect(() => fullWorld.create(host, { ...spec, guest: { kernel: arm } })).toThrow(/found 40 \(Arm\)/);
    const image = new Uint8Array(64);
    new DataView(image.buffer).setBigUint64(16, 2n ** 64n - 1n, true);
    new DataView(image.buffer).setUint32(56, 0x0543_5352, true);
    expect(() => fullWorld.create(host, { ...spec, guest: { kernel: image } })).toThrow(/loaded: expected image_size/);
    const kernel = Uint8Array.of(0x6f, 0, 0, 0);
    expect(() => fullWorld.create(host, { ...spec, memoryBytes: 5000, guest: { kernel } })).toThrow(/2 MiB/);
    expect(() => fullWorld.create(host, { ...spec, guest: { kernel, initrd: new Uint8Array(15 << 20) } })).toThrow(
      /initrd/,
    );
    expect(host.freeFrameCount).toBe(before);
  });
});
