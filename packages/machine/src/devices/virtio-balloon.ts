/** Virtio traditional memory balloon. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.5. */
import { MachineError } from '../errors.ts';
import type { VirtioDevice, VirtioTransport } from './virtio-mmio.ts';
import type { VirtQueue } from './virtio-queue.ts';

const DEVICE_ID = 5;
/** Feature bit: the driver may take pages back when it runs out of memory. */
const F_DEFLATE_ON_OOM = 1 << 2;
const Queue = { inflate: 0, deflate: 1 } as const;
/** Offsets in the configuration, each a 32-bit number of pages. */
const Configuration = { wanted: 0, actual: 4, bytes: 8 } as const;
/** Pages of the balloon always have this size. */
const PAGE_BYTES = 4096;
/** Bytes of page numbers in one request that are looked at: bounds its work. */
const LIST_LIMIT = 2 ** 16;

/** A balloon (VIRTIO 1.2, section 5.5): memory that the guest does without for a while, in pages of 4096 bytes. */
export interface VirtioBalloon extends VirtioDevice {
  /** Pages that the host wants back; the driver gives them when it can. Throws MachineError unless it is a number from 0 to 2^32 - 1. */
  setWanted(pages: number): void;
  /** Pages that the driver says it has given. */
  readonly actualPages: number;
}

/**
 * The guest hands pages to the host and takes them back. A page in the balloon is filled with zeros, so that it costs nothing in a
 * saved machine; its contents are lost to the guest, as the specification says.
 */
export function createVirtioBalloon(): VirtioBalloon {
  const configuration = new Uint8Array(Configuration.bytes);
  const view = new DataView(configuration.buffer);
  let transport: VirtioTransport | undefined;

  /** Page numbers outside RAM are the guest's mistake and are passed over. */
  const release = (queue: VirtQueue, numbers: Uint8Array): void => {
    const list = new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    for (let at = 0; at + 4 <= list.byteLength; at += 4) {
      const address = list.getUint32(at, true) * PAGE_BYTES;
      const page = queue.memory.view(address, PAGE_BYTES);
      if (!page) continue;
      page.fill(0);
      queue.memory.noteWrite(address, PAGE_BYTES);
    }
  };

  return {
    name: 'balloon',
    deviceId: DEVICE_ID,
    features: F_DEFLATE_ON_OOM,
    queues: 2,
    configuration,
    get actualPages() {
      return view.getUint32(Configuration.actual, true);
    },
    setWanted(pages) {
      if (!Number.isInteger(pages) || pages < 0 || pages >= 2 ** 32) {
        throw new MachineError(`a balloon of ${pages} pages: expected a whole number from 0 to 4294967295`);
      }
      view.setUint32(Configuration.wanted, pages, true);
      transport?.configurationChanged();
    },
    attach(to) {
      transport = to;
    },
    writeConfiguration(offset, width, value) {
      if (offset === Configuration.actual && width === 4) view.setUint32(Configuration.actual, value, true);
    },
    notify(queue, index) {
      let isUsed = false;
      for (let request = queue.take(); request; request = queue.take()) {
        if (index === Queue.inflate) {
          // The list may lie in a page that it names: it is read before anything is cleared.
          let rest = LIST_LIMIT;
          for (const { bytes, isWritable } of request.buffers) {
            if (isWritable) continue;
            const numbers = bytes.slice(0, rest);
            release(queue, numbers);
            rest -= numbers.length;
          }
        }
        queue.give(request, 0);
        isUsed = true;
      }
      return isUsed;
    },
    reset() {
      view.setUint32(Configuration.actual, 0, true);
    },
    save: () => configuration.slice(),
    restore: (saved) => configuration.set(saved as Uint8Array),
  };
}
