/** Virtio block device. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.2 "Block Device". */
import { MachineError } from '../errors.ts';
import type { VirtioDevice } from './virtio-mmio.ts';
import type { VirtBuffer, VirtQueue, VirtRequest } from './virtio-queue.ts';

const SECTOR_BYTES = 512;

/** Where a disk's contents are. Sector numbers and lengths have been checked against `sectors`. */
export interface BlockBackend {
  readonly sectors: number;
  readonly isReadOnly: boolean;
  /** Fills `into`, whose length is a multiple of 512. Returns false for an I/O error. */
  read(sector: number, into: Uint8Array): boolean;
  write(sector: number, from: Uint8Array): boolean;
  flush(): boolean;
}

/** A disk in memory. The bytes are the caller's, and change; what is beyond the last whole sector is not on the disk. */
export function createMemoryBackend(bytes: Uint8Array, options: { readonly isReadOnly?: boolean } = {}): BlockBackend {
  const slice = (sector: number, length: number) =>
    bytes.subarray(sector * SECTOR_BYTES, sector * SECTOR_BYTES + length);
  return {
    sectors: Math.floor(bytes.length / SECTOR_BYTES),
    isReadOnly: options.isReadOnly ?? false,
    read(sector, into) {
      into.set(slice(sector, into.length));
      return true;
    },
    write(sector, from) {
      bytes.set(from, sector * SECTOR_BYTES);
      return true;
    },
    flush: () => true,
  };
}

/** Same, sections 5.2.3 and 5.2.6. */
const DEVICE_ID = 2;
const Feature = { RO: 1 << 5, FLUSH: 1 << 9 } as const;
const RequestType = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8 } as const;
const Outcome = { OK: 0, IOERR: 1, UNSUPP: 2 } as const;
const HEADER_BYTES = 16;
const ID_BYTES = 20;
/** Bytes of one request: descriptors may overlap, so RAM is no bound on their sum. */
const REQUEST_LIMIT = 2 ** 26;

export type BlockState = { readonly sectors: number; readonly isReadOnly: boolean };

/**
 * A disk (VIRTIO 1.2, section 5.2) on what `backend` holds. Errors of the backend are answered with VIRTIO_BLK_S_IOERR.
 * @param id what the guest may ask for: at most 20 bytes.
 */
export function createVirtioBlock(backend: BlockBackend, id = 'worldswitch'): VirtioDevice {
  const configuration = new Uint8Array(60);
  new DataView(configuration.buffer).setBigUint64(0, BigInt(backend.sectors), true);

  let record: ((undo: () => void, bytes: number) => void) | undefined;
  /** Writes; what was there before goes to whoever records changes. */
  const write = (sector: number, from: Uint8Array): boolean => {
    if (record && from.length > 0) {
      const old = new Uint8Array(from.length);
      if (!backend.read(sector, old)) return false;
      record(() => void backend.write(sector, old), old.length);
    }
    return backend.write(sector, from);
  };

  /** Carries out one request on its data buffers; returns the outcome and the bytes written to guest memory. */
  const perform = (type: number, sector: number, data: readonly VirtBuffer[]): readonly [number, number] => {
    const length = data.reduce((sum, buffer) => sum + buffer.bytes.length, 0);
    const isTransfer = type === RequestType.IN || type === RequestType.OUT;
    if (length > REQUEST_LIMIT) return [Outcome.IOERR, 0];
    if (isTransfer && (length % SECTOR_BYTES !== 0 || sector + length / SECTOR_BYTES > backend.sectors)) {
      return [Outcome.IOERR, 0];
    }
    switch (type) {
      case RequestType.IN: {
        if (data.some((buffer) => !buffer.isWritable)) return [Outcome.IOERR, 0];
        const whole = new Uint8Array(length);
        if (!backend.read(sector, whole)) return [Outcome.IOERR, 0];
        scatter(whole, data);
        return [Outcome.OK, length];
      }
      case RequestType.OUT: {
        if (backend.isReadOnly || data.some((buffer) => buffer.isWritable)) return [Outcome.IOERR, 0];
        return [write(sector, gather(data, length)) ? Outcome.OK : Outcome.IOERR, 0];
      }
      case RequestType.FLUSH:
        return [backend.flush() ? Outcome.OK : Outcome.IOERR, 0];
      case RequestType.GET_ID: {
        const text = new Uint8Array(Math.min(ID_BYTES, length));
        text.set(new TextEncoder().encode(id).subarray(0, text.length));
        if (data.some((buffer) => !buffer.isWritable)) return [Outcome.IOERR, 0];
        scatter(text, data);
        return [Outcome.OK, text.length];
      }
      default:
        return [Outcome.UNSUPP, 0];
    }
  };

  const handle = (queue: VirtQueue, request: VirtRequest): void => {
    const [header, ...rest] = request.buffers;
    const status = rest.pop();
    if (
      !header ||
      header.bytes.length < HEADER_BYTES ||
      header.isWritable ||
      !status?.isWritable ||
      status.bytes.length < 1
    ) {
      queue.give(request, 0);
      return;
    }
    const view = new DataView(header.bytes.buffer, header.bytes.byteOffset, HEADER_BYTES);
    const sector = view.getUint32(12, true) * 2 ** 32 + view.getUint32(8, true);
    const [outcome, written] = perform(view.getUint32(0, true), sector, rest);
    status.bytes[0] = outcome;
    queue.give(request, written + 1);
  };

  return {
    name: 'block',
    deviceId: DEVICE_ID,
    features: Feature.FLUSH | (backend.isReadOnly ? Feature.RO : 0),
    queues: 1,
    configuration,
    notify(queue) {
      let isUsed = false;
      for (let request = queue.take(); request; request = queue.take()) {
        handle(queue, request);
        isUsed = true;
      }
      return isUsed;
    },
    reset() {},
    // The contents are not saved: they are the back end's. A disk of another size cannot be the one there was.
    save: (): BlockState => ({ sectors: backend.sectors, isReadOnly: backend.isReadOnly }),
    restore(saved) {
      const { sectors, isReadOnly } = saved as BlockState;
      if (sectors === backend.sectors && isReadOnly === backend.isReadOnly) return;
      const text = (disk: BlockState) => `${disk.sectors} sectors, ${disk.isReadOnly ? 'read-only' : 'writable'}`;
      throw new MachineError(
        `the disk has ${text(backend)}; the saved machine had one of ${text({ sectors, isReadOnly })}`,
      );
    },
    recordChanges(listener) {
      record = listener;
    },
  };
}

function gather(buffers: readonly VirtBuffer[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const { bytes } of buffers) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

function scatter(whole: Uint8Array, buffers: readonly VirtBuffer[]): void {
  let at = 0;
  for (const { bytes } of buffers) {
    bytes.set(whole.subarray(at, at + bytes.length));
    at += bytes.length;
  }
}
