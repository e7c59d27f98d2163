import {
  type HostKernel,
  InternalError,
  type ProgramSpec,
  type TraceEvent,
  type World,
  type WorldMetrics,
  type WorldResult,
  type WorldSpec,
} from '../src/index.ts';
import { countFreeFrames } from './host-kernel-laws.ts';
import { ConformanceError, type Law, requireEqual, requireThat, requireThrow } from './law.ts';
import {
  createBadImages,
  createEndlessProgram,
  createFloodProgram,
  createHelloProgram,
  createIllegalProgram,
  createStrayProgram,
} from './tiny-program.ts';
import { traceStreamLaws } from './trace-laws.ts';

/** What a law asks a world to be made of; name, guest and memory are the implementation's choice. */
export interface WorldLawSpec extends Pick<WorldSpec, 'trace' | 'onOutput' | 'maxOutputBytes'> {
  readonly program: ProgramSpec;
}

export interface WorldLawOptions {
  /** A new world, on a new host unless it needs none. */
  readonly create: (spec: WorldLawSpec) => { readonly world: World; readonly host?: HostKernel };
  /** Instructions in which it boots and runs a small program. Default 100 million. */
  readonly enough?: number;
  /** A guest kernel serves the program: kernel instructions are counted, and booting takes some. Default false. */
  readonly hasGuestKernel?: boolean;
  /** Default true: tracing is implemented. */
  readonly traces?: boolean;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);
const total = (world: World) => {
  const { boot, program } = world.metrics();
  return boot.instructions.user + boot.instructions.kernel + program.instructions.user + program.instructions.kernel;
};
const isAt = (bytes: Uint8Array, at: number, wanted: Uint8Array) =>
  at + wanted.length <= bytes.length && wanted.every((byte, index) => bytes[at + index] === byte);
const contains = (bytes: Uint8Array, wanted: Uint8Array) => bytes.some((_, at) => isAt(bytes, at, wanted));
/** Metrics less what the real machine's speed decides. */
const repeatable = ({ wallMs: _, ...metrics }: WorldMetrics) => metrics;

/** What every World does, whatever it is made of: the same program behaves the same in all. */
export function worldLaws(options: WorldLawOptions): Law[] {
  const { create, enough = 100_000_000, hasGuestKernel = false } = options;
  const law = (name: string, check: () => void): Law => ({ name, check });

  /** Runs to the end, which must come. */
  const finish = (world: World): WorldResult => {
    const result = world.run(enough);
    if (result === undefined) throw new ConformanceError(`expected the program to end within ${enough} instructions`);
    return result;
  };
  const ended = ({ reason, exitCode, message }: WorldResult) => ({
    reason,
    exitCode,
    ...(message !== undefined && { message }),
  });

  const laws: Law[] = [
    law('a program runs: output and exit code are right', () => {
      const hello = createHelloProgram();
      const { world } = create({ program: hello.spec });
      requireEqual(world.result, undefined, 'result before it runs');
      requireEqual(ended(finish(world)), { reason: 'exited', exitCode: hello.exitCode }, 'result');
      requireEqual(text(world.output()), hello.output, 'output');
      requireEqual(world.result && ended(world.result), { reason: 'exited', exitCode: hello.exitCode }, 'world.result');
      world.dispose();
    }),
    law('exit codes pass from 0 to 255', () => {
      for (const exitCode of [0, 1, 255]) {
        const { world } = create({ program: createHelloProgram({ exitCode }).spec });
        requireEqual(finish(world).exitCode, exitCode, 'exit code');
        world.dispose();
      }
    }),
    law('output is told as it appears, and is all in output()', () => {
      let told = '';
      const { world } = create({
        program: createHelloProgram().spec,
        onOutput: (bytes) => {
          told += text(bytes);
        },
      });
      finish(world);
      requireEqual(told, text(world.output()), 'output that was told');
      world.dispose();
    }),
    law('nothing runs before run is called, and nothing after the end', () => {
      const { world, host } = create({ program: createHelloProgram().spec });
      requireEqual(total(world), 0, 'instructions before it runs');
      const result = finish(world);
      const [instructions, retired] = [total(world), host?.instructions];
      requireEqual(world.run(1_000_000), result, 'result of running it again');
      requireEqual([total(world), host?.instructions], [instructions, retired], 'instructions after the end');
      world.dispose();
    }),
    law('a run takes exactly its budget, and the next one carries on', () => {
      const { world } = create({ program: createEndlessProgram() });
      let budget = 0;
      for (const more of [1, 1000, 54_321, 1_000_000]) {
        budget += more;
        requireEqual(world.run(more), undefined, `result of run(${more})`);
        const { boot, program } = world.metrics();
        const emulated = boot.emulatedInstructions + program.emulatedInstructions;
        const counted = total(world);
        // An instruction that a VMM carried out is the guest's too, retired or not.
        requireThat(
          counted <= budget && counted + emulated >= budget,
          `${budget} instructions, of which ${emulated} emulated, not ${counted}`,
        );
      }
      world.dispose();
    }),
    law('in slices it does what it does at once', () => {
      const run = (slice: number) => {
        const { world } = create({ program: createHelloProgram({ turns: 20_000 }).spec });
        for (let used = 0; used < enough && world.run(slice) === undefined; used += slice);
        const { boot, program } = world.metrics();
        const outcome = { result: world.result && ended(world.result), output: text(world.output()) };
        world.dispose();
        return {
          outcome,
          user: program.instructions.user,
          calls: program.traps['ecall-from-u'],
          boot: boot.instructions.user,
        };
      };
      const atOnce = run(enough);
      requireEqual(run(99_991), atOnce, 'the run in slices of 99991');
    }),
    law('two runs count the same', () => {
      const run = () => {
        const { world } = create({ program: createHelloProgram().spec });
        finish(world);
        const { boot, program } = world.metrics();
        world.dispose();
        return { boot: repeatable(boot), program: repeatable(program) };
      };
      requireEqual(run(), run(), 'metrics of the second run');
    }),
    law("the program's own instructions and system calls are counted exactly", () => {
      const hello = createHelloProgram({ turns: 5000 });
      const { world } = create({ program: hello.spec });
      finish(world);
      const { boot, program } = world.metrics();
      requireEqual(program.instructions.user, hello.instructions, 'user instructions');
      requireEqual(boot.instructions.user, 0, 'user instructions before the program');
      requireEqual(program.traps['ecall-from-u'], 2, 'environment calls from the program');
      world.dispose();
    }),
    law('metrics add up', () => {
      const { world, host } = create({ program: createHelloProgram({ turns: 5000 }).spec });
      finish(world);
      const { boot, program } = world.metrics();
      for (const phase of [boot, program]) {
        const { exits, emulatedInstructions, hypercalls, hypercallsByName, shadowFills, tlb, wallMs, instructions } =
          phase;
        const counts = [
          emulatedInstructions,
          hypercalls,
          shadowFills,
          tlb.hits,
          tlb.misses,
          tlb.walkReferences,
          instructions.kernel,
        ];
        for (const count of [...counts, ...Object.values(exits), ...Object.values(phase.traps)])
          requireThat(Number.isInteger(count) && count >= 0, `whole counts, not ${count}`);
        requireThat(wallMs >= 0, `time that passes, not ${wallMs} ms`);
        requireEqual(sum(hypercallsByName), hypercalls, 'hypercalls by name, in all');
        requireThat(tlb.misses === 0 || tlb.walkReferences > 0, 'misses to read page tables');
        requireThat(sum(exits) >= hypercalls, 'each hypercall to be an exit');
      }
      requireThat(
        program.tlb.hits + program.tlb.misses >= program.instructions.user,
        'a TLB lookup for each instruction',
      );
      const retired = host?.instructions ?? Number.POSITIVE_INFINITY;
      requireThat(total(world) <= retired, 'the world not to count more than the machine retired');
      requireEqual(program.instructions.kernel > 0, hasGuestKernel, 'whether a guest kernel ran');
      requireEqual(boot.instructions.kernel > 0, hasGuestKernel, 'whether a guest kernel booted');
      world.dispose();
    }),
    law('a paused world stands still until it is resumed', () => {
      const hello = createHelloProgram();
      const { world } = create({ program: hello.spec });
      world.run(1000);
      world.pause();
      const before = total(world);
      requireEqual(world.run(100_000), undefined, 'result of running a paused world');
      requireEqual(total(world), before, 'instructions of a paused world');
      world.resume();
      requireEqual(finish(world).exitCode, hello.exitCode, 'exit code after resume');
      world.dispose();
    }),
    law('too much output ends it, with a message', () => {
      const { world } = create({ program: createFloodProgram(), maxOutputBytes: 1000 });
      const { reason, message } = finish(world);
      requireEqual(reason, 'output-limit', 'reason');
      requireThat((message ?? '').length > 10, 'a message');
      requireThat(world.output().length <= 1000 + 64, `about 1000 bytes of output, not ${world.output().length}`);
      world.dispose();
    }),
    law('a program that does what is not allowed ends as on Linux', () => {
      for (const [program, signal] of [
        [createIllegalProgram(), 4],
        [createStrayProgram(), 11],
      ] as const) {
        const { world } = create({ program });
        requireEqual(finish(world).exitCode, 128 + signal, `exit code of ${program.arguments[0]}`);
        world.dispose();
      }
    }),
    law('a file that is no program is an error or a result, never a crash of the host', () => {
      for (const [what, image] of Object.entries(createBadImages())) {
        let world: World | undefined;
        try {
          world = create({ program: { image, arguments: ['bad'] } }).world;
          const { reason, exitCode } = finish(world);
          requireThat(reason === 'fault' || exitCode !== 0, `a fault or an exit code other than 0 for ${what}`);
        } catch (error) {
          if (error instanceof ConformanceError) throw error;
          const isPlanned =
            error instanceof Error &&
            !(error instanceof InternalError || error instanceof TypeError || error instanceof RangeError);
          if (!isPlanned)
            throw new ConformanceError(`expected an error that says what is wrong with ${what}, got ${String(error)}`);
        }
        world?.dispose();
      }
    }),
    law('disposed of, it leaves the host as it was', () => {
      const { world, host } = create({ program: createEndlessProgram() });
      const { world: other } = create({ program: createEndlessProgram() });
      world.run(200_000);
      other.run(1000);
      const during = host === undefined ? 0 : countFreeFrames(host);
      world.dispose();
      if (host !== undefined) {
        requireThat(countFreeFrames(host) > during, 'its frames to be free');
        requireEqual(host.ps().filter(({ state }) => state !== 'exited').length, 0, 'tasks left on its host');
      }
      requireEqual(other.run(1000), undefined, 'result of another world afterwards');
      other.dispose();
    }),
    law('inspect gives plain data', () => {
      const { world } = create({ program: createHelloProgram().spec });
      world.run(10_000);
      const data = world.inspect();
      requireEqual(JSON.parse(JSON.stringify(data)), data, 'what JSON makes of it');
      requireThat(Object.keys(data).length > 0, 'something to see');
      world.dispose();
    }),
    law('what it starts the program from has the program in it', () => {
      const { spec } = createHelloProgram();
      const { world } = create({ program: spec });
      const source = world.programSource?.();
      if (source !== undefined) {
        const { kind, bytes } = source;
        const isThere = kind === 'executable' ? isAt(bytes, 0, spec.image) : contains(bytes, spec.image);
        requireThat(isThere, `the bytes of the program in its ${kind}`);
        requireThat(kind === 'initrd' || bytes.length === spec.image.length, 'no more than the program');
      }
      world.dispose();
    }),
    law('snapshot gives bytes, or an error that says why not', () => {
      const { world } = create({ program: createEndlessProgram() });
      world.run(10_000);
      let saved: unknown;
      try {
        saved = world.snapshot();
      } catch (error) {
        requireThrow(
          () => {
            throw error;
          },
          ({ message }) => message.length > 10,
          'an error that says why',
        );
        saved = undefined;
      }
      requireThat(saved === undefined || (saved instanceof Uint8Array && saved.length > 0), 'bytes');
      requireEqual(world.run(1000), undefined, 'result of running on');
      world.dispose();
    }),
  ];

  const record = () => {
    const events: TraceEvent[] = [];
    const { world } = create({
      program: createHelloProgram().spec,
      trace: { emit: (event) => events.push({ ...event }) },
    });
    finish(world);
    const { name } = world;
    world.dispose();
    return { events, name };
  };
  const tracing: Law[] = [
    ...traceStreamLaws(() => record().events),
    law('the trace shows both system calls leaving the program, and is of this world', () => {
      const { events, name } = record();
      for (const event of events) requireEqual(event.world, name, 'world of an event');
      const calls = events.filter(({ from, cause }) => from === 'program' && cause === 'ecall-from-u');
      requireEqual(calls.length, 2, 'environment calls in the trace');
    }),
    law('tracing changes nothing', () => {
      const measure = (trace: WorldSpec['trace']) => {
        const { world } = create({ program: createHelloProgram().spec, ...(trace && { trace }) });
        finish(world);
        const { boot, program } = world.metrics();
        world.dispose();
        return [repeatable(boot), repeatable(program)];
      };
      requireEqual(measure({ emit() {} }), measure(undefined), 'metrics with and without a trace');
    }),
  ];
  return [
    ...laws,
    ...(options.traces === false ? tracing.map((item) => ({ ...item, skipped: 'it does not trace' })) : tracing),
  ];
}
