import type { HostHardware } from '../src/index.ts';
import { type Law, requireEqual, requireThat } from './law.ts';
import { addi, jal } from './machine-code.ts';
import { benchOf } from './vcpu-bench.ts';

/**
 * What every HostHardware does besides its contexts (vcpuLaws) and its memory (physicalMemoryLaws).
 * @param create gives new hardware with at least 1 MiB of free memory.
 */
export function hostHardwareLaws(create: () => HostHardware): Law[] {
  /** Runs this many instructions that do nothing. */
  const spin = (hardware: HostHardware, instructions: number) => {
    const bench = benchOf(hardware);
    bench.program([addi(5, 5, 1), jal(0, -4)]);
    const { kind } = bench.vcpu.run(instructions);
    bench.dispose();
    requireEqual(kind, 'budget', 'exit of a program without traps');
  };

  return [
    {
      name: 'free memory lies in memory and begins and ends with a frame',
      check() {
        const { freeMemory, memory } = create();
        requireThat(freeMemory.end > freeMemory.start, 'some free memory');
        requireThat(memory.contains(freeMemory.start, freeMemory.end - freeMemory.start), 'it to lie in memory');
        requireEqual([freeMemory.start % 4096, freeMemory.end % 4096], [0, 0], 'remainders of its ends by 4096');
      },
    },
    {
      name: 'time passes as instructions retire, and as far as instructionsUntil says',
      check() {
        const hardware = create();
        const { clock } = hardware;
        const start = clock.now();
        requireThat(Number.isInteger(start) && start >= 0 && clock.frequency > 0, 'a clock in whole ticks');
        for (const ticks of [1, 7, 100, 5000]) {
          const deadline = clock.now() + ticks;
          const instructions = clock.instructionsUntil(deadline);
          requireThat(instructions > 0, `instructions until a deadline ${ticks} ticks ahead`);
          if (instructions > 1) {
            spin(hardware, instructions - 1);
            requireThat(clock.now() < deadline, `${instructions - 1} instructions not to reach the deadline`);
          }
          spin(hardware, 1);
          requireEqual(clock.now(), deadline, 'the time after the last of them');
        }
      },
    },
    {
      name: 'advanceTo lets time pass without instructions, and never back',
      check() {
        const { clock } = create();
        const deadline = clock.now() + 12_345;
        clock.advanceTo(deadline);
        requireEqual(clock.now(), deadline, 'the time');
        clock.advanceTo(deadline - 1000);
        requireEqual(clock.now(), deadline, 'the time after advancing to the past');
        requireEqual(clock.instructionsUntil(deadline - 5), 0, 'instructions until the past');
        requireEqual(clock.instructionsUntil(deadline), 0, 'instructions until now');
      },
    },
    {
      name: 'time from idling and from instructions adds up',
      check() {
        const hardware = create();
        const { clock } = hardware;
        const perTick = clock.instructionsUntil(clock.now() + 1000) / 1000;
        const start = clock.now();
        spin(hardware, perTick * 500);
        clock.advanceTo(clock.now() + 300);
        spin(hardware, perTick * 200);
        requireEqual(clock.now() - start, 1000, 'ticks passed');
      },
    },
    {
      name: 'contexts of one hart share its clock',
      check() {
        const hardware = create();
        const before = hardware.clock.now();
        spin(hardware, hardware.clock.instructionsUntil(before + 10));
        spin(hardware, hardware.clock.instructionsUntil(before + 20));
        requireEqual(hardware.clock.now(), before + 20, 'the time after slices of two contexts');
      },
    },
    {
      name: 'random numbers are at least 0, below 1, and not all the same',
      check() {
        const hardware = create();
        const numbers = Array.from({ length: 100 }, () => hardware.random());
        requireThat(
          numbers.every((number) => number >= 0 && number < 1),
          'numbers in [0, 1)',
        );
        requireThat(new Set(numbers).size > 90, 'different numbers');
      },
    },
  ];
}
