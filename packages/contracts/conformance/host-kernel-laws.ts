import {
  type Exit,
  type ExitDisposition,
  type HostKernel,
  type HostTask,
  InternalError,
  type VcpuTaskOwner,
} from '../src/index.ts';
import { ConformanceError, type Law, requireEqual, requireThat, requireThrow } from './law.ts';
import { addi, ECALL, jal, ld } from './machine-code.ts';
import {
  createBadImages,
  createEndlessProgram,
  createFloodProgram,
  createHelloProgram,
  createIllegalProgram,
  createStrayProgram,
  type TinyProgram,
} from './tiny-program.ts';
import { CODE, DATA_PAGE, userData, VcpuBench } from './vcpu-bench.ts';

const text = (pieces: readonly Uint8Array[]) => pieces.map((piece) => new TextDecoder().decode(piece)).join('');

/**
 * What every HostKernel does for those who run virtual machines and processes on it.
 * @param create gives a new kernel, on a machine with at least 8 MiB of memory and one hart, with nothing to run yet.
 */
export function hostKernelLaws(create: () => HostKernel): Law[] {
  const law = (name: string, check: (host: HostKernel) => void): Law => ({ name, check: () => check(create()) });
  return [...frameLaws(law, create), ...vcpuTaskLaws(law), ...processLaws(law, create)];
}

type Define = (name: string, check: (host: HostKernel) => void) => Law;

const isOutOfMemory = (error: Error) =>
  error.message.includes('ENOMEM') || (error as { readonly code?: unknown }).code === 'ENOMEM';

/** All frames that can be had at this moment, given back at once. */
export function countFreeFrames(host: HostKernel): number {
  const taken: number[] = [];
  for (let chunk = 1024; chunk >= 1; ) {
    try {
      const frames = host.allocateFrames(chunk);
      requireEqual(frames.length, chunk, 'number of frames that were allocated');
      taken.push(...frames);
    } catch (error) {
      if (!(error instanceof Error) || !isOutOfMemory(error)) throw error;
      chunk = Math.floor(chunk / 4);
    }
  }
  host.freeFrames(taken);
  return taken.length;
}

function frameLaws(law: Define, create: () => HostKernel): Law[] {
  return [
    law('frames are zeroed, and are again when they were dirty before', (host) => {
      for (let turn = 0; turn < 3; turn++) {
        const frames = host.allocateFrames(64);
        for (const frame of frames) {
          const bytes = host.memory.slice(frame * 4096, 4096);
          requireThat(
            bytes.every((byte) => byte === 0),
            `frame 0x${frame.toString(16)} to be zeroed`,
          );
          host.memory.fill(frame * 4096, 4096, 0xaa);
        }
        host.freeFrames(frames);
      }
    }),
    law('frames lie in memory and nobody gets one twice', (host) => {
      const all = [
        ...host.allocateFrames(100),
        ...host.allocateFrames(1),
        ...host.allocateFrames(16, { contiguous: true }),
      ];
      requireEqual(all.length, 117, 'number of frames');
      requireEqual(new Set(all).size, 117, 'number of different frames');
      for (const frame of all)
        requireThat(host.memory.contains(frame * 4096, 4096), `frame 0x${frame.toString(16)} in memory`);
    }),
    law('contiguous frames follow one another from an aligned one', (host) => {
      host.allocateFrames(3);
      for (const [count, alignment] of [
        [4, 4],
        [16, 1],
        [33, 64],
        [1, 512],
      ] as const) {
        const frames = host.allocateFrames(count, { contiguous: true, alignment });
        requireEqual(
          frames,
          Array.from({ length: count }, (_, index) => frames[0]! + index),
          `${count} contiguous frames`,
        );
        requireEqual(frames[0]! % alignment, 0, `the first of them modulo ${alignment}`);
      }
    }),
    law('too many frames are refused with ENOMEM, and none is lost', (host) => {
      const before = countFreeFrames(host);
      requireThat(before >= 256, 'at least 1 MiB to be free');
      requireThrow(() => host.allocateFrames(before + 1), isOutOfMemory, 'ENOMEM for one frame too many');
      requireThrow(
        () => host.allocateFrames(before + 1, { contiguous: true }),
        isOutOfMemory,
        'ENOMEM for too long a run',
      );
      requireEqual(countFreeFrames(host), before, 'frames free afterwards');
    }),
    law('frames that were given back can be had again', (host) => {
      const before = countFreeFrames(host);
      for (let turn = 0; turn < 10; turn++) host.freeFrames(host.allocateFrames(Math.floor(before / 2)));
      requireEqual(countFreeFrames(host), before, 'frames free afterwards');
    }),
    law('ASIDs are different as long as they are in use', (host) => {
      const asids = Array.from({ length: 50 }, () => host.allocateAsid());
      requireEqual(new Set(asids).size, 50, 'number of different ASIDs');
      for (const asid of asids)
        requireThat(Number.isInteger(asid) && asid >= 0 && asid <= 65535, `an ASID, not ${asid}`);
      for (const asid of asids) host.freeAsid(asid);
    }),
    law('an ASID that is given again finds nothing of its former owner in the TLB', () => {
      const host = create();
      const bench = new VcpuBench({
        memory: host.memory,
        createVcpu: () => host.createVcpu(),
        allocateFrame: () => host.allocateFrames(1)[0]!,
      });
      const seen = new Set<number>();
      for (let turn = 0; turn < 70_000; turn++) {
        const asid = host.allocateAsid();
        if (turn < 20 || seen.has(asid)) {
          const { data, space } = bench.program([ld(5, 0, 10), ECALL], { asid });
          space.map(DATA_PAGE + 1, data, userData);
          host.memory.write32(data * 4096, turn + 1);
          bench.runToTrap(8, 0n, CODE + 4n);
          requireEqual(bench.vcpu.readX(5), BigInt(turn + 1), `what the owner number ${turn} of ASID ${asid} loads`);
          if (seen.has(asid)) return;
        }
        seen.add(asid);
        host.freeAsid(asid);
      }
      throw new ConformanceError('expected an ASID to come back within 70000 allocations: there are 65536');
    }),
  ];
}

/** An owner of a vcpu that runs a program for ever, and what became of it. */
function createOwner(
  host: HostKernel,
  words: readonly number[],
  options: {
    readonly name?: string;
    readonly onExit?: (exit: Exit) => ExitDisposition;
    readonly untilEvent?: number;
  } = {},
) {
  const asid = host.allocateAsid();
  const frames: number[] = [];
  const bench = new VcpuBench({
    memory: host.memory,
    createVcpu: () => host.createVcpu(),
    allocateFrame() {
      const [frame] = host.allocateFrames(1);
      frames.push(frame!);
      return frame!;
    },
  });
  bench.program(words, { asid });
  const log = { exits: 0, released: 0, slices: [] as number[] };
  let before = 0;
  const owner: VcpuTaskOwner = {
    name: options.name ?? 'vm',
    kind: 'vm',
    vcpu: bench.vcpu,
    instructionsUntilEvent: () => options.untilEvent ?? Number.POSITIVE_INFINITY,
    handleExit(exit) {
      log.exits++;
      log.slices.push(bench.vcpu.counters.instructions - before);
      before = bench.vcpu.counters.instructions;
      // A scheduler that cannot stop an owner would hang the law.
      if (log.exits > 2_000_000)
        throw new ConformanceError('expected the run to end: the same task had two million exits');
      return options.onExit?.(exit) ?? { action: 'resume' };
    },
    release() {
      log.released++;
      bench.dispose();
      host.freeFrames(frames);
      host.freeAsid(asid);
    },
  };
  return { owner, log, vcpu: bench.vcpu };
}

const endless = [addi(5, 5, 1), jal(0, -4)];
const calls = [addi(5, 5, 1), ECALL];
const info = (host: HostKernel, task: HostTask) => host.ps().find(({ id }) => id === task.id);

function vcpuTaskLaws(law: Define): Law[] {
  /** Carries on after an environment call. */
  const skipCall = (vcpu: { pc: bigint }) => {
    vcpu.pc += 4n;
  };
  return [
    law('a budget of instructions is never exceeded, and is used up when there is work', (host) => {
      host.addVcpuTask(createOwner(host, endless).owner);
      for (const maxInstructions of [1, 1000, 123_456, 7]) {
        const before = host.instructions;
        requireEqual(host.run({ maxInstructions }), 'budget', 'end of the run');
        requireEqual(host.instructions - before, maxInstructions, 'instructions of all tasks');
      }
    }),
    law('tasks that only compute share the hart fairly', (host) => {
      const owners = [1, 2, 3].map((number) => createOwner(host, endless, { name: `vm ${number}` }));
      for (const { owner } of owners) host.addVcpuTask(owner);
      const process = host.spawn({ ...createEndlessProgram() });
      host.run({ maxInstructions: 4_000_000 });
      const shares = [...owners.map(({ vcpu }) => vcpu.counters.instructions), process.totals().instructions];
      for (const share of shares)
        requireThat(share > 600_000, `about a quarter of four million for each, not ${shares}`);
      requireEqual(
        shares.reduce((sum, share) => sum + share),
        host.instructions,
        "the tasks' instructions and the host's",
      );
    }),
    law('a task that traps all the time keeps nobody from running', (host) => {
      const trapping = createOwner(host, calls);
      const computing = createOwner(host, endless);
      host.addVcpuTask(trapping.owner);
      host.addVcpuTask(computing.owner);
      host.run({ maxInstructions: 1_000_000 });
      requireThat(
        computing.vcpu.counters.instructions > 400_000,
        `the other task to run, not ${computing.vcpu.counters.instructions}`,
      );
      requireThat(trapping.log.exits > 0, 'the trapping task to run too');
    }),
    law('an exit reaches its owner as it was', (host) => {
      const seen: unknown[] = [];
      const { owner, vcpu } = createOwner(host, calls, {
        onExit({ kind, cause, trapValue }) {
          if (kind === 'trap') seen.push({ kind, cause, trapValue, pc: vcpu.pc, x5: vcpu.readX(5) });
          return kind === 'trap' ? { action: 'exit', exitCode: 3 } : { action: 'resume' };
        },
      });
      const task = host.addVcpuTask(owner);
      requireEqual(host.run(), 'all-exited', 'end of the run');
      requireEqual(seen, [{ kind: 'trap', cause: 8, trapValue: 0n, pc: CODE + 4n, x5: 1n }], 'exits');
      requireEqual(task.exitCode, 3, 'exit code');
    }),
    law('an owner is released once, when its task is gone, and then nothing of it is left', (host) => {
      const before = countFreeFrames(host);
      const ending = createOwner(host, calls, { onExit: () => ({ action: 'exit', exitCode: 0 }) });
      const killed = createOwner(host, endless);
      host.addVcpuTask(ending.owner);
      const task = host.addVcpuTask(killed.owner);
      host.run({ maxInstructions: 100_000 });
      requireEqual(ending.log.released, 1, 'releases of the one that ended');
      requireEqual(killed.log.released, 0, 'releases of the one that runs');
      task.kill(9);
      requireEqual(host.run(), 'all-exited', 'end of the run');
      requireEqual([killed.log.released, ending.log.released], [1, 1], 'releases');
      requireEqual(task.exitCode, 9, 'exit code of the one that was killed');
      requireEqual(countFreeFrames(host), before, 'free frames');
    }),
    law('a slice ends when its owner has an event', (host) => {
      const { owner, log } = createOwner(host, endless, { untilEvent: 100 });
      host.addVcpuTask(owner);
      host.run({ maxInstructions: 10_000 });
      requireThat(
        log.slices.every((length) => length <= 100),
        `slices of at most 100 instructions, not ${Math.max(...log.slices)}`,
      );
      requireThat(log.exits >= 99, `an exit for each of them, not ${log.exits}`);
    }),
    law('a blocked task sleeps until it is woken', (host) => {
      const { owner, vcpu, log } = createOwner(host, calls, {
        onExit() {
          skipCall(vcpu);
          return { action: 'block', deadline: Number.POSITIVE_INFINITY };
        },
      });
      // The code after the call is zeros: it never gets there without being woken.
      const task = host.addVcpuTask(owner);
      requireEqual(host.run({ maxInstructions: 1_000_000 }), 'deadlock', 'end of a run in which all sleep for ever');
      requireEqual(info(host, task)?.state, 'blocked', 'state');
      requireEqual(log.exits, 1, 'exits before it is woken');
      task.wake();
      requireEqual(info(host, task)?.state, 'ready', 'state after wake');
      host.run({ maxInstructions: 1_000_000 });
      requireEqual(log.exits, 2, 'exits after it was woken');
    }),
    law('a task that sleeps until a deadline runs again then, and idle time passes at once', (host) => {
      const { owner, vcpu } = createOwner(host, calls, {
        onExit() {
          if (vcpu.readX(5) === 2n) return { action: 'exit', exitCode: 0 };
          vcpu.pc = CODE;
          return { action: 'block', deadline: host.clock.now() + 1_000_000 };
        },
      });
      const before = host.clock.now();
      host.addVcpuTask(owner);
      requireEqual(host.run({ maxInstructions: 1_000_000 }), 'all-exited', 'end of the run');
      const passed = host.clock.now() - before;
      requireThat(passed >= 1_000_000 && passed < 1_010_000, `about a million ticks to pass, not ${passed}`);
      requireThat(host.instructions < 100, `no instructions for idling, not ${host.instructions}`);
    }),
    law('while one sleeps others run, and its deadline is kept', (host) => {
      let wokenAt = 0;
      const start = host.clock.now();
      const sleeper = createOwner(host, calls, {
        onExit() {
          wokenAt = host.clock.now();
          if (sleeper.vcpu.readX(5) === 2n) return { action: 'exit', exitCode: 0 };
          sleeper.vcpu.pc = CODE;
          return { action: 'block', deadline: start + 10_000 };
        },
      });
      const worker = createOwner(host, endless);
      const task = host.addVcpuTask(sleeper.owner);
      host.addVcpuTask(worker.owner);
      requireEqual(
        host.run({ maxInstructions: 5_000_000, until: () => task.exitCode !== undefined }),
        'until',
        'end of the run',
      );
      requireThat(wokenAt - start >= 10_000, `it not to wake before its deadline, but after ${wokenAt - start} ticks`);
      requireThat(wokenAt - start < 20_000, `it to wake soon after its deadline, not after ${wokenAt - start} ticks`);
    }),
    law('a paused task does not run until it is resumed', (host) => {
      const paused = createOwner(host, endless);
      const other = createOwner(host, endless);
      const task = host.addVcpuTask(paused.owner);
      host.addVcpuTask(other.owner);
      task.pause();
      requireEqual(info(host, task)?.state, 'paused', 'state');
      host.run({ maxInstructions: 100_000 });
      requireEqual(paused.vcpu.counters.instructions, 0, 'instructions while paused');
      task.resume();
      host.run({ maxInstructions: 1_000_000 });
      requireThat(paused.vcpu.counters.instructions > 300_000, 'it to run after resume');
    }),
    law('until is asked between slices', (host) => {
      const { owner, vcpu } = createOwner(host, endless);
      host.addVcpuTask(owner);
      requireEqual(host.run({ until: () => vcpu.counters.instructions >= 5000 }), 'until', 'end of the run');
      requireThat(vcpu.counters.instructions >= 5000, 'the condition to hold');
    }),
    law('an owner whose handler yields is run again, after others', (host) => {
      const order: string[] = [];
      const make = (name: string) => {
        const made = createOwner(host, calls, {
          name,
          onExit(exit) {
            if (exit.kind !== 'trap') return { action: 'resume' };
            order.push(name);
            made.vcpu.pc = CODE;
            return order.length > 20 ? { action: 'exit', exitCode: 0 } : { action: 'yield' };
          },
        });
        host.addVcpuTask(made.owner);
      };
      make('a');
      make('b');
      requireEqual(host.run({ maxInstructions: 100_000 }), 'all-exited', 'end of the run');
      const changes = order.filter((name, index) => index > 0 && name !== order[index - 1]).length;
      requireThat(changes >= 18, `the two to take turns, not ${order.join('')}`);
    }),
  ];
}

function processLaws(law: Define, create: () => HostKernel): Law[] {
  const spawn = (host: HostKernel, program: TinyProgram) => {
    const pieces: [string, Uint8Array][] = [];
    const task = host.spawn({
      ...program.spec,
      onOutput: (bytes, descriptor) => pieces.push([`${descriptor}`, bytes.slice()]),
    });
    const output = (descriptor: number) =>
      text(pieces.filter(([of]) => of === `${descriptor}`).map(([, bytes]) => bytes));
    return { task, output };
  };
  return [
    law('a process runs: output, exit code, system calls and instructions are right', (host) => {
      const program = createHelloProgram();
      const { task, output } = spawn(host, program);
      requireEqual(host.run({ maxInstructions: 1_000_000 }), 'all-exited', 'end of the run');
      requireEqual(output(1), program.output, 'output');
      requireEqual(output(2), '', 'error output');
      requireEqual(task.exitCode, program.exitCode, 'exit code');
      requireEqual(task.systemCalls, program.systemCalls, 'system calls');
      requireEqual(task.totals().instructions, program.instructions, 'instructions');
      requireEqual(task.traps['ecall-from-u'], 2, 'environment calls');
      requireEqual(info(host, task)?.state ?? 'exited', 'exited', 'state');
    }),
    law('each descriptor is told apart', (host) => {
      const { output } = spawn(host, createHelloProgram({ descriptor: 2 }));
      host.run({ maxInstructions: 1_000_000 });
      requireEqual([output(1), output(2)], ['', 'hello, world\n'], 'output and error output');
    }),
    law('many processes run side by side and each ends with its own exit code', (host) => {
      const programs = [1, 2, 3, 4, 5].map((exitCode) => createHelloProgram({ exitCode, turns: 20_000 * exitCode }));
      const spawned = programs.map((program) => ({ program, ...spawn(host, program) }));
      requireEqual(host.ps().length, 5, 'rows of ps');
      requireEqual(new Set(host.ps().map(({ id }) => id)).size, 5, 'different ids');
      requireEqual(host.run({ maxInstructions: 10_000_000 }), 'all-exited', 'end of the run');
      for (const { program, task, output } of spawned) {
        requireEqual(task.exitCode, program.exitCode, 'exit code');
        requireEqual(output(1), program.output, 'output');
        requireEqual(task.totals().instructions, program.instructions, 'instructions');
      }
    }),
    law('the same program takes the same instructions and time each time', () => {
      const measure = () => {
        const host = create();
        const { task } = spawn(host, createHelloProgram({ turns: 100_000 }));
        spawn(host, createHelloProgram({ turns: 50_000 }));
        host.run({ maxInstructions: 10_000_000 });
        return [task.totals(), host.instructions, host.clock.now()];
      };
      requireEqual(measure(), measure(), 'the second run');
    }),
    law('what a process used is free again when it is gone', (host) => {
      spawn(host, createHelloProgram());
      host.run({ maxInstructions: 1_000_000 });
      const before = countFreeFrames(host);
      for (let turn = 0; turn < 5; turn++) {
        spawn(host, createHelloProgram());
        const { task } = spawn(host, { ...createHelloProgram(), spec: createEndlessProgram() });
        host.run({ maxInstructions: 100_000 });
        task.kill(1);
        host.run({ maxInstructions: 100_000 });
      }
      requireEqual(countFreeFrames(host), before, 'free frames');
    }),
    law('a process that does what is not allowed ends as its signal says, and others go on', (host) => {
      const illegal = host.spawn(createIllegalProgram());
      const stray = host.spawn(createStrayProgram());
      const { task, output } = spawn(host, createHelloProgram({ turns: 100_000 }));
      requireEqual(host.run({ maxInstructions: 10_000_000 }), 'all-exited', 'end of the run');
      requireEqual([illegal.exitCode, stray.exitCode, task.exitCode], [128 + 4, 128 + 11, 42], 'exit codes');
      requireEqual(output(1), 'hello, world\n', 'output of the other one');
    }),
    law('a process started paused waits for resume', (host) => {
      const program = createHelloProgram();
      const task = host.spawn({ ...program.spec, startPaused: true });
      host.run({ maxInstructions: 100_000 });
      requireEqual(
        [task.exitCode, task.totals().instructions],
        [undefined, 0],
        'exit code and instructions while paused',
      );
      task.resume();
      host.run({ maxInstructions: 100_000 });
      requireEqual(task.exitCode, program.exitCode, 'exit code after resume');
    }),
    law('maxInstructions ends a process that would not end', (host) => {
      const task = host.spawn({ ...createEndlessProgram(), maxInstructions: 50_000 });
      requireEqual(host.run({ maxInstructions: 10_000_000 }), 'all-exited', 'end of the run');
      requireEqual(task.exitCode, 128 + 24, 'exit code: SIGXCPU');
      requireEqual(task.totals().instructions, 50_000, 'instructions');
    }),
    law('a signal ends a process', (host) => {
      const task = host.spawn(createEndlessProgram());
      host.run({ maxInstructions: 10_000 });
      task.signal(9);
      requireEqual(host.run({ maxInstructions: 10_000 }), 'all-exited', 'end of the run');
      requireEqual(task.exitCode, 128 + 9, 'exit code: SIGKILL');
    }),
    law('files that are no programs are refused with an error, and nothing is left of them', (host) => {
      const before = countFreeFrames(host);
      for (const [what, image] of Object.entries(createBadImages()))
        requireThrow(
          () => host.spawn({ image, arguments: ['bad'] }),
          (error) =>
            !(error instanceof InternalError) &&
            !(error instanceof RangeError) &&
            !(error instanceof TypeError) &&
            error.message.length > 10,
          `an error that says what is wrong with ${what}`,
        );
      requireEqual(countFreeFrames(host), before, 'free frames');
      const { output } = spawn(host, createHelloProgram());
      host.run({ maxInstructions: 1_000_000 });
      requireEqual(output(1), 'hello, world\n', 'output of the next process');
    }),
    law('a process that writes for ever is stopped by the budget like any other', (host) => {
      let written = 0;
      host.spawn({
        ...createFloodProgram(),
        onOutput: (bytes) => {
          written += bytes.length;
        },
      });
      requireEqual(host.run({ maxInstructions: 60_000 }), 'budget', 'end of the run');
      requireEqual(written, 64 * 10_000, 'bytes written: 64 for each six instructions that retire');
    }),
  ];
}
