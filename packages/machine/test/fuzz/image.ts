import { createRandom } from '../random-program.ts';
import { harness } from './harness.ts';
import {
  area,
  BATCH,
  descriptor,
  IMAGE_BYTES,
  LOG_ENTRIES,
  RAM_BASE,
  record,
  recordedCsrs,
  SLOT,
  WINDOW_COUNT,
  WINDOWS,
} from './layout.ts';
import { bitsOf, link, pointers, type Sequence } from './sequence.ts';

/** An image with what is needed to read its results. */
export interface FuzzImage {
  readonly bytes: Uint8Array;
  /** Of each sequence: where its code stands. */
  readonly code: readonly { readonly start: number; readonly end: number }[];
}

/** Where nothing is: in QEMU's and in our memory map. */
const NOWHERE = 0x0050_0000;
const PAGE = 4096;
/** Room for the data pages: a power of two, as the PMP entry wants it. */
const BATCH_BYTES = 8 << 20;

/** Addresses for the pointer registers: three that mean well, one that does not. */
function pointerValues({ start, dataSeed }: Sequence, dataPage: number): ReadonlyMap<number, bigint> {
  const random = createRandom(dataSeed ^ 0x5bd1e995);
  const values = new Map<number, bigint>();
  const alignment = (): number => (random() % 3 === 0 ? random() % 16 : (random() % 4) * 16);
  const isWindowed = start.isTranslated && start.mode < 3;
  for (const register of [pointers.sp, pointers.s0, pointers.s1]) {
    const at = isWindowed ? WINDOWS + (random() % WINDOW_COUNT) * PAGE + 2048 - 32 : dataPage + 2048 - 32;
    values.set(register, BigInt(at + alignment()));
  }
  const wrong = isWindowed
    ? [BigInt(WINDOWS + WINDOW_COUNT * PAGE + 2048), BigInt(WINDOWS + 7 * PAGE + 2048), 1n << 40n, (1n << 63n) - 4096n]
    : [BigInt(NOWHERE + 2048), 1n << 50n, (1n << 64n) - 0x1_0000n];
  values.set(pointers.s2, wrong[random() % wrong.length]! + BigInt(random() % 8));
  for (const register of [pointers.second, pointers.scratch, pointers.loop]) values.set(register, 0n);
  return values;
}

/** Everything that the harness and the sequences need, in the lower half of RAM. */
export function buildImage(sequences: readonly Sequence[]): FuzzImage {
  if (sequences.length > BATCH) throw new Error(`an image holds ${BATCH} sequences`);
  const bytes = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (address: number, value: bigint): void => view.setBigUint64(address - RAM_BASE, value, true);
  bytes.set(harness(sequences.length), area.harness - RAM_BASE);
  const table = (address: number): bigint => (BigInt(address / PAGE) << 10n) | 1n;
  put(area.rootTable + 8, table(area.middleTable));
  put(area.middleTable, table(area.leafTable));
  const code: { start: number; end: number }[] = [];
  let nextCode: number = area.code;
  const end = bitsOf('ecall');
  for (const [index, sequence] of sequences.entries()) {
    const { start } = sequence;
    const linked = link(sequence.items, nextCode);
    bytes.set(linked, nextCode - RAM_BASE);
    const codeEnd = nextCode + linked.length;
    view.setUint32(codeEnd - RAM_BASE, end, true);
    code.push({ start: nextCode, end: codeEnd });
    const dataPage = area.data + index * PAGE;
    const random = createRandom(sequence.dataSeed);
    for (let offset = 0; offset < PAGE; offset += 4) view.setUint32(dataPage - RAM_BASE + offset, random(), true);
    const at = area.descriptors + index * SLOT;
    const isUser = start.mode === 0;
    put(at + descriptor.codeStart, BigInt(nextCode));
    put(at + descriptor.codeEnd, BigInt(codeEnd));
    put(at + descriptor.mstatus, start.mstatus);
    put(at + descriptor.satp, start.isTranslated ? (8n << 60n) | BigInt(area.rootTable / PAGE) : 0n);
    put(at + descriptor.medeleg, start.medeleg);
    put(at + descriptor.pmpcfg, 0x1f00n | BigInt(0x18 | start.pmpRights));
    // All data pages: QEMU takes an access as a whole where part of it lies outside of an entry, also across a page boundary.
    put(at + descriptor.pmpaddr, BigInt(area.data / 4) | BigInt((BATCH_BYTES - 1) >>> 3));
    put(at + descriptor.fcsr, start.fcsr);
    put(at + descriptor.codePte, (BigInt(RAM_BASE / PAGE) << 10n) | 0xcfn | (isUser ? 16n : 0n));
    put(at + descriptor.counteren, start.counteren);
    for (const [window, { flags, isOutside }] of start.windows.entries()) {
      const frame = BigInt((isOutside ? NOWHERE : dataPage) / PAGE);
      put(at + descriptor.windows + 8 * window, (frame << 10n) | flags);
    }
    const given = pointerValues(sequence, dataPage);
    for (let number = 1; number < 32; number++) {
      put(at + descriptor.x + 8 * number, given.get(number) ?? start.x[number]!);
    }
    for (let number = 0; number < 32; number++) put(at + descriptor.f + 8 * number, start.f[number]!);
    nextCode = (codeEnd + 4 + 15) & -16;
    nextCode >>>= 0;
    if (nextCode > area.codeEnd) throw new Error('the sequences are too long');
  }
  return { bytes, code };
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A trap as it was logged, and the instructions that may have stood at its pc: before and after the run. */
interface Trap {
  readonly cause: bigint;
  readonly value: bigint;
  readonly bits: readonly number[];
}

/**
 * Where QEMU does otherwise than the manual says, or one of several things that the manual allows, both sides are made the same.
 *
 * - Atomic memory operations fault as loads in QEMU when misaligned (up to version 10 at least), and up to 7 always. The manual
 *   has them fault as stores (privileged ISA, "Machine Cause (mcause) Register": "Store/AMO ...").
 * - A misaligned load or store where there is no memory is taken apart by QEMU, and the value is that of the first part.
 * - A breakpoint's value may be its address or 0 ("Machine Trap Value (mtval) Register").
 * - Cache-block instructions have the address in rs1 as value (CMO extensions, "Page-Fault, Guest-Page-Fault, and Access-Fault
 *   Exceptions"), and in QEMU that of the block.
 * - An illegal system instruction's value is that of an earlier illegal instruction, or 0, in QEMU 8 and later.
 */
function normalise({ cause, value, bits }: Trap): { readonly cause: bigint; readonly value: bigint | undefined } {
  const isLoadFault = cause === 4n || cause === 5n || cause === 13n;
  if (isLoadFault && bits.some((word) => (word & 0x7f) === 0x2f && word >>> 27 !== 2)) {
    return normalise({ cause: cause + 2n, value, bits });
  }
  if (cause === 3n || (cause === 2n && bits.some((word) => (word & 0x7f) === 0x73))) return { cause, value: undefined };
  if (bits.some((word) => (word & 0x707f) === 0x200f)) return { cause, value: value & ~63n };
  return { cause, value: cause === 5n || cause === 7n ? value & ~7n : value };
}

/**
 * The last state of a sequence in words, one line a register: what is compared.
 * @param image the memory before, for the instructions that trapped: they may have been overwritten since
 */
export function stateOf(image: Uint8Array, memory: Uint8Array, index: number): string[] {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const base = area.records - RAM_BASE + index * SLOT;
  const get = (offset: number): bigint => view.getBigUint64(base + offset, true);
  const lines: string[] = [];
  const logged = Math.min(Number(get(record.logged) / 24n), LOG_ENTRIES);
  for (let entry = 0; entry < logged; entry++) {
    const [cause, pc, value] = [0, 8, 16].map((offset) => get(record.log + 24 * entry + offset)) as [
      bigint,
      bigint,
      bigint,
    ];
    const at = Number(pc) - RAM_BASE;
    const isCode = at >= 0 && at + 4 <= memory.length;
    const bits = isCode ? [image, memory].map((bytes) => Buffer.from(bytes.subarray(at, at + 4)).readUInt32LE()) : [];
    const trap = normalise({ cause, value, bits });
    const text = `cause ${trap.cause}${trap.value === undefined ? '' : ` value ${hex(trap.value)}`}`;
    lines.push(`trap ${entry}: pc ${hex(pc)} ${text}`);
  }
  for (let number = 1; number < 32; number++) lines.push(`x${number} ${hex(get(record.x + 8 * number))}`);
  for (let number = 0; number < 32; number++) lines.push(`f${number} ${hex(get(record.f + 8 * number))}`);
  const csrs = new Map(recordedCsrs.map((name, number) => [name, get(record.csrs + 8 * number)]));
  for (const [name, value] of csrs) {
    // Cause and value of the last delegated trap are in the log already.
    if (name === 'scause' || name === 'stval') continue;
    lines.push(`${name} ${hex(value)}`);
  }
  for (let window = 0; window < WINDOW_COUNT; window++) {
    lines.push(`entry of window ${window} ${hex(get(record.windows + 8 * window))}`);
  }
  return lines;
}

/** Data pages and code that differ at the end, in words; at most a few. */
export function memoryDifferences(
  ours: Uint8Array,
  theirs: Uint8Array,
  index: number,
  { start, end }: { readonly start: number; readonly end: number },
): string[] {
  const lines: string[] = [];
  const compare = (what: string, from: number, to: number): void => {
    const [a, b] = [ours.subarray(from, to), theirs.subarray(from, to)];
    if (Buffer.compare(a, b) === 0) return;
    const at = a.findIndex((byte, offset) => byte !== b[offset]);
    const show = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(at & ~7, (at & ~7) + 16)).toString('hex');
    lines.push(`${what} from offset 0x${(at & ~7).toString(16)}: ours ${show(a)}, QEMU's ${show(b)}`);
  };
  compare('data', area.data - RAM_BASE + index * PAGE, area.data - RAM_BASE + (index + 1) * PAGE);
  compare('code', start - RAM_BASE, end - RAM_BASE);
  return lines;
}

/** FNV-1a over a state's lines and the sequence's data page, in hexadecimal. */
export function memoryDigest(lines: readonly string[], memory: Uint8Array, index: number): string {
  const page = area.data - RAM_BASE + index * PAGE;
  let [low, high] = [0x811c_9dc5, 0x01b3_2c5b];
  const add = (byte: number): void => {
    low = Math.imul(low ^ byte, 0x0100_0193);
    high = Math.imul(high ^ byte ^ (low >>> 13), 0x0100_0193);
  };
  for (const character of lines.join('\n')) add(character.charCodeAt(0) & 0xff);
  for (const byte of memory.subarray(page, page + PAGE)) add(byte);
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');
}
