/** What a machine takes beyond the RAM of its guest, after a boot of Linux: `pnpm bench:memory`. */
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { Machine } from '@worldswitch/machine';
import { keepHeapSmall, readApart } from '../as-the-command.ts';
import { commandOptions } from '../command-options.ts';
import { linuxFilesIn, missingLinuxFiles } from '../linux-files.ts';
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
  const options = commandOptions('memory', USAGE, () => parse(args, where.linux));
  if (typeof options === 'number') return options;
  const missing = missingLinuxFiles(options.linux);
  if (missing !== undefined) {
    process.stderr.write(`memory: ${missing}\n`);
    return 69;
  }
  const files = linuxFilesIn(options.linux);
  keepHeapSmall();
  let said = '';
  const machine = Machine.create({
    kernel: readApart(files.kernel),
    initrd: readApart(files.initrd),
    bootArguments: 'console=ttyS0',
    memoryBytes: options.memory * MIB,
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
  const report = { unit: 'MiB', guestMemory: options.memory, target: TARGET, asItIs, collected, counts };
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : format(asItIs, collected));
  return 0;
}

function parse(args: readonly string[], linux: string) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      memory: { type: 'string', default: '1024' },
      linux: { type: 'string', default: linux },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (!(Number(values.memory) > 0)) throw new Error(`--memory is a number above 0, not ${values.memory}`);
  return { ...values, memory: Number(values.memory) };
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
