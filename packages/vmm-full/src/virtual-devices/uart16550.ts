import type { Device, InterruptLine } from '@worldswitch/contracts';

/**
 * Virtual NS16550A. Source: National Semiconductor PC16550D datasheet, section 8, table II "Register Summary". The transmitter is
 * always ready: a character written is on the console.
 */
const Offset = { data: 0, ier: 1, iir: 2, lcr: 3, mcr: 4, lsr: 5, msr: 6, scratch: 7 } as const;
const IER_RECEIVED = 1;
const IER_TRANSMITTER = 2;
/** Interrupt identification (table IV), highest priority first. */
const IIR_RECEIVED = 4;
const IIR_TRANSMITTER = 2;
const IIR_NONE = 1;
const IIR_FIFO = 0xc0;
const FCR_ENABLE = 1;
const LCR_DLAB = 0x80;
const LSR_READY = 1;
const LSR_TRANSMITTER = 0x60;
/** Carrier, data set ready and clear to send. */
const MSR_CONNECTED = 0xb0;

export interface VirtualUart extends Device {
  /** Characters typed on the console: the guest reads them in this order. */
  type(bytes: Uint8Array): void;
  readonly hasInput: boolean;
  /** Takes a character past the registers, as firmware does; -1 when there is none. */
  take(): number;
}

export function createVirtualUart(transmit: (byte: number) => void, interrupt: InterruptLine): VirtualUart {
  let input: Uint8Array = new Uint8Array(0);
  let next = 0;
  let enabled = 0;
  let lineControl = 0;
  let modemControl = 0;
  let scratch = 0;
  let divisor = 0;
  let isFifoOn = false;
  let isTransmitterReported = true;

  const cause = () => {
    if (enabled & IER_RECEIVED && next < input.length) return IIR_RECEIVED;
    return enabled & IER_TRANSMITTER && !isTransmitterReported ? IIR_TRANSMITTER : IIR_NONE;
  };
  const update = () => interrupt.set(cause() !== IIR_NONE);
  const take = () => {
    if (next >= input.length) return -1;
    const byte = input[next++]!;
    update();
    return byte;
  };
  const isDivisorShown = () => (lineControl & LCR_DLAB) !== 0;

  return {
    name: 'uart16550',
    size: 0x100,
    read(offset) {
      switch (offset) {
        case Offset.data:
          return isDivisorShown() ? divisor & 0xff : Math.max(take(), 0);
        case Offset.ier:
          return isDivisorShown() ? divisor >> 8 : enabled;
        case Offset.iir: {
          const current = cause();
          // Reading IIR acknowledges the transmitter's interrupt (table IV).
          if (current === IIR_TRANSMITTER) isTransmitterReported = true;
          update();
          return current | (isFifoOn ? IIR_FIFO : 0);
        }
        case Offset.lcr:
          return lineControl;
        case Offset.mcr:
          return modemControl;
        case Offset.lsr:
          return LSR_TRANSMITTER | (next < input.length ? LSR_READY : 0);
        case Offset.msr:
          return MSR_CONNECTED;
        case Offset.scratch:
          return scratch;
        default:
          return 0;
      }
    },
    write(offset, _width, value) {
      const byte = value & 0xff;
      switch (offset) {
        case Offset.data:
          if (isDivisorShown()) divisor = (divisor & 0xff00) | byte;
          else {
            transmit(byte);
            isTransmitterReported = false;
          }
          break;
        case Offset.ier:
          if (isDivisorShown()) divisor = (divisor & 0xff) | (byte << 8);
          else {
            if (byte & ~enabled & IER_TRANSMITTER) isTransmitterReported = false;
            enabled = byte & 15;
          }
          break;
        case Offset.iir:
          // Clearing the receiver's FIFO drops nothing: what was typed is still on the wire.
          isFifoOn = (byte & FCR_ENABLE) !== 0;
          break;
        case Offset.lcr:
          lineControl = byte;
          break;
        case Offset.mcr:
          modemControl = byte & 31;
          break;
        case Offset.scratch:
          scratch = byte;
          break;
      }
      update();
    },
    reset() {
      enabled = lineControl = modemControl = scratch = divisor = 0;
      isFifoOn = false;
      isTransmitterReported = true;
      update();
    },
    type(bytes) {
      const rest = input.subarray(next);
      input = new Uint8Array(rest.length + bytes.length);
      input.set(rest);
      input.set(bytes, rest.length);
      next = 0;
      update();
    },
    get hasInput() {
      return next < input.length;
    },
    take,
  };
}
