/// <reference types="node" />
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { afterEach, describe, expect, it } from 'vitest';
import { createSeededEntropy, createVirtioEntropy } from '../src/devices/virtio-entropy.ts';
import { flattenSnapshots, inspectSnapshot, Machine, type MachineOptions, SnapshotError } from '../src/index.ts';
import { diskProgram } from './disk-program.ts';
import { createRandom } from './random-program.ts';
import { digest, firmwareMachine } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
const random = createRandom(seed);

const machines: Machine[] = [];
afterEach(() => {
  for (const machine of machines.splice(0)) machine.dispose();
});

/** A machine with what it prints, and how to make another one out of a snapshot of it. */
function watch(machine: Machine, output: number[]) {
  machines.push(machine);
  return { machine, output };
}

function create(name: string, options: Partial<MachineOptions> = {}) {
  const output: number[] = [];
  const machine = Machine.create({
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program(name) } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 16 * 2 ** 20,
    disk: new Uint8Array(512 * 64),
    console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
    ...options,
  });
  return watch(machine, output);
}

function restore(snapshot: Uint8Array | readonly Uint8Array[], engine: 'reference' | 'compiled') {
  const output: number[] = [];
  const disk = new Uint8Array(512 * 64);
  const console = { write: (bytes: Uint8Array) => output.push(...bytes), read: () => new Uint8Array(0) };
  return watch(Machine.restore(snapshot, { engine, console, disk }), output);
}

const everything = (machine: Machine) => ({
  ...machine.inspect(),
  counters: machine.counters,
  traps: machine.traps,
  outputBytes: machine.outputBytes,
  tlb: machine.board.harts.map(({ tlb }) => [...tlb.entries()].map((entry) => ({ ...entry }))),
  memory: digest(machine.board.ram.bytes),
});

const END = 3_000_000;

it.each([0, 1, 2, 3])('random bytes go on as those of the saved machine, with the seed %i', (number) => {
  const memoryBytes = 4 * 2 ** 20;
  const source = createSeededEntropy(number);
  const machine = Machine.create({ kernel: guestKernel('full'), memoryBytes, virtio: [createVirtioEntropy(source)] });
  source.fill(new Uint8Array(100));
  const other = createSeededEntropy(99);
  const restored = Machine.restore(machine.save(), { virtio: [createVirtioEntropy(other)] });
  machines.push(machine, restored);
  const [expected, found] = [new Uint8Array(32), new Uint8Array(32)];
  source.fill(expected);
  other.fill(found);
  expect(found).toEqual(expected);
});

describe(`a restored machine goes on as the saved one (seed ${seed})`, () => {
  it.each([
    ['fork-exec', 1],
    ['faults', 1],
    ['sh', 1],
    ['tour', 3],
  ])('%s on %i harts, saved anywhere and restored on the other engine', (name, harts) => {
    const saved = create(name, { harts });
    saved.machine.input(new TextEncoder().encode('echo typed\nexit\n'));
    for (let round = 0; round < 3; round++) {
      saved.machine.run({ maxInstructions: 1 + (random() % (END / 5)) });
      const snapshot = saved.machine.save();
      const before = saved.output.length;
      const copies = (['compiled', 'reference'] as const).map((engine) => restore(snapshot, engine));
      for (const { machine } of copies) expect(everything(machine)).toEqual(everything(saved.machine));
      for (let slice = 0; slice < 2; slice++) {
        const maxInstructions = 1 + (random() % 60_000);
        const end = saved.machine.run({ maxInstructions });
        const expected = everything(saved.machine);
        for (const { machine, output } of copies) {
          expect(machine.run({ maxInstructions })).toEqual(end);
          expect(everything(machine)).toEqual(expected);
          expect(output).toEqual(saved.output.slice(before));
        }
      }
      for (const { machine } of copies) machine.dispose();
      machines.length = 1;
    }
  });

  it.each([1, 3])('%i harts with timers, locks and a disk, saved anywhere', (harts) => {
    const disk = new Uint8Array(512 * 64);
    const firmware = assemble(diskProgram, { origin: 0x8000_0000 }).bytes;
    const machine = Machine.create({ firmware, memoryBytes: 4 * 2 ** 20, harts, disk });
    machines.push(machine);
    for (let round = 0; round < 5; round++) {
      machine.run({ maxInstructions: 1 + (random() % 30_000) });
      const snapshot = machine.save();
      const disks = [disk.slice(), disk.slice()];
      const copies = (['reference', 'compiled'] as const).map((engine, index) =>
        Machine.restore(snapshot, { engine, disk: disks[index]! }),
      );
      machines.push(...copies);
      const maxInstructions = 1 + (random() % 30_000);
      machine.run({ maxInstructions });
      const expected = everything(machine);
      copies.forEach((copy, index) => {
        copy.run({ maxInstructions });
        expect(everything(copy), `round ${round}, ${copy.board.group.engine.name}`).toEqual(expected);
        expect(disks[index]).toEqual(disk);
        copy.dispose();
      });
      machines.length = 1;
    }
    expect(new Set(disk).size).toBeGreaterThan(4);
  });

  it('a run that is saved goes on as one that is not', () => {
    const plain = create('tour');
    const saved = create('tour');
    for (let slice = 0; slice < 20; slice++) {
      const maxInstructions = 1 + (random() % 100_000);
      expect(saved.machine.run({ maxInstructions })).toEqual(plain.machine.run({ maxInstructions }));
      saved.machine.save();
    }
    expect(everything(saved.machine)).toEqual(everything(plain.machine));
  });

  it('a chain of incremental snapshots gives the same as one full snapshot, and flattens to it', () => {
    const { machine } = create('file-work');
    machine.run({ maxInstructions: 200_000 });
    const chain = [machine.save()];
    for (let link = 0; link < 4; link++) {
      machine.run({ maxInstructions: 1 + (random() % 300_000) });
      chain.push(machine.save({ since: chain.at(-1)! }));
    }
    expect(chain[1]!.length).toBeLessThan(chain[0]!.length);
    expect(inspectSnapshot(chain[2]!)).toMatchObject({ kind: 'incremental', parent: inspectSnapshot(chain[1]!).id });
    const restored = restore(chain, 'compiled');
    const flat = flattenSnapshots(chain);
    expect(inspectSnapshot(flat)).toMatchObject({ kind: 'full', id: inspectSnapshot(chain[4]!).id });
    const fromFlat = restore(flat, 'reference');
    expect(everything(restored.machine)).toEqual(everything(machine));
    expect(everything(fromFlat.machine)).toEqual(everything(machine));
    machine.run({ maxInstructions: 50_000 });
    // What builds on the last link builds on the flat one, and on what was restored.
    const last = machine.save({ since: chain[4]! });
    expect(everything(restore([flat, last], 'compiled').machine)).toEqual(everything(machine));
    fromFlat.machine.run({ maxInstructions: 50_000 });
    const other = fromFlat.machine.save({ since: flat });
    expect(everything(restore([...chain, other], 'compiled').machine)).toEqual(everything(machine));
    expect(() => restore([chain[0]!, chain[2]!], 'compiled')).toThrow(/chain: expected snapshot 1 to build on/);
    expect(() => restore([chain[1]!], 'compiled')).toThrow(/chain: .*hand in that one/);
    expect(() => restored.machine.save({ since: last })).toThrow(/since: this machine neither made/);
  });

  it('a machine whose software put its clock as far as it goes', () => {
    const source = `
      li t0, 0x200bff8
      li t1, -1
      sw t1, 0(t0)
      sw t1, 4(t0)
      li t0, 0x2004000
      li t1, 0x1ffffffffffffe
      sd t1, 0(t0)
      li t0, 0x80
      csrw mie, t0
    1: wfi
      j 1b`;
    const machine = firmwareMachine(source, 'compiled');
    expect(machine.run({ maxInstructions: 1000 })).toMatchObject({ reason: 'idle' });
    expect(machine.hart.now()).toBeGreaterThanOrEqual(2 ** 52 - 1);
    const again = Machine.restore(machine.save());
    expect(again.hart.now()).toBe(machine.hart.now());
    machine.dispose();
    again.dispose();
  });

  it('a machine that was switched off stays so', () => {
    const { machine } = create('hello');
    const end = machine.run({ maxInstructions: 50_000_000 });
    expect(end.reason).toBe('poweroff');
    expect(restore(machine.save(), 'reference').machine.run()).toEqual(end);
  });
});

it('whoever adds a field to a register context decides whether it is saved', () => {
  const { context } = create('hello').machine.board.vcpu;
  const saved = Object.keys(context.save());
  const elsewhere = ['memory', 'base', 'word', 'quad'];
  const derived = ['pmp'];
  const withinOneInstruction = [
    ...['guestAccess', 'isExecuteRead', 'isGuestAddress', 'guestFaultLow', 'guestFaultHigh', 'guestFaultKind'],
  ];
  const known = [...saved.filter((name) => name !== 'bytes'), ...elsewhere, ...derived, ...withinOneInstruction];
  expect(Object.keys(context).sort()).toEqual(known.sort());
});

describe('what cannot be restored says why', () => {
  const snapshot = (options: Partial<MachineOptions> = {}) => {
    const { machine } = create('hello', options);
    machine.run({ maxInstructions: 300_000 });
    return machine.save();
  };
  const expectRefusal = (files: Uint8Array, options: Parameters<typeof Machine.restore>[1], message: RegExp) => {
    expect(() => Machine.restore(files, options)).toThrow(SnapshotError);
    expect(() => Machine.restore(files, options)).toThrow(message);
  };
  const disk = new Uint8Array(512 * 64);

  it('devices, disk, TLB model and extensions', async () => {
    const whole = snapshot();
    expectRefusal(whole, {}, /devices: .*missing here virtio-mmio block/);
    expectRefusal(whole, { disk: new Uint8Array(512 * 65) }, /virtio-mmio block: the disk has 65 sectors.* 64 sectors/);
    const { createTlb } = await import('@worldswitch/mmu-tlb');
    expectRefusal(whole, { disk, tlb: createTlb({ sets: 2, ways: 2 }) }, /tlb: .*'1024x4 fifo', this one '2x2 fifo'/);
    const { createInstructionSet, defaultInstructionSet } = await import('@worldswitch/isa');
    const fewer = createInstructionSet(defaultInstructionSet().extensions.filter(({ name }) => name !== 'Zbc'));
    expectRefusal(whole, { disk, instructionSet: fewer }, /extensions: .*missing here Zbc/);
  });

  it('damage anywhere, and truncation: always SnapshotError', () => {
    const whole = snapshot();
    for (let turn = 0; turn < 150; turn++) {
      const damaged = whole.slice();
      if (turn % 3 === 0) expectDamage(damaged.subarray(0, random() % whole.length));
      else {
        // Headers are short: every other flip is there.
        const at = random() % (turn % 2 ? 2048 : whole.length);
        damaged[at]! ^= 1 << (random() % 8);
        expectDamage(damaged);
      }
    }
    expectDamage(Uint8Array.from([...whole, 0]));
    expectDamage(new Uint8Array(0));
    const version = whole.slice();
    version[8] = 99;
    expect(() => Machine.restore(version, { disk })).toThrow(
      'version: the snapshot has format 99, this version reads 1',
    );

    function expectDamage(file: Uint8Array): void {
      let thrown: unknown;
      try {
        Machine.restore(file, { disk }).dispose();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(SnapshotError);
    }
  });

  it('a machine that runs, or lends its hart to a host', async () => {
    let message = '';
    const { machine } = create('tour', {
      console: {
        write: () => {
          try {
            machine.save();
          } catch (error) {
            message ||= (error as Error).message;
          }
        },
        read: () => new Uint8Array(0),
      },
    });
    machine.run({ maxInstructions: 2_000_000 });
    expect(message === '' || /it cannot be saved while it runs/.test(message)).toBe(true);
    const { HostedVcpu } = await import('../src/hosted/vcpu.ts');
    const guest = new HostedVcpu(machine.hart);
    expect(() => machine.save()).toThrow(/harts: they run 1 register contexts of a host/);
    guest.dispose();
    expect(() => machine.save()).not.toThrow();
  });
});

it('restores machines whose timers are set to the end of time', () => {
  const kernel = assemble(`
    li    t0, 0x2004000
    li    t1, -1
    sd    t1, 0(t0)
    li    t0, 0x101000
    sw    t1, 0x0c(t0)
    sw    t1, 0x08(t0)
loop:
    j     loop
`).bytes;
  const { machine } = watch(Machine.create({ kernel, memoryBytes: 2 ** 22 }), []);
  machine.run({ maxInstructions: 100 });
  const restored = watch(Machine.restore(machine.save()), []).machine;
  expect(restored.inspect()).toEqual(machine.inspect());
  expect(restored.run({ maxInstructions: 100 })).toMatchObject({ reason: 'budget' });
});
