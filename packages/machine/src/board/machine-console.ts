import type { HostConsole, TraceSink } from '@worldswitch/contracts';
import type { Uart16550 } from '../devices/uart16550.ts';
import type { InputPoint } from '../snapshot/input-log.ts';
import type { MachineRecorder } from '../snapshot/recorder.ts';
import { ConsoleBuffer } from './console-buffer.ts';

/** Bytes that are read from the host's console at once, and that may wait before more are read. */
const INPUT_CHUNK = 256;

/** All that comes into a machine and goes out of it by its console; a timeline's recorder sees it, or supplies it again. */
export class MachineConsole {
  readonly output: ConsoleBuffer;
  recorder: MachineRecorder | undefined;
  readonly #host: HostConsole | undefined;
  #uart: Uart16550 | undefined;

  /** @param heard is called with what leaves, after the host's console. */
  constructor(host: HostConsole | undefined, heard: (bytes: Uint8Array) => void) {
    this.#host = host;
    this.output = new ConsoleBuffer((bytes) => {
      host?.write(bytes);
      heard(bytes);
    });
  }

  /** The device that what is typed goes to. */
  connect(uart: Uart16550): void {
    this.#uart = uart;
  }

  get isReplaying(): boolean {
    return this.recorder?.isReplaying ?? false;
  }

  /** Takes in what the host's console has, at a point where a repeated run comes by again. */
  poll(point: InputPoint = 'poll'): void {
    if (this.isReplaying) {
      this.#replay(point);
      return;
    }
    if (!this.#host || !this.#uart || this.#uart.pendingInput >= INPUT_CHUNK) return;
    const bytes = this.#host.read(INPUT_CHUNK);
    if (bytes.length > 0) this.arrive(point, bytes);
  }

  /** Bytes were typed. */
  arrive(point: InputPoint, bytes: Uint8Array): void {
    this.recorder?.arrived(point, bytes);
    this.#uart?.receive(bytes);
  }

  #replay(point: InputPoint): void {
    for (let bytes = this.recorder?.replay(point); bytes; bytes = this.recorder?.replay(point)) {
      this.#uart?.receive(bytes);
    }
  }

  /** For the built-in firmware: a byte typed, or undefined. */
  readByte(): number | undefined {
    if (this.#uart?.pendingInput === 0) this.poll('firmware');
    return this.#uart && this.#uart.pendingInput > 0 ? this.#uart.read(0, 1) : undefined;
  }

  transmit(byte: number): void {
    this.output.put(byte);
    if (this.isReplaying) this.#replay('output');
  }

  /** A sink that hears only of what happens for the first time. */
  present(sink: TraceSink): TraceSink {
    return {
      emit: (event) => {
        if (!this.isReplaying) sink.emit(event);
      },
    };
  }
}
