import { assemble } from '@worldswitch/isa';
import { createTimeline, Machine, type RestoreOptions } from '@worldswitch/machine';

// A kernel that counts in s1 for ever.
const kernel = assemble('next: addi s1, s1, 1\n j next', { origin: 0x8020_0000 });
const machine = Machine.create({ kernel: kernel.bytes, memoryBytes: 4 * 2 ** 20 });
const counted = (which: Machine) => Number(which.board.vcpu.readX(9));

// A snapshot is everything but disks: bytes to keep wherever bytes are kept. The next one has only what changed since.
machine.run({ maxInstructions: 1000 });
const first = machine.save();
machine.run({ maxInstructions: 1000 });
const second = machine.save({ since: first });

// What a snapshot does not hold is handed in: console, disks, a TLB model of the same kind, and the engine, which may be another.
const options: RestoreOptions = { engine: 'reference' };
const earlier = Machine.restore(first, options);
const later = Machine.restore([first, second], options);
const saved = [counted(earlier), counted(later)];

// A timeline keeps checkpoints in memory while the machine runs on, and goes to any position: instructions retired.
const timeline = createTimeline(machine, { everyInstructions: 10_000, maxBytes: 64 * 2 ** 20 });
machine.run({ maxInstructions: 100_000 });
timeline.seek(50_000);
const past = counted(machine);
timeline.seek(timeline.end);
const present = counted(machine);
for (const each of [machine, earlier, later]) each.dispose();

export { past, present, saved };
