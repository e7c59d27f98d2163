import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createCompiledEngine } from '../../src/engine/compiler/index.ts';
import { firmwareMachine } from '../rig.ts';

const USAGE = `usage: churn.mjs [--minutes N] [--threshold VISITS] [--limit MIB]

A guest makes functions for ever and calls each a few times; the engine compiles them at once (threshold 0) and has to give them up
again. Prints every few seconds what the process takes. Fails when it takes more than the limit beyond what it took after a third
of the time.

  --minutes     how long (default 3)
  --threshold   visits after which code is compiled (default 0)
  --limit       MiB (default 64)
`;

/** Writes a function of the code's number to one of 1500 places, calls it, and goes on to the next, for ever. */
const restless = `
    li   s0, 0
    li   s2, 0x80100000
    li   s3, 0x80100000 + 1500 * 1024
next:
    la   t0, template
    lw   t1, 0(t0)
    andi t2, s0, 0x7ff             # the immediate of the first instruction
    slli t2, t2, 20
    add  t1, t1, t2
    sw   t1, 0(s2)
    lw   t1, 4(t0)
    sw   t1, 4(s2)
    lw   t1, 8(t0)
    sw   t1, 8(s2)
    lw   t1, 12(t0)
    sw   t1, 12(s2)
    lw   t1, 16(t0)
    sw   t1, 16(s2)
    fence.i
    li   s4, 8
1:  jalr ra, 0(s2)
    addi s4, s4, -1
    bnez s4, 1b
    addi s2, s2, 1024
    blt  s2, s3, 2f
    li   s2, 0x80100000
2:  addi s0, s0, 1
    j    next
.balign 8
template:
    .word 0x00050513               # addi a0, a0, 0
    .word 0x00300e93               # li   t4, 3
    .word 0xfffe8e93               # addi t4, t4, -1
    .word 0xfe0e9ee3               # bnez t4, one back
    .word 0x00008067               # ret
`;

const MIB = 2 ** 20;
const SLICE = 200_000;
const SAMPLES = 12;

/** Mappings that the process has: V8 makes some for each module. */
const mappings = (): number =>
  existsSync('/proc/self/maps') ? readFileSync('/proc/self/maps', 'latin1').split('\n').length : 0;

/** The command. Returns the exit code: 0, 1 for growth, 64 for arguments that are none. */
export function main(args: readonly string[]): number {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { minutes: text, threshold: text, limit: text } });
  const [minutes, threshold, limit] = [values.minutes ?? '3', values.threshold ?? '0', values.limit ?? '64'].map(
    Number,
  );
  if (!minutes || threshold === undefined || !(threshold >= 0) || !limit) {
    process.stderr.write(USAGE);
    return 64;
  }
  const machine = firmwareMachine(restless, 'compiled');
  const { group } = machine.hart;
  const engine = createCompiledEngine(group, { threshold, coldStart: 0 });
  group.engine = engine;
  const started = performance.now();
  const duration = minutes * 60_000;
  let base: number | undefined;
  let resident = 0;
  process.stdout.write('seconds   modules   evicted      KiB kept   MiB resident   mappings\n');
  for (let sample = 1; sample <= SAMPLES; sample++) {
    while (performance.now() - started < (duration * sample) / SAMPLES) machine.run({ maxInstructions: SLICE });
    const { modules, evictedModules, liveBytes } = engine.statistics;
    resident = process.memoryUsage.rss() / MIB;
    if (sample === SAMPLES / 3) base = resident;
    const seconds = (performance.now() - started) / 1000;
    const columns = [seconds, modules, evictedModules, liveBytes / 1024, resident, mappings()];
    const widths = [7, 10, 10, 14, 15, 11];
    process.stdout.write(`${columns.map((value, index) => value.toFixed(0).padStart(widths[index]!)).join('')}\n`);
  }
  machine.dispose();
  const growth = resident - (base ?? resident);
  process.stdout.write(`${growth.toFixed(0)} MiB more than after a third of the time; ${limit} are allowed\n`);
  return growth > limit ? 1 : 0;
}
