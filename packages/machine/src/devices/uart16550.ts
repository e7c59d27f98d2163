/**
 * NS16550A UART with FIFOs. Source: National Semiconductor PC16550D datasheet (June 1995), section 8 "Registers".
 * Characters leave at once, whatever the divisor says.
 */
import type { Device, InterruptLine } from '@worldswitch/contracts';

/** Register offsets (same, table II). The first two are the divisor latch while LCR.DLAB is set. */
const Register = {
  RBR: 0,
  THR: 0,
  DLL: 0,
  IER: 1,
  DLM: 1,
  IIR: 2,
  FCR: 2,
  LCR: 3,
  MCR: 4,
  LSR: 5,
  MSR: 6,
  SCR: 7,
} as const;
const Ier = { RECEIVED: 1, TRANSMITTER_EMPTY: 2, LINE_STATUS: 4, MODEM_STATUS: 8 } as const;
/** Interrupt identification, by descending priority (same, table IV). */
const Iir = { NONE: 1, TRANSMITTER_EMPTY: 2, RECEIVED: 4, LINE_STATUS: 6, FIFOS: 0xc0 } as const;
const FCR_ENABLE = 1;
const LCR_DLAB = 0x80;
const MCR_LOOPBACK = 0x10;
const Lsr = { DATA_READY: 1, OVERRUN: 2, TRANSMITTER_EMPTY: 0x20, IDLE: 0x40 } as const;
/** Modem status without loopback: carrier, data set ready, clear to send. */
const MSR_CONNECTED = 0xb0;
const SIZE = 0x100;
/** Characters that wait for the guest beyond its FIFO; more are lost, as on a wire. */
const INPUT_LIMIT = 2 ** 20;

/** What a UART is wired to. */
export interface Uart16550Options {
  readonly interrupt: InterruptLine;
  /** A character leaves: 0 to 255. */
  readonly transmit: (byte: number) => void;
}

export type UartState = {
  /** Characters that the guest has not read yet. */
  readonly input: Uint8Array;
  readonly ier: number;
  readonly lcr: number;
  readonly mcr: number;
  readonly scr: number;
  readonly divisor: number;
  readonly areFifosOn: boolean;
  readonly isOverrun: boolean;
  readonly isTransmitterInterrupt: boolean;
};

/** A serial port; what arrives from outside is handed to `receive`. */
export interface Uart16550 extends Device {
  save(): UartState;
  restore(state: UartState): void;
  /** Characters arrive from outside. */
  receive(bytes: Uint8Array): void;
  /** Characters that the guest has not read yet. */
  readonly pendingInput: number;
}

/** An NS16550A (PC16550D datasheet, section 8 "Registers"), whose characters leave at once. */
export function createUart16550({ interrupt, transmit }: Uart16550Options): Uart16550 {
  let input: number[] = [];
  let inputHead = 0;
  let ier = 0;
  let lcr = 0;
  let mcr = 0;
  let scr = 0;
  let divisor = 0;
  let areFifosOn = false;
  let isOverrun = false;
  /** THRE interrupt: raised when the transmitter empties or the interrupt is enabled, cleared by reading IIR or writing THR. */
  let isTransmitterInterrupt = false;

  const available = () => input.length - inputHead;
  const identify = (): number => {
    if (ier & Ier.LINE_STATUS && isOverrun) return Iir.LINE_STATUS;
    if (ier & Ier.RECEIVED && available() > 0) return Iir.RECEIVED;
    if (ier & Ier.TRANSMITTER_EMPTY && isTransmitterInterrupt) return Iir.TRANSMITTER_EMPTY;
    return Iir.NONE;
  };
  /**
   * The line is high while something was received or lost. That the transmitter is empty, which it always is, raises it for a
   * moment only: kernels made on QEMU, whose interrupt controller sees no more of it either, need not acknowledge it.
   */
  const updateInterrupt = () => {
    const identity = identify();
    interrupt.set(identity !== Iir.NONE && identity !== Iir.TRANSMITTER_EMPTY);
  };
  const transmitterEmptied = () => {
    isTransmitterInterrupt = true;
    if (ier & Ier.TRANSMITTER_EMPTY) interrupt.set(true);
  };

  const accept = (byte: number) => {
    if (available() >= INPUT_LIMIT) isOverrun = true;
    else input.push(byte);
  };
  const takeInput = (): number => {
    const byte = available() > 0 ? input[inputHead++]! : 0;
    if (inputHead === input.length || inputHead > 4096) {
      input = input.slice(inputHead);
      inputHead = 0;
    }
    return byte;
  };

  const device: Uart16550 = {
    name: 'uart16550',
    size: SIZE,
    get pendingInput() {
      return available();
    },
    receive(bytes) {
      for (const byte of bytes) accept(byte);
      updateInterrupt();
    },
    read(offset) {
      switch (offset) {
        case Register.RBR: {
          if (lcr & LCR_DLAB) return divisor & 0xff;
          const byte = takeInput();
          updateInterrupt();
          return byte;
        }
        case Register.IER:
          return lcr & LCR_DLAB ? divisor >> 8 : ier;
        case Register.IIR: {
          const identity = identify();
          if (identity === Iir.TRANSMITTER_EMPTY) {
            isTransmitterInterrupt = false;
            updateInterrupt();
          }
          return identity | (areFifosOn ? Iir.FIFOS : 0);
        }
        case Register.LCR:
          return lcr;
        case Register.MCR:
          return mcr;
        case Register.LSR: {
          const status =
            Lsr.TRANSMITTER_EMPTY | Lsr.IDLE | (available() > 0 ? Lsr.DATA_READY : 0) | (isOverrun ? Lsr.OVERRUN : 0);
          isOverrun = false;
          updateInterrupt();
          return status;
        }
        case Register.MSR:
          // In loopback the modem outputs are connected to the inputs (same, 8.6.7 "Modem control register").
          return mcr & MCR_LOOPBACK ? ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 0xc) << 4) : MSR_CONNECTED;
        case Register.SCR:
          return scr;
        default:
          return 0;
      }
    },
    write(offset, _width, value) {
      const byte = value & 0xff;
      switch (offset) {
        case Register.THR:
          if (lcr & LCR_DLAB) {
            divisor = (divisor & 0xff00) | byte;
            return;
          }
          if (mcr & MCR_LOOPBACK) accept(byte);
          else transmit(byte);
          transmitterEmptied();
          break;
        case Register.IER:
          if (lcr & LCR_DLAB) {
            divisor = (divisor & 0xff) | (byte << 8);
            return;
          }
          {
            const isEnabled = (byte & ~ier & Ier.TRANSMITTER_EMPTY) !== 0;
            ier = byte & 0xf;
            if (isEnabled) transmitterEmptied();
          }
          break;
        case Register.FCR:
          // Clearing the receiver drops nothing: what was typed before boot waits on the wire, not in the FIFO.
          areFifosOn = (byte & FCR_ENABLE) !== 0;
          break;
        case Register.LCR:
          lcr = byte;
          return;
        case Register.MCR:
          mcr = byte & 0x1f;
          return;
        case Register.SCR:
          scr = byte;
          return;
      }
      updateInterrupt();
    },
    reset() {
      input = [];
      inputHead = 0;
      ier = lcr = mcr = scr = divisor = 0;
      areFifosOn = isOverrun = isTransmitterInterrupt = false;
      updateInterrupt();
    },
    save: () => ({
      ...{ input: Uint8Array.from(input.slice(inputHead)), ier, lcr, mcr, scr, divisor },
      ...{ areFifosOn, isOverrun, isTransmitterInterrupt },
    }),
    restore(state) {
      input = [...state.input];
      inputHead = 0;
      ({ ier, lcr, mcr, scr, divisor, areFifosOn, isOverrun, isTransmitterInterrupt } = state);
    },
  };
  return device;
}
