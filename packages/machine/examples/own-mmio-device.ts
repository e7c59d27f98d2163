import type { Device } from '@worldswitch/contracts';
import { assemble } from '@worldswitch/isa';
import { type AddedDevice, Machine } from '@worldswitch/machine';

/** A countdown: its first register is set to a number of ticks, and is 0 when they are over; then its interrupt is up. */
const countdown: AddedDevice = {
  base: 0x3000_0000,
  interrupt: 20,
  compatible: ['course,countdown'],
  create({ interrupt, now, createTimer }): Device {
    let end = 0;
    const timer = createTimer(() => interrupt.set(true));
    return {
      name: 'countdown',
      size: 0x1000,
      read: (offset) => (offset === 0 ? Math.max(end - now(), 0) : 0),
      write(offset, _width, value) {
        if (offset !== 0) return;
        interrupt.set(false);
        end = now() + value;
        timer.set(end);
      },
      reset() {
        end = 0;
        interrupt.set(false);
        timer.set(Number.POSITIVE_INFINITY);
      },
      save: () => ({ end }),
      restore(state) {
        ({ end } = state as { end: number });
        timer.set(end > now() ? end : Number.POSITIVE_INFINITY);
      },
    };
  },
};

// A kernel in machine mode: starts it, waits for its interrupt, and leaves what it read and what the PLIC says at the end of a page.
const kernel = assemble(
  `
    li   s0, 0x30000000     # the countdown
    li   s1, 0x0c000000     # the PLIC
    li   t0, 1
    sw   t0, 80(s1)         # priority of source 20
    li   t1, 0x0c002000
    li   t0, 1 << 20
    sw   t0, 0(t1)          # enabled for the first hart's machine mode
    li   t0, 1 << 11
    csrw mie, t0            # machine external interrupts
    li   t0, 500
    sw   t0, 0(s0)
    lw   s2, 0(s0)          # how much is left
    wfi
    li   t1, 0x0c200004
    lw   s3, 0(t1)          # claim: who is it?
    lw   s4, 0(s0)
    li   t0, 0x5555
    li   t1, 0x100000
    sw   t0, 0(t1)          # off
  `,
  { origin: 0x8000_0000 },
);
const machine = Machine.create({ firmware: kernel.bytes, memoryBytes: 4 * 2 ** 20, devices: [countdown] });
const { reason } = machine.run({ maxInstructions: 100_000 });
const { vcpu } = machine.harts[0]!;
const [first, source, last] = [18, 19, 20].map((register) => Number(vcpu.readX(register)));
machine.dispose();

export { first, last, reason, source };
