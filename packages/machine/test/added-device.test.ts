import type { Device } from '@worldswitch/contracts';
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { type AddedDevice, boardDeviceTree, Machine, type MachineOptions } from '../src/index.ts';

/** Counts how often it was written to, and raises its interrupt at each third time. */
const counter = (place: Partial<AddedDevice> = {}, parts: Partial<Device> = {}): AddedDevice => ({
  base: 0x3000_0000,
  create({ interrupt }) {
    let count = 0;
    const update = () => interrupt.set(count % 3 === 2);
    return {
      name: 'counter',
      size: 16,
      read: (offset) => (offset === 0 ? count : 0),
      write() {
        count++;
        update();
      },
      reset() {
        count = 0;
        update();
      },
      save: () => count,
      restore(state) {
        count = state as number;
      },
      ...parts,
    };
  },
  ...place,
});

/** Writes to the device for ever; register s2 counts its interrupts, which it takes in machine mode. */
const source = `
    la   t0, handler
    csrw mtvec, t0
    li   s0, 0x30000000
    li   s1, 0x0c000000
    li   t0, 1
    sw   t0, 80(s1)
    li   t1, 0x0c002000
    li   t0, 1 << 20
    sw   t0, 0(t1)
    li   t0, 1 << 11
    csrw mie, t0
    csrsi mstatus, 8
loop:
    sw   x0, 0(s0)
    lw   s3, 0(s0)
    j    loop
    .balign 4
handler:
    addi s2, s2, 1
    sw   x0, 4(s0)
    li   t1, 0x0c200004
    lw   t0, 0(t1)
    sw   t0, 0(t1)
    mret
`;
const firmware = assemble(source, { origin: 0x8000_0000 }).bytes;
const options = (device: AddedDevice): MachineOptions => ({ firmware, memoryBytes: 2 ** 20, devices: [device] });

/** Interrupts, the last number that was read, and the pc. */
const stateOf = (machine: Machine) => {
  const { vcpu } = machine.harts[0]!;
  return [vcpu.readX(18), vcpu.readX(19), vcpu.pc];
};

describe("a device of one's own", () => {
  it('is reached by loads and stores, and interrupts, alike on each engine', () => {
    const states = (['reference', 'interpreter', 'compiled'] as const).map((engine) => {
      const machine = Machine.create({ ...options(counter({ interrupt: 20 })), engine });
      machine.run({ maxInstructions: 20_000 });
      return stateOf(machine);
    });
    expect(states[0]![0]).toBeGreaterThan(1000n);
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
  });

  it('interrupts nobody without a source number', () => {
    const machine = Machine.create(options(counter()));
    machine.run({ maxInstructions: 20_000 });
    expect(stateOf(machine)[0]).toBe(0n);
    expect(stateOf(machine)[1]).toBeGreaterThan(5000n);
  });

  it('is saved and restored', () => {
    const machine = Machine.create(options(counter({ interrupt: 20 })));
    machine.run({ maxInstructions: 10_001 });
    const restored = Machine.restore(machine.save(), { devices: [counter({ interrupt: 20 })] });
    for (const each of [machine, restored]) each.run({ maxInstructions: 5000 });
    expect(stateOf(restored)).toEqual(stateOf(machine));
    expect(() => Machine.restore(machine.save())).toThrow(/counter/);
    const without = counter({}, { save: undefined } as unknown as Partial<Device>);
    expect(() => Machine.create(options(without)).save()).toThrow(/counter/);
  });

  it('is in the device tree', () => {
    const tree = (devices: readonly AddedDevice[]) => {
      const machine = Machine.create({ firmware, memoryBytes: 2 ** 20, devices });
      return boardDeviceTree({ memoryBytes: 2 ** 20, extensions: [], devices: machine.board.added });
    };
    const text = new TextDecoder('latin1').decode(tree([counter({ interrupt: 20, compatible: ['course,counter'] })]));
    expect(text).toContain('counter@30000000\0');
    expect(text).toContain('course,counter\0');
    expect(new TextDecoder('latin1').decode(tree([counter()]))).toContain('worldswitch,counter\0');
  });

  it.each<[string, AddedDevice, RegExp]>([
    ['over a device of the board', counter({ base: 0x1000_0000 }), /counter at 0x10000000 overlaps uart/],
    ['in RAM', counter({ base: 0x8000_0000 }), /counter at 0x80000000: its 16 bytes do not lie below RAM/],
    ['at an odd place', counter({ base: 0x3000_0010 }), /expected a multiple of 4096/],
    ['without registers', counter({}, { size: 0 }), /its 0 bytes/],
    ['with the interrupt of the UART', counter({ interrupt: 10 }), /the UART has the interrupt 10/],
    ['with an interrupt that there is not', counter({ interrupt: 96 }), /expected an interrupt from 1 to 95, got 96/],
  ])('is refused %s', (_, device, message) => {
    expect(() => Machine.create(options(device))).toThrow(message);
  });

  it('is refused with the interrupt of another one', () => {
    const devices = [counter({ interrupt: 20 }), counter({ interrupt: 20, base: 0x3000_1000 })];
    expect(() => Machine.create({ firmware, memoryBytes: 2 ** 20, devices })).toThrow(/counter has the interrupt 20/);
  });
});
