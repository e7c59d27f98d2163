import type { PhysicalMemory } from '@worldswitch/contracts';
import { formatPteFlags } from '@worldswitch/mmu-tlb';

/** Address spaces in force, as the CSRs hold them. A mode of 0 does not translate. */
export interface AddressSpace {
  /** satp, or vsatp while V = 1. */
  readonly satp: bigint;
  /** While V = 1. */
  readonly hgatp?: bigint;
}

export interface Translation {
  readonly physical: bigint;
  /** Flags of the leaf of the first stage, as in `VRWXUGAD`; undefined when it does not translate. */
  readonly flags?: string;
  /** Bytes of the page that the leaf maps. */
  readonly pageBytes: bigint;
}

/** Levels of a table by the MODE field of satp and hgatp (privileged ISA, satp). */
const levelsByMode: Readonly<Record<number, number>> = { 8: 3, 9: 4, 10: 5 };
export const modeNames: Readonly<Record<number, string>> = { 0: 'Bare', 8: 'Sv39', 9: 'Sv48', 10: 'Sv57' };
const MODE_SHIFT = 60n;
const FRAME_MASK = (1n << 44n) - 1n;
const NAPOT = 1n << 63n;

export const modeOf = (atp: bigint): number => Number(atp >> MODE_SHIFT);
const rootOf = (atp: bigint): bigint => (atp & FRAME_MASK) << 12n;

/** Reads a page-table entry by the physical address that the table's owner sees; undefined where there is no RAM. */
type ReadPte = (address: bigint) => bigint | undefined;

function read64(ram: PhysicalMemory, address: bigint): bigint | undefined {
  return address < 2n ** 52n && ram.contains(Number(address), 8) ? ram.read64(Number(address)) : undefined;
}

/** How an address reaches memory now. Nothing is counted, cached or marked accessed, and no right is asked for. */
export function translateAddress(ram: PhysicalMemory, space: AddressSpace, address: bigint): Translation | undefined {
  const { hgatp } = space;
  const second = (guest: bigint) => (hgatp === undefined ? { physical: guest } : secondStage(ram, hgatp, guest));
  const readPte: ReadPte = (guest) => {
    const place = second(guest);
    return place && read64(ram, place.physical);
  };
  const first = walkTable(readPte, space.satp, address, false);
  if (!first) return undefined;
  const place = second(first.physical);
  return place && { ...first, physical: place.physical };
}

/** The second stage alone: a guest's physical address (privileged ISA, "Two-Stage Address Translation"). */
export function secondStage(ram: PhysicalMemory, hgatp: bigint, guest: bigint): Translation | undefined {
  return walkTable((address) => read64(ram, address), hgatp, guest, true);
}

/** @param isSecond the root table has four times as many entries, and addresses are not sign-extended. */
function walkTable(readPte: ReadPte, atp: bigint, address: bigint, isSecond: boolean): Translation | undefined {
  const mode = modeOf(atp);
  if (mode === 0) return { physical: address, pageBytes: 4096n };
  const levels = levelsByMode[mode];
  if (levels === undefined) return undefined;
  const bits = 12 + 9 * levels + (isSecond ? 2 : 0);
  const canonical = isSecond ? BigInt.asUintN(bits, address) : BigInt.asUintN(64, BigInt.asIntN(bits, address));
  if (canonical !== address) return undefined;
  let table = isSecond ? rootOf(atp) & ~0x3fffn : rootOf(atp);
  for (let level = levels - 1; level >= 0; level--) {
    const indexBits = isSecond && level === levels - 1 ? 11 : 9;
    const index = BigInt.asUintN(indexBits, address >> BigInt(12 + 9 * level));
    const pte = readPte(table + index * 8n);
    if (pte === undefined || (pte & 1n) === 0n) return undefined;
    const frame = (pte >> 10n) & FRAME_MASK;
    if ((pte & 0xen) === 0n) {
      table = frame << 12n;
      continue;
    }
    const { base, pageBytes } = leafOf(pte, frame, level);
    const physical = base + (address & (pageBytes - 1n));
    return { physical, flags: formatPteFlags(Number(pte & 0xffn)), pageBytes };
  }
  return undefined;
}

/** Where a leaf's page lies and how large it is; naturally aligned powers of two of Svnapot are 64 KiB. */
function leafOf(pte: bigint, frame: bigint, level: number): { readonly base: bigint; readonly pageBytes: bigint } {
  const pageBytes = (pte & NAPOT) !== 0n && level === 0 ? 0x1_0000n : 1n << BigInt(12 + 9 * level);
  return { base: (frame << 12n) & ~(pageBytes - 1n), pageBytes };
}

/** A run of pages that are mapped side by side with the same flags. */
export interface MappedRange {
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly bytes: bigint;
  readonly flags: string;
}

/** Page tables that are read at most: a guest can make tables that refer to each other. */
const MAX_TABLES = 20_000;

/**
 * All mappings of a page table in the order of their addresses, neighbours joined. `isComplete` is false when the table is
 * larger than any sensible one, and was given up.
 */
export function mappedRanges(
  ram: PhysicalMemory,
  space: AddressSpace,
): { readonly ranges: readonly MappedRange[]; readonly isComplete: boolean } {
  const ranges: MappedRange[] = [];
  const levels = levelsByMode[modeOf(space.satp)];
  if (levels === undefined) return { ranges, isComplete: true };
  const { hgatp } = space;
  let tables = 0;
  const add = (virtual: bigint, physical: bigint, bytes: bigint, flags: string): void => {
    const last = ranges.at(-1);
    if (last?.flags === flags && last.virtual + last.bytes === virtual && last.physical + last.bytes === physical) {
      ranges[ranges.length - 1] = { ...last, bytes: last.bytes + bytes };
    } else ranges.push({ virtual, physical, bytes, flags });
  };
  const visit = (table: bigint, level: number, prefix: bigint): boolean => {
    if (++tables > MAX_TABLES) return false;
    const place = hgatp === undefined ? table : secondStage(ram, hgatp, table)?.physical;
    if (place === undefined) return true;
    const size = 1n << BigInt(12 + 9 * level);
    for (let index = 0n; index < 512n; index++) {
      const pte = read64(ram, place + index * 8n);
      if (pte === undefined || (pte & 1n) === 0n) continue;
      const virtual = BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, prefix + index * size));
      const frame = (pte >> 10n) & FRAME_MASK;
      if ((pte & 0xen) !== 0n) {
        const { base, pageBytes } = leafOf(pte, frame, level);
        add(virtual, base + (virtual & (pageBytes - 1n)), size, formatPteFlags(Number(pte & 0xffn)));
      } else if (level > 0 && !visit(frame << 12n, level - 1, prefix + index * size)) return false;
    }
    return true;
  };
  const isComplete = visit(rootOf(space.satp), levels - 1, 0n);
  return { ranges, isComplete };
}
