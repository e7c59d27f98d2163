import { memoryDigest, stateOf } from '../fuzz/image.ts';
import { area, RAM_BASE } from '../fuzz/layout.ts';
import type { Place, SuiteProgram } from './programs.ts';

/** A program of the suite with what it ends with, as stored in expected.txt: one line each. */
export interface SuiteEntry extends SuiteProgram {
  /** The traps that it raises, but for its last instruction's. */
  readonly traps: readonly string[];
  /** The 30 doublewords in which programs leave their results, in hexadecimal. */
  readonly results: string;
  /** Of all registers, CSRs, and the whole data page. */
  readonly digest: string;
}

const RESULTS = 48;
/** Offset in the data page of the first result: sp points to 2064, and results begin 2000 below it. */
const FIRST = 2064 - 2000;

const bytesToHex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const hexToBytes = (text: string): Uint8Array =>
  new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));

/** Reads what a program left in a memory. */
export function entryOf(program: SuiteProgram, image: Uint8Array, memory: Uint8Array, index: number): SuiteEntry {
  const lines = stateOf(image, memory, index);
  const page = area.data - RAM_BASE + index * 4096;
  const words = new DataView(memory.buffer, memory.byteOffset + page + FIRST, RESULTS * 8);
  return {
    ...program,
    traps: lines
      .filter((line) => line.startsWith('trap'))
      .map((line) => line.replace(/^trap \d+: pc 0x[0-9a-f]+ /, '')),
    results: Array.from({ length: RESULTS }, (_, word) => words.getBigUint64(word * 8, true).toString(16)).join(' '),
    digest: memoryDigest(lines, memory, index),
  };
}

export const formatEntry = ({ name, place, code, traps, results, digest }: SuiteEntry): string =>
  [name, place, bytesToHex(code), traps.join(', '), results, digest].join('|');

/** Reads the stored entries; lines that begin with # are comments. */
export function parseEntries(text: string): SuiteEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', place = '', code = '', traps = '', results = '', digest = ''] = line.split('|');
      return { name, place: place as Place, code: hexToBytes(code), traps: traps.split(', '), results, digest };
    });
}
