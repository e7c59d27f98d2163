import { describe, expect, it } from 'vitest';
import { createUart16550 } from './uart16550.ts';

// Offsets and bits restated from the PC16550D datasheet, tables II and IV.
const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];

function rig() {
  const sent: number[] = [];
  let line = false;
  let rises = 0;
  const uart = createUart16550({
    interrupt: {
      set: (isHigh) => {
        if (isHigh && !line) rises++;
        line = isHigh;
      },
    },
    transmit: (byte) => sent.push(byte),
  });
  return { uart, sent, line: () => line, rises: () => rises };
}

describe('16550 UART', () => {
  it('sends a byte written to THR and is at once ready for the next', () => {
    const { uart, sent } = rig();
    uart.write(DATA, 1, 0x41);
    expect(sent).toEqual([0x41]);
    expect(uart.read(LSR, 1)).toBe(0x60);
  });

  it('keeps the divisor latch apart from data', () => {
    const { uart, sent } = rig();
    uart.write(LCR, 1, 0x83);
    uart.write(DATA, 1, 12);
    uart.write(IER, 1, 3);
    expect([uart.read(DATA, 1), uart.read(IER, 1), uart.read(LCR, 1)]).toEqual([12, 3, 0x83]);
    uart.write(LCR, 1, 0x03);
    expect([uart.read(IER, 1), sent.length]).toEqual([0, 0]);
  });

  it('interrupts for received data until it is read', () => {
    const { uart, line } = rig();
    uart.receive(Uint8Array.of(0x61, 0x62));
    expect(line()).toBe(false);
    uart.write(IER, 1, 1);
    expect(line()).toBe(true);
    expect(uart.read(IIR, 1)).toBe(4);
    expect(uart.read(LSR, 1) & 1).toBe(1);
    expect([uart.read(DATA, 1), line(), uart.read(DATA, 1), line()]).toEqual([0x61, true, 0x62, false]);
    expect(uart.read(IIR, 1)).toBe(1);
  });

  it('interrupts for an empty transmitter once: reading IIR clears it, sending brings it back', () => {
    const { uart, line, rises } = rig();
    uart.write(IER, 1, 2);
    // The line rises and falls again: what nobody asks for does not keep interrupting.
    expect([rises(), line(), uart.read(IIR, 1), uart.read(IIR, 1)]).toEqual([1, false, 2, 1]);
    uart.write(DATA, 1, 0x41);
    expect([rises(), line(), uart.read(IIR, 1)]).toEqual([2, false, 2]);
  });

  it('loops back, and has a scratch register and FIFOs as drivers look for them', () => {
    const { uart, sent } = rig();
    uart.write(MCR, 1, 0x1a);
    expect(uart.read(MSR, 1) & 0xf0).toBe(0x90);
    uart.write(DATA, 1, 0x55);
    expect([sent.length, uart.read(DATA, 1)]).toEqual([0, 0x55]);
    uart.write(SCR, 1, 0xa5);
    expect(uart.read(SCR, 1)).toBe(0xa5);
    uart.write(IIR, 1, 1);
    expect(uart.read(IIR, 1)).toBe(0xc1);
  });
});
