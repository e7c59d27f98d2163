import { type EngineName, Machine } from '@worldswitch/machine';

/** As much as qemu-system-riscv64 gives `-machine virt` by default. */
const MEMORY_BYTES = 128 * 2 ** 20;

export interface BareRun {
  readonly output: string;
  /** Retired. */
  readonly instructions: number;
  /** CPU time of the run, all threads, without the making of the machine. */
  readonly milliseconds: number;
  readonly hasEnded: boolean;
}

/**
 * Starts an image of images/bare in machine mode, as `qemu-system-riscv64 -machine virt -bios none -kernel` does.
 * Throws Error when the machine is stuck.
 */
export function runBare(image: Uint8Array, engine: EngineName, maxInstructions = Number.POSITIVE_INFINITY): BareRun {
  let output = '';
  const machine = Machine.create({
    firmware: image,
    memoryBytes: MEMORY_BYTES,
    engine,
    console: {
      write(bytes) {
        output += new TextDecoder().decode(bytes);
      },
      read: () => new Uint8Array(0),
    },
  });
  const start = process.cpuUsage();
  const end = machine.run({ maxInstructions });
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  const { instructions } = machine.counters;
  machine.dispose();
  if (end.reason !== 'poweroff' && end.reason !== 'budget')
    throw new Error(`the machine ended: ${end.message ?? end.reason}`);
  return { output, instructions, milliseconds, hasEnded: end.reason === 'poweroff' };
}
