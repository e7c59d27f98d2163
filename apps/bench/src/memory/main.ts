/** What a machine takes beyond the RAM of its guest, after a boot of Linux: `pnpm bench:memory`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { Machine } from '@worldswitch/machine';
import { keepHeapSmall, readApart } from '../as-the-command.ts';
import { anonymousExecutable, type MemoryShape, residentMemory } from '../resident-memory.ts';

const USAGE = `usage: pnpm bench:memory [--memory MIB] [--linux FOLDER] [--json]

Boots Linux to its first process and says what the process has in memory: in all, of the guest's RAM, and beyond both that and what
Node takes with our modules loaded. Once as it is, and once more when V8 has collected its garbage.

  --memory    RAM of the guest (default 1024)
  --linux     a folder with the kernel and the initrd.cpio (default: what scripts/linux/fetch.mjs made)
  --json      one JSON document instead of text
`;

const MIB = 2 ** 20;
/** What is to be reached. */
const TARGET = 64;

/** The command. Returns the exit code: 0, 64 for arguments that are none, 69 without the files. */
export function main(args: readonly string[], where: { readonly linux: string }): number {
  const before = process.memoryUsage().rss;
  let options: { readonly memory: string; readonly linux: string; readonly json: boolean; readonly help: boolean };
  try {
    options = parseArgs({
      args: [...args],
      options: {
        memory: { type: 'string', default: '1024' },
        linux: { type: 'string', default: where.linux },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
    if (!(Number(options.memory) > 0)) throw new Error(`--memory is a number above 0, not ${options.memory}`);
  } catch (error) {
    process.stderr.write(`memory: ${(error as Error).message}\n${USAGE}`);
    return 64;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const files = { kernel: join(options.linux, 'kernel'), initrd: join(options.linux, 'initrd.cpio') };
  if (!existsSync(files.kernel) || !existsSync(files.initrd)) {
    process.stderr.write(`memory: no kernel and initrd.cpio in ${options.linux}: run node scripts/linux/fetch.mjs\n`);
    return 69;
  }
  keepHeapSmall();
  let said = '';
  const machine = Machine.create({
    kernel: readApart(files.kernel),
    initrd: readApart(files.initrd),
    bootArguments: 'console=ttyS0',
    memoryBytes: Number(options.memory) * MIB,
    engine: 'compiled',
    console: {
      write(bytes) {
        said = (said + Buffer.from(bytes).toString('latin1')).slice(-4096);
      },
      read: () => new Uint8Array(0),
    },
  });
  const { memory } = machine.hart.group;
  const shape: MemoryShape = { bytes: memory.wasm.buffer.byteLength, ramOffset: memory.u8.length - memory.ramSize };
  const end = machine.run({ until: () => said.includes('Run /init') });
  if (end.reason !== 'until') throw new Error(`the guest ended: ${end.message ?? end.reason}`);
  const asItIs = breakdown(shape, before);
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  const collected = breakdown(shape, before);
  const engine = machine.statistics.engine!;
  const counts = {
    modules: engine.modules,
    regions: engine.liveRegions,
    translatedInstructions: engine.instructions,
    decodedPages: engine.decodedPages,
  };
  machine.dispose();
  const report = { unit: 'MiB', guestMemory: Number(options.memory), target: TARGET, asItIs, collected, counts };
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : format(asItIs, collected));
  return 0;
}

/** In MiB. `overhead` is `resident` without `node` and `guest`; the rest are parts of it, or overlap with it. */
interface Breakdown {
  readonly resident: number;
  /** Node with our modules loaded, before the machine. */
  readonly node: number;
  /** RAM that the guest has touched. */
  readonly guest: number;
  readonly overhead: number;
  /** Contexts, software TLB, decoded instructions, visits and code slots, in the machine's memory. */
  readonly tables: number;
  /** The JavaScript heap, and what of it is in use. */
  readonly heap: number;
  readonly heapUsed: number;
  /** Buffers of JavaScript outside of it, and V8's own objects. */
  readonly buffers: number;
  readonly malloced: number;
  /** Compiled code of WebAssembly and JavaScript. */
  readonly code: number;
}

function breakdown(shape: MemoryShape, before: number): Breakdown {
  const { total, ram, tables } = residentMemory(shape);
  const { heapTotal, heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    resident: total / MIB,
    node: before / MIB,
    guest: ram / MIB,
    overhead: (total - ram - before) / MIB,
    tables: tables / MIB,
    heap: heapTotal / MIB,
    heapUsed: heapUsed / MIB,
    buffers: arrayBuffers / MIB,
    malloced: getHeapStatistics().malloced_memory / MIB,
    code: anonymousExecutable() / MIB,
  };
}

function format(asItIs: Breakdown, collected: Breakdown): string {
  const names = Object.keys(asItIs) as (keyof Breakdown)[];
  const row = (cells: readonly string[]) =>
    cells[0]!.padEnd(12) +
    cells
      .slice(1)
      .map((cell) => cell.padStart(12))
      .join('');
  const lines = names.map((name) => row([name, asItIs[name].toFixed(1), collected[name].toFixed(1)]));
  return [row(['MiB', 'as it is', 'collected']), ...lines, '', `target of the overhead: ${TARGET} MiB`, ''].join('\n');
}
