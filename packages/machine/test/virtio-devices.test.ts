import { describe, expect, it } from 'vitest';
import { createVirtioBalloon } from '../src/devices/virtio-balloon.ts';
import { createVirtioConsole } from '../src/devices/virtio-console.ts';
import { createSeededEntropy, createVirtioEntropy } from '../src/devices/virtio-entropy.ts';
import { MachineError } from '../src/errors.ts';
import { createVirtioDriver } from './virtio-driver.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (value: string) => new TextEncoder().encode(value);

describe('virtio console', () => {
  const rig = () => {
    const sent: string[] = [];
    const device = createVirtioConsole({ transmit: (bytes) => sent.push(text(bytes)), columns: 132, rows: 43 });
    return { device, sent, driver: createVirtioDriver(device) };
  };

  it('sends what the driver transmits, in order and from each readable buffer', () => {
    const { sent, driver } = rig();
    driver.bytes.set(encode('hello, world'), 0x8000);
    driver.offer(1, 0, [
      { address: 0x8000, length: 5 },
      { address: 0x8005, length: 7 },
    ]);
    expect(sent.join('')).toBe('hello, world');
    expect(driver.used(1)).toEqual([0]);
    expect([driver.line(), driver.interruptStatus()]).toEqual([true, 1]);
  });

  it('gives input to buffers that wait, keeps the rest, and interrupts without being asked', () => {
    const { device, driver } = rig();
    driver.offer(0, 0, [{ address: 0x8000, length: 4, isWritable: true }]);
    expect(driver.line()).toBe(false);
    device.receive(encode('abcdef'));
    expect([text(driver.bytes.subarray(0x8000, 0x8004)), device.pendingInput]).toEqual(['abcd', 2]);
    expect([driver.line(), driver.used(0)]).toEqual([true, [4]]);
    driver.acknowledge();
    expect(driver.line()).toBe(false);
    driver.offer(0, 1, [{ address: 0x8100, length: 64, isWritable: true }]);
    expect([text(driver.bytes.subarray(0x8100, 0x8102)), driver.used(0), device.pendingInput]).toEqual([
      'ef',
      [4, 2],
      0,
    ]);
    expect(driver.written).toContain(0x8100);
  });

  it('tells its size, and when it changes', () => {
    const { device, driver } = rig();
    expect([driver.registers.read(0x100, 2), driver.registers.read(0x102, 2)]).toEqual([132, 43]);
    const generation = driver.registers.read(0xfc, 4);
    device.resize(80, 24);
    expect([driver.registers.read(0x100, 2), driver.registers.read(0x102, 2)]).toEqual([80, 24]);
    expect([driver.interruptStatus(), driver.registers.read(0xfc, 4) - generation]).toEqual([2, 1]);
  });

  it('is broken by a request outside memory, and asks to be reset', () => {
    const { device, driver, sent } = rig();
    driver.offer(1, 0, [{ address: 0xffff, length: 2 }]);
    expect([sent, driver.registers.read(0x70, 4) & 64]).toEqual([[], 64]);
    device.receive(encode('x'));
    driver.registers.write(0x70, 4, 0);
    expect([device.pendingInput, driver.registers.read(0x70, 4)]).toEqual([0, 0]);
  });
});

describe('a queue', () => {
  it('is broken by a driver that counts more requests than its ring holds', () => {
    let filled = 0;
    const driver = createVirtioDriver(createVirtioEntropy({ fill: () => filled++ }));
    driver.descriptor(0, 0, 0x8000, 4, 2, 0);
    driver.view.setUint16(0x1402, 8, true);
    driver.registers.write(0x50, 4, 0);
    expect([filled, driver.registers.read(0x70, 4) & 64]).toEqual([8, 0]);
    driver.view.setUint16(0x1402, 17, true);
    driver.registers.write(0x50, 4, 0);
    expect([filled, driver.registers.read(0x70, 4) & 64]).toEqual([8, 64]);
  });
});

describe('virtio entropy', () => {
  it('fills the first writable buffer and says how far', () => {
    const driver = createVirtioDriver(createVirtioEntropy({ fill: (into) => into.fill(0xa5) }));
    driver.offer(0, 0, [{ address: 0x8000, length: 100, isWritable: true }]);
    expect([
      driver.used(0),
      driver.bytes[0x7fff],
      driver.bytes[0x8000],
      driver.bytes[0x8063],
      driver.bytes[0x8064],
    ]).toEqual([[100], 0, 0xa5, 0xa5, 0]);
    driver.offer(0, 1, [{ address: 0x9000, length: 0x2000, isWritable: true }]);
    expect(driver.used(0)).toEqual([100, 4096]);
    driver.offer(0, 2, [{ address: 0xc000, length: 16 }]);
    expect(driver.used(0)).toEqual([100, 4096, 0]);
  });

  it('is repeatable with a seed, and differs between seeds', () => {
    const bytes = (seed: number, ...lengths: number[]) => {
      const source = createSeededEntropy(seed);
      return lengths.map((length) => {
        const into = new Uint8Array(length);
        source.fill(into);
        return into;
      });
    };
    expect(bytes(1, 64, 7)).toEqual(bytes(1, 64, 7));
    expect(bytes(1, 64)).not.toEqual(bytes(2, 64));
    const many = bytes(3, 65536)[0]!;
    const counts = new Uint32Array(256);
    for (const byte of many) counts[byte]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
    expect(chiSquare).toBeGreaterThan(150);
    expect(chiSquare).toBeLessThan(380);
  });
});

describe('virtio balloon', () => {
  it('clears the pages it is given, also one that holds the list, and passes over those outside memory', () => {
    const device = createVirtioBalloon();
    const driver = createVirtioDriver(device);
    driver.bytes.fill(0xee, 0x8000);
    for (const [index, page] of [9, 8, 0xfffff, 11].entries()) driver.view.setUint32(0x8000 + 4 * index, page, true);
    driver.offer(0, 0, [{ address: 0x8000, length: 16 }]);
    const isClear = (page: number) => driver.bytes.subarray(page * 4096, (page + 1) * 4096).every((byte) => byte === 0);
    expect([8, 9, 10, 11, 12].map(isClear)).toEqual([true, true, false, true, false]);
    expect(driver.written).toEqual(expect.arrayContaining([0x8000, 0x9000, 0xb000]));
    driver.view.setUint32(0xc000, 10, true);
    driver.offer(1, 1, [{ address: 0xc000, length: 4 }]);
    expect([isClear(10), driver.used(1)]).toEqual([false, [0]]);
  });

  it('looks at a bounded list of pages in one request, however many buffers name it', () => {
    const device = createVirtioBalloon();
    const driver = createVirtioDriver(device);
    driver.offer(
      0,
      0,
      Array.from({ length: 4 }, () => ({ address: 0x4000, length: 0xc000 })),
    );
    // 2^14 numbers of a page that there is; the queue itself is one more write.
    expect(driver.written.filter((address) => address === 0)).toHaveLength(2 ** 14);
  });

  it('asks for pages by its configuration, and hears how many it got', () => {
    const device = createVirtioBalloon();
    const driver = createVirtioDriver(device);
    device.setWanted(256);
    expect([driver.registers.read(0x100, 4), driver.interruptStatus(), driver.line()]).toEqual([256, 2, true]);
    driver.registers.write(0x104, 4, 200);
    driver.registers.write(0x100, 4, 7);
    expect([device.actualPages, driver.registers.read(0x100, 4), driver.registers.read(0x104, 4)]).toEqual([
      200, 256, 200,
    ]);
    expect(() => device.setWanted(-1)).toThrow(MachineError);
    expect(() => device.setWanted(0.5)).toThrow(MachineError);
  });
});

describe('saved virtio devices', () => {
  const copy = <T>(value: T): T => structuredClone(value);

  it('go on where they were', () => {
    const device = createVirtioConsole({ transmit() {} });
    device.receive(encode('typed'));
    device.resize(100, 30);
    const other = createVirtioConsole({ transmit() {} });
    other.restore?.(copy(device.save?.() ?? {}));
    const driver = createVirtioDriver(other);
    driver.offer(0, 0, [{ address: 0x8000, length: 16, isWritable: true }]);
    expect(text(driver.bytes.subarray(0x8000, 0x8005))).toBe('typed');
    expect([driver.registers.read(0x100, 2), driver.registers.read(0x102, 2)]).toEqual([100, 30]);

    const [seeded, resumed] = [createSeededEntropy(7), createSeededEntropy(8)];
    const [expected, actual] = [new Uint8Array(32), new Uint8Array(32)];
    seeded.fill(new Uint8Array(12));
    resumed.restore?.(copy(seeded.save?.() ?? {}));
    seeded.fill(expected);
    resumed.fill(actual);
    expect(actual).toEqual(expected);

    const balloon = createVirtioBalloon();
    balloon.setWanted(5);
    balloon.writeConfiguration?.(4, 4, 3);
    const same = createVirtioBalloon();
    same.restore?.(copy(balloon.save?.() ?? {}));
    expect([same.actualPages, same.configuration[0]]).toEqual([3, 5]);
  });
});
