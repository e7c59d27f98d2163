import type { InterruptLine } from '@worldswitch/contracts';
import { deviceLaws } from '@worldswitch/contracts/conformance';
import { describe, expect, it } from 'vitest';
import { createVirtualPlic } from './plic.ts';
import { createTestDevice } from './test-device.ts';
import { createVirtualUart } from './uart16550.ts';

function line(): InterruptLine & { isHigh: boolean } {
  return {
    isHigh: false,
    set(isHigh) {
      this.isHigh = isHigh;
    },
  };
}

describe('virtual UART', () => {
  for (const law of deviceLaws(() => createVirtualUart(() => {}, line()))) it(law.name, law.check);

  it('sends what is written to THR, not to the divisor', () => {
    const sent: number[] = [];
    const uart = createVirtualUart((byte) => sent.push(byte), line());
    uart.write(0, 1, 0x41);
    uart.write(3, 1, 0x83);
    uart.write(0, 1, 0x99);
    expect(uart.read(0, 1)).toBe(0x99);
    uart.write(3, 1, 3);
    uart.write(0, 1, 0x42);
    expect(sent).toEqual([0x41, 0x42]);
    expect(uart.read(5, 1)).toBe(0x60);
  });

  it('raises its interrupt while there is input and the interrupt is enabled', () => {
    const interrupt = line();
    const uart = createVirtualUart(() => {}, interrupt);
    uart.type(Uint8Array.of(7, 8));
    expect(interrupt.isHigh).toBe(false);
    uart.write(1, 1, 1);
    expect([interrupt.isHigh, uart.read(2, 1) & 0xf, uart.read(5, 1)]).toEqual([true, 4, 0x61]);
    expect([uart.read(0, 1), interrupt.isHigh, uart.read(0, 1), interrupt.isHigh]).toEqual([7, true, 8, false]);
    expect([uart.read(0, 1), uart.read(2, 1) & 0xf]).toEqual([0, 1]);
  });

  it('reports the empty transmitter once', () => {
    const interrupt = line();
    const uart = createVirtualUart(() => {}, interrupt);
    uart.write(1, 1, 2);
    expect(interrupt.isHigh).toBe(true);
    expect(uart.read(2, 1) & 0xf).toBe(2);
    expect([interrupt.isHigh, uart.read(2, 1) & 0xf]).toEqual([false, 1]);
    uart.write(0, 1, 65);
    expect(interrupt.isHigh).toBe(true);
  });
});

describe('virtual PLIC', () => {
  for (const law of deviceLaws(() => createVirtualPlic(31, [line(), line()]))) it(law.name, law.check);

  it('gives the source of the highest priority, and holds it until it is completed', () => {
    const [machine, supervisor] = [line(), line()];
    const plic = createVirtualPlic(31, [machine, supervisor]);
    const [five, ten] = [plic.source(5), plic.source(10)];
    plic.write(5 * 4, 4, 1);
    plic.write(10 * 4, 4, 2);
    plic.write(0x2080, 4, (1 << 5) | (1 << 10));
    five.set(true);
    ten.set(true);
    expect([machine.isHigh, supervisor.isHigh]).toEqual([false, true]);
    expect(plic.read(0x1000, 4)).toBe((1 << 5) | (1 << 10));
    expect([plic.read(0x20_1004, 4), plic.read(0x20_1004, 4), plic.read(0x20_1004, 4)]).toEqual([10, 5, 0]);
    expect(supervisor.isHigh).toBe(false);
    plic.write(0x20_1004, 4, 10);
    expect(plic.read(0x20_1004, 4)).toBe(10);
    ten.set(false);
    plic.write(0x20_1004, 4, 10);
    expect(supervisor.isHigh).toBe(false);
  });

  it('asks for nothing at or below the threshold', () => {
    const supervisor = line();
    const plic = createVirtualPlic(31, [line(), supervisor]);
    plic.write(5 * 4, 4, 3);
    plic.write(0x2080, 4, 1 << 5);
    plic.write(0x20_1000, 4, 3);
    plic.source(5).set(true);
    expect(supervisor.isHigh).toBe(false);
    plic.write(0x20_1000, 4, 2);
    expect(supervisor.isHigh).toBe(true);
  });
});

describe('virtual test device', () => {
  const nothing = { powerOff() {}, reset() {} };
  for (const law of deviceLaws(() => createTestDevice(nothing))) it(law.name, law.check);

  it('switches off with the exit code', () => {
    const asked: (number | 'reset')[] = [];
    const device = createTestDevice({ powerOff: (code) => asked.push(code), reset: () => asked.push('reset') });
    device.write(0, 4, 0x5555);
    device.write(0, 4, (42 << 16) | 0x3333);
    device.write(0, 4, 0x7777);
    device.write(0, 4, 0x1234);
    device.write(8, 4, 0x5555);
    expect(asked).toEqual([0, 42, 'reset']);
  });
});
