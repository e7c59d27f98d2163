import { assemble } from '@worldswitch/isa';
import { Machine, type VirtioDevice } from '@worldswitch/machine';

/** A virtio device that answers each request with the same text in capitals. */
function createShouter(): VirtioDevice {
  return {
    name: 'shouter',
    deviceId: 63,
    features: 0,
    queues: 1,
    configuration: new Uint8Array(0),
    notify(queue) {
      let isUsed = false;
      for (let request = queue.take(); request; request = queue.take()) {
        const from = request.buffers.find(({ isWritable }) => !isWritable)?.bytes ?? new Uint8Array(0);
        const into = request.buffers.find(({ isWritable }) => isWritable)?.bytes ?? new Uint8Array(0);
        const text = new TextEncoder().encode(new TextDecoder().decode(from).toUpperCase()).subarray(0, into.length);
        into.set(text);
        queue.give(request, text.length);
        isUsed = true;
      }
      return isUsed;
    },
    reset() {},
    // It has no state, and so can be in a snapshot.
    save: () => ({}),
    restore() {},
  };
}

// Its driver: the queue is laid out in the image, as the device is asked only once.
const kernel = assemble(
  `
    li   s0, 0x10001000       # virtio-mmio slot 0
    li   t0, 8
    sw   t0, 0x38(s0)         # QueueNum
    la   t0, descriptors
    sw   t0, 0x80(s0)
    la   t0, available
    sw   t0, 0x90(s0)
    la   t0, used
    sw   t0, 0xa0(s0)
    li   t0, 1
    sw   t0, 0x44(s0)         # QueueReady
    li   t0, 15
    sw   t0, 0x70(s0)         # Status: acknowledge, driver, features ok, driver ok
    sw   zero, 0x50(s0)       # QueueNotify: the answer is there when this store is done
    li   t0, 0x100000         # power off
    li   t1, 0x5555
    sw   t1, (t0)
    .balign 16
descriptors:
    .dword question           # flags 1: another descriptor follows, number 1
    .word  5
    .half  1, 1
    .dword answer             # flags 2: the device writes it
    .word  16
    .half  2, 0
    .zero  96
available:
    .half  0, 1, 0            # flags, index, ring: descriptor 0
    .zero  16
    .balign 8
used:
    .zero  72
question:
    .ascii "hello"
answer:
    .zero  16
  `,
  { origin: 0x8020_0000 },
);
const machine = Machine.create({ kernel: kernel.bytes, memoryBytes: 4 * 2 ** 20, virtio: [createShouter()] });
const { reason } = machine.run({ maxInstructions: 1000 });
const answer = new TextDecoder().decode(machine.board.ram.slice(Number(kernel.symbols.get('answer')), 5));
machine.dispose();

export { answer, reason };
