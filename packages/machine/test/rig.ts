import { assemble } from '@worldswitch/isa';
import { type EngineName, Machine } from '../src/index.ts';

const memoryBytes = 4 * 2 ** 20;

/** Assembly as firmware: starts in machine mode at the beginning of RAM, nothing is set up. */
export function firmwareMachine(source: string, engine: EngineName = 'reference'): Machine {
  return Machine.create({ firmware: assemble(source, { origin: 0x8000_0000 }).bytes, memoryBytes, engine });
}

/** Assembly as a kernel: starts in supervisor mode under the built-in SBI. `output` gathers what it prints. */
export function kernelMachine(source: string, engine: EngineName = 'reference') {
  const pieces: number[] = [];
  const machine = Machine.create({
    kernel: assemble(source, { origin: 0x8020_0000 }).bytes,
    memoryBytes,
    engine,
    console: { write: (bytes) => pieces.push(...bytes), read: () => new Uint8Array(0) },
  });
  return { machine, output: () => String.fromCharCode(...pieces) };
}

/** Ends the machine with exit code in a0 (0 to 65535), by way of the test device. */
export const powerOff = `
power_off:
    li   t0, 0x100000
    slli t1, a0, 16
    li   t2, 0x3333
    or   t1, t1, t2
    sw   t1, 0(t0)
1:  j    1b
`;

/** FNV-1a over words: tells contents apart that differ, for tests that compare much memory often. */
export function digest(bytes: Uint8Array): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let hash = 0x811c_9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x0100_0193);
  return hash;
}
