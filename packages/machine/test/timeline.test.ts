/// <reference types="node" />
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createTimeline,
  createVirtioConsole,
  createVirtioEntropy,
  Machine,
  type MachineOptions,
} from '../src/index.ts';
import { diskProgram } from './disk-program.ts';
import { createRandom } from './random-program.ts';
import { digest } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
const random = createRandom(seed);
const text = (bytes: readonly number[]) => String.fromCharCode(...bytes);

const machines: Machine[] = [];
afterEach(() => {
  for (const machine of machines.splice(0)) machine.dispose();
});

const everything = (machine: Machine) => ({
  ...machine.inspect(),
  counters: machine.counters,
  traps: machine.traps,
  outputBytes: machine.outputBytes,
  pendingInput: machine.board.uart.pendingInput,
  memory: digest(machine.board.ram.bytes),
});

function shell(options: Partial<MachineOptions> = {}, typed: string[] = []) {
  const output: number[] = [];
  const machine = Machine.create({
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program('sh') } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 16 * 2 ** 20,
    console: {
      write: (bytes) => output.push(...bytes),
      // Someone types when a prompt stands there.
      read: () => {
        const line = text(output).endsWith('$ ') ? typed.shift() : undefined;
        return new TextEncoder().encode(line ?? '');
      },
    },
    ...options,
  });
  machines.push(machine);
  return { machine, output };
}

describe(`a timeline goes to any moment of the past (seed ${seed})`, () => {
  it.each(['compiled', 'reference'] as const)('with what was typed, on the %s engine', (engine) => {
    const { machine, output } = shell({ engine }, ['echo one\n', 'echo two\n', 'echo three\n']);
    const timeline = createTimeline(machine, { everyInstructions: 100_000 });
    const moments = new Map<number, ReturnType<typeof everything>>();
    for (let slice = 0; slice < 24; slice++) {
      machine.run({ maxInstructions: 1 + (random() % 60_000) });
      if (slice % 7 === 3) machine.input(new TextEncoder().encode('echo typed\n'));
      else if (!moments.has(timeline.position)) moments.set(timeline.position, everything(machine));
    }
    const { end } = timeline;
    const printed = text(output);
    expect(printed).toContain('typed');
    const positions = [...moments.keys()];
    for (let turn = 0; turn < 12; turn++) {
      const position = positions[random() % positions.length]!;
      timeline.seek(position);
      expect(timeline.position).toBe(position);
      expect(everything(machine), `at ${position}`).toEqual(moments.get(position));
    }
    timeline.seek(end);
    expect(text(output)).toBe(printed);
    // The past can be run through by the machine itself, too.
    timeline.seek(positions[2]!);
    expect(timeline.isReplaying).toBe(true);
    machine.run({ maxInstructions: positions[12]! - positions[2]! });
    expect(everything(machine)).toEqual(moments.get(positions[12]!));
    for (let position = positions[12]! + 1; position < positions[12]! + 40; position++) {
      while (timeline.position < position) machine.step();
    }
    timeline.seek(positions[5]!);
    expect(everything(machine)).toEqual(moments.get(positions[5]!));
  });

  it('what is typed in the past makes another future', () => {
    const { machine, output } = shell();
    const timeline = createTimeline(machine, { everyInstructions: 50_000 });
    machine.run({ maxInstructions: 1_500_000 });
    const prompt = timeline.position;
    machine.input(new TextEncoder().encode('echo first\n'));
    machine.run({ maxInstructions: 500_000 });
    expect(text(output)).toContain('first');
    timeline.seek(prompt);
    output.length = 0;
    machine.input(new TextEncoder().encode('echo second\n'));
    expect(timeline.end).toBe(prompt);
    machine.run({ maxInstructions: 500_000 });
    expect(text(output)).toContain('second');
    expect(text(output)).not.toContain('first');
    const later = timeline.position;
    const then = everything(machine);
    timeline.seek(prompt - 1000);
    timeline.seek(later);
    expect(everything(machine)).toEqual(then);
  });

  it('what the owner changes is a branch', () => {
    const { machine } = shell();
    const timeline = createTimeline(machine, { everyInstructions: 50_000 });
    machine.run({ maxInstructions: 700_000 });
    const changed = timeline.position;
    machine.board.vcpu.writeX(28, 0x1234n);
    machine.board.ram.write32(0x8000_0000, 0xcafe);
    timeline.branch();
    machine.run({ maxInstructions: 300_000 });
    const then = everything(machine);
    timeline.seek(changed - 10);
    expect(machine.board.ram.read32(0x8000_0000)).not.toBe(0xcafe);
    timeline.seek(changed + 300_000);
    expect(everything(machine)).toEqual(then);
    timeline.seek(changed);
    expect(machine.board.vcpu.readX(28)).toBe(0x1234n);
  });

  it('what a device hears from outside is a branch too', () => {
    const sent: number[] = [];
    const device = createVirtioConsole({ transmit: (bytes) => sent.push(...bytes) });
    const { machine } = shell({ virtio: [device] });
    const timeline = createTimeline(machine, { everyInstructions: 50_000 });
    machine.run({ maxInstructions: 200_000 });
    device.receive(Uint8Array.of(1, 2, 3));
    machine.run({ maxInstructions: 100_000 });
    timeline.seek(150_000);
    expect(device.pendingInput).toBe(0);
    timeline.seek(200_001);
    expect(device.pendingInput).toBe(3);
    const entropy = createVirtioEntropy({ fill: (into) => into.fill(4) });
    expect(() => createTimeline(shell({ virtio: [entropy] }).machine)).toThrow('entropy: ');
  });

  it('rolls disks back', () => {
    const disk = new Uint8Array(512 * 64);
    const machine = Machine.create({
      firmware: assemble(diskProgram, { origin: 0x8000_0000 }).bytes,
      memoryBytes: 4 * 2 ** 20,
      disk,
    });
    machines.push(machine);
    const timeline = createTimeline(machine, { everyInstructions: 3000 });
    const moments: [number, number, ReturnType<typeof everything>][] = [];
    for (let slice = 0; slice < 40; slice++) {
      machine.run({ maxInstructions: 1 + (random() % 2000) });
      if (timeline.position > (moments.at(-1)?.[0] ?? -1))
        moments.push([timeline.position, digest(disk), everything(machine)]);
    }
    expect(new Set(moments.map(([, contents]) => contents)).size).toBeGreaterThan(5);
    for (let turn = 0; turn < 30; turn++) {
      const [position, contents, then] = moments[random() % moments.length]!;
      timeline.seek(position);
      expect(digest(disk), `disk at ${position}`).toBe(contents);
      expect(everything(machine)).toEqual(then);
    }
  });

  it('keeps to its bytes by forgetting the oldest', () => {
    const { machine } = shell();
    machine.run({ maxInstructions: 1_000_000 });
    const timeline = createTimeline(machine, { everyInstructions: 20_000, maxBytes: 4 * 2 ** 20 });
    const { start } = timeline;
    machine.input(new TextEncoder().encode('echo a\n'.repeat(400)));
    for (let slice = 0; slice < 60; slice++) machine.run({ maxInstructions: 100_000 });
    expect(timeline.bytes).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(timeline.start).toBeGreaterThan(start);
    expect(() => timeline.seek(start)).toThrow(/timeline: position \d+ is outside of what is recorded/);
    const { position } = timeline;
    const then = everything(machine);
    timeline.seek(timeline.start);
    timeline.seek(position);
    expect(everything(machine)).toEqual(then);
    timeline.dispose();
    expect(() => timeline.seek(position)).toThrow('disposed');
    expect(() => createTimeline(machine).dispose()).not.toThrow();
  });
});
