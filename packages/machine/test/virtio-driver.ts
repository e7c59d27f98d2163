import type { DmaMemory } from '@worldswitch/contracts';
import { createVirtioMmio, type VirtioDevice } from '../src/devices/virtio-mmio.ts';

// Register offsets restated from VIRTIO 1.2, table 4.1; ring layout from section 2.7.
const REG = { queueSel: 0x30, queueNum: 0x38, queueReady: 0x44, notify: 0x50, isr: 0x60, ack: 0x64, status: 0x70 };
const ADDRESS = { desc: 0x80, driver: 0x90, device: 0xa0 };
const QUEUE_SIZE = 8;
const ringOf = (queue: number) => ({
  desc: 0x1000 + queue * 0x1000,
  avail: 0x1400 + queue * 0x1000,
  used: 0x1800 + queue * 0x1000,
});

export interface DriverBuffer {
  readonly address: number;
  readonly length: number;
  readonly isWritable?: boolean;
}

/** A driver in 64 KiB of memory, queues at 0x1000, 0x2000 ...; memory from 0x8000 on is the test's. */
export function createVirtioDriver(device: VirtioDevice) {
  const bytes = new Uint8Array(0x1_0000);
  const view = new DataView(bytes.buffer);
  const written: number[] = [];
  const memory: DmaMemory = {
    view: (address, length) =>
      address >= 0 && length >= 0 && address + length <= bytes.length
        ? bytes.subarray(address, address + length)
        : undefined,
    noteWrite: (address) => written.push(address),
  };
  let line = false;
  const registers = createVirtioMmio({
    device,
    memory,
    interrupt: {
      set: (isHigh) => {
        line = isHigh;
      },
    },
  });
  const available: number[] = [];
  for (let queue = 0; queue < device.queues; queue++) {
    const ring = ringOf(queue);
    registers.write(REG.queueSel, 4, queue);
    registers.write(REG.queueNum, 4, QUEUE_SIZE);
    registers.write(ADDRESS.desc, 4, ring.desc);
    registers.write(ADDRESS.driver, 4, ring.avail);
    registers.write(ADDRESS.device, 4, ring.used);
    registers.write(REG.queueReady, 4, 1);
    available.push(0);
  }
  registers.write(REG.status, 4, 15);
  const descriptor = (queue: number, index: number, address: number, length: number, flags: number, next: number) => {
    const at = ringOf(queue).desc + index * 16;
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  };
  const offerHead = (queue: number, head: number) => {
    const { avail } = ringOf(queue);
    const count = available[queue]!;
    view.setUint16(avail + 4 + 2 * (count % QUEUE_SIZE), head, true);
    available[queue] = count + 1;
    view.setUint16(avail + 2, count + 1, true);
    registers.write(REG.notify, 4, queue);
  };
  return {
    bytes,
    view,
    registers,
    /** Addresses that the device said it had written. */
    written,
    line: () => line,
    interruptStatus: () => registers.read(REG.isr, 4),
    acknowledge: () => registers.write(REG.ack, 4, registers.read(REG.isr, 4)),
    /** Writes one descriptor of the queue's table. */
    descriptor,
    /** Makes the chain at a descriptor available, and notifies. */
    offerHead,
    /** Makes one chain available from descriptor `head` on, and notifies. */
    offer(queue: number, head: number, buffers: readonly DriverBuffer[]) {
      buffers.forEach(({ address, length, isWritable }, index) => {
        const flags = (index === buffers.length - 1 ? 0 : 1) | (isWritable ? 2 : 0);
        descriptor(queue, head + index, address, length, flags, head + index + 1);
      });
      offerHead(queue, head);
    },
    /** Lengths of the chains that were given back, oldest first. */
    used(queue: number): number[] {
      const ring = ringOf(queue);
      const count = view.getUint16(ring.used + 2, true);
      return Array.from({ length: count }, (_, index) =>
        view.getUint32(ring.used + 8 + 8 * (index % QUEUE_SIZE), true),
      );
    },
  };
}
