/** Virtio console device with one port. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.3 "Console Device". */
import type { VirtioDevice, VirtioTransport } from './virtio-mmio.ts';

const DEVICE_ID = 3;
/** Feature bit: `configuration` holds the terminal's size. */
const F_SIZE = 1;
const Queue = { receive: 0, transmit: 1 } as const;
const CONFIGURATION_BYTES = 12;
/** Bytes of one request that are passed on: descriptors may overlap, so RAM is no bound on their sum. */
const REQUEST_LIMIT = 2 ** 20;

/** Where a virtio console leads to, and the size of the terminal there. */
export interface VirtioConsoleOptions {
  /** Bytes leave the guest. The array is valid during the call only. */
  readonly transmit: (bytes: Uint8Array) => void;
  /** Characters. Default 80 by 25. */
  readonly columns?: number;
  readonly rows?: number;
}

/** A virtio console; what is typed is handed to `receive`. */
export interface VirtioConsole extends VirtioDevice {
  /** Types: what the driver has no room for yet waits. */
  receive(bytes: Uint8Array): void;
  /** Bytes typed that the driver has not taken. */
  readonly pendingInput: number;
  /** The driver has set its queue for input up: what is typed before, its reset of the device throws away. */
  readonly isReady: boolean;
  /** The terminal's size changed. */
  resize(columns: number, rows: number): void;
}

export type ConsoleState = { readonly input: Uint8Array; readonly columns: number; readonly rows: number };

/** A console of one port (VIRTIO 1.2, section 5.3): `/dev/hvc0` of Linux. */
export function createVirtioConsole(options: VirtioConsoleOptions): VirtioConsole {
  const configuration = new Uint8Array(CONFIGURATION_BYTES);
  const view = new DataView(configuration.buffer);
  let transport: VirtioTransport | undefined;
  let pending: Uint8Array[] = [];
  let pendingInput = 0;

  const setSize = (columns: number, rows: number) => {
    view.setUint16(0, columns, true);
    view.setUint16(2, rows, true);
  };
  setSize(options.columns ?? 80, options.rows ?? 25);

  /** Moves what is pending into `into`; returns how much. */
  const move = (into: Uint8Array): number => {
    let at = 0;
    while (at < into.length) {
      const first = pending[0];
      if (!first) break;
      const part = first.subarray(0, into.length - at);
      into.set(part, at);
      at += part.length;
      if (part.length === first.length) pending.shift();
      else pending[0] = first.subarray(part.length);
    }
    pendingInput -= at;
    return at;
  };

  /** Gives pending input to the driver; true when something was given. */
  const deliver = (): boolean => {
    const queue = transport?.queues[Queue.receive];
    let isUsed = false;
    while (queue && pendingInput > 0) {
      const request = queue.take();
      if (!request) break;
      let written = 0;
      for (const { bytes, isWritable } of request.buffers) if (isWritable) written += move(bytes);
      queue.give(request, written);
      isUsed = true;
    }
    return isUsed;
  };

  return {
    name: 'console',
    deviceId: DEVICE_ID,
    features: F_SIZE,
    queues: 2,
    configuration,
    get pendingInput() {
      return pendingInput;
    },
    get isReady() {
      return transport?.queues[Queue.receive]?.isReady ?? false;
    },
    attach(to) {
      transport = to;
    },
    receive(bytes) {
      if (bytes.length === 0) return;
      pending.push(bytes.slice());
      pendingInput += bytes.length;
      transport?.outside();
      if (deliver()) transport?.used(Queue.receive);
    },
    resize(columns, rows) {
      setSize(columns, rows);
      transport?.configurationChanged();
    },
    notify(queue, index) {
      if (index === Queue.receive) return deliver();
      let isUsed = false;
      for (let request = queue.take(); request; request = queue.take()) {
        let room = REQUEST_LIMIT;
        for (const { bytes, isWritable } of request.buffers) {
          if (isWritable || room === 0) continue;
          const part = bytes.subarray(0, room);
          if (!transport?.isReplaying) options.transmit(part);
          room -= part.length;
        }
        queue.give(request, 0);
        isUsed = true;
      }
      return isUsed;
    },
    reset() {
      pending = [];
      pendingInput = 0;
    },
    save: (): ConsoleState => {
      const input = new Uint8Array(pendingInput);
      let at = 0;
      for (const part of pending) {
        input.set(part, at);
        at += part.length;
      }
      return { input, columns: view.getUint16(0, true), rows: view.getUint16(2, true) };
    },
    restore(saved) {
      const { input, columns, rows } = saved as ConsoleState;
      pending = input.length > 0 ? [input.slice()] : [];
      pendingInput = input.length;
      setSize(columns, rows);
    },
  };
}
