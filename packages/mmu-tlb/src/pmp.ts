import { Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import { AccessKind } from './permission.ts';
import { PteFlag } from './pte.ts';

/** Fields of a pmpcfg byte (privileged ISA, "Physical Memory Protection CSRs"). */
export const PmpConfig = {
  read: 1 << 0,
  write: 1 << 1,
  execute: 1 << 2,
  addressMatching: 3 << 3,
  locked: 1 << 7,
} as const;

/** Values of pmpcfg.A. */
export const PmpMatching = { off: 0, topOfRange: 1, naturallyAlignedFour: 2, naturallyAligned: 3 } as const;

/**
 * A PMP entry ready to be compared with: bytes [start, end). Exact up to 2^55, which is beyond what the board can address.
 */
export interface PmpEntry {
  /** Which entry it was: the lowest one that matches decides. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** R, W and X bits of pmpcfg. */
  readonly rights: number;
  readonly isLocked: boolean;
}

/**
 * Makes entries from register values. Those that are off, and empty ranges, can match nothing and are left out.
 * @param configurations pmpcfg bytes, by entry. @param addresses pmpaddr registers, by entry: address bits 55 to 2.
 */
export function decodePmp(configurations: ArrayLike<number>, addresses: ArrayLike<bigint>): PmpEntry[] {
  const entries: PmpEntry[] = [];
  for (let index = 0; index < configurations.length; index++) {
    const configuration = configurations[index]!;
    const address = addresses[index]!;
    let start = Number(address) * 4;
    let end = start + 4;
    switch ((configuration & PmpConfig.addressMatching) >> 3) {
      case PmpMatching.off:
        continue;
      case PmpMatching.topOfRange:
        end = start;
        start = index === 0 ? 0 : Number(addresses[index - 1]!) * 4;
        break;
      case PmpMatching.naturallyAlignedFour:
        break;
      case PmpMatching.naturallyAligned: {
        // yy...y01..1 with n ones is a range of 2^(n + 3) bytes: adding one carries through them.
        const ones = address ^ (address + 1n);
        start = Number(address & ~ones) * 4;
        end = start + Number(ones + 1n) * 4;
        break;
      }
    }
    if (start < end)
      entries.push({
        index,
        start,
        end,
        rights: configuration & 7,
        isLocked: (configuration & PmpConfig.locked) !== 0,
      });
  }
  return entries;
}

const rightOf: Readonly<Record<AccessKind, number>> = {
  [AccessKind.fetch]: PmpConfig.execute,
  [AccessKind.load]: PmpConfig.read,
  [AccessKind.store]: PmpConfig.write,
};

/**
 * Whether physical memory protection allows an access (privileged ISA, "Priority and Matching Logic").
 * @param entries in order, from decodePmp. @param length bytes of one memory operation.
 * @param hasEntries at least one PMP entry is implemented: then what matches none is refused to S and U. Default true.
 */
export function pmpAllows(
  entries: readonly PmpEntry[],
  address: number,
  length: number,
  access: AccessKind,
  privilege: PrivilegeLevel,
  hasEntries = true,
): boolean {
  const last = address + length;
  for (const entry of entries) {
    if (last <= entry.start || address >= entry.end) continue;
    // The lowest entry that matches any byte decides, and it must match all of them.
    if (address < entry.start || last > entry.end) return false;
    if (privilege === Privilege.machine && !entry.isLocked) return true;
    return (entry.rights & rightOf[access]) !== 0;
  }
  return privilege === Privilege.machine || !hasEntries;
}

/**
 * What is allowed everywhere in a page, as R, W and X bits of a PTE, so that an engine may keep it with a translation; undefined
 * when an entry begins or ends inside of the page: then each access must be asked about.
 */
export function pmpPageRights(
  entries: readonly PmpEntry[],
  frame: number,
  privilege: PrivilegeLevel,
  hasEntries = true,
): number | undefined {
  const start = frame * 4096;
  const end = start + 4096;
  const all = PteFlag.read | PteFlag.write | PteFlag.execute;
  for (const entry of entries) {
    if (end <= entry.start || start >= entry.end) continue;
    if (start < entry.start || end > entry.end) return undefined;
    return privilege === Privilege.machine && !entry.isLocked ? all : entry.rights << 1;
  }
  return privilege === Privilege.machine || !hasEntries ? all : 0;
}

/** What a pmpcfg byte becomes when it is written: a locked one stays, W without R is reserved and keeps the old rights. */
export function writtenPmpConfig(old: number, value: number): number {
  if ((old & PmpConfig.locked) !== 0) return old;
  const isReserved = (value & (PmpConfig.read | PmpConfig.write)) === PmpConfig.write;
  return (isReserved ? (value & ~7) | (old & 7) : value) & 0x9f;
}

/** Whether writes to pmpaddr[index] are ignored: its entry is locked, or the next one is and is a range that begins here. */
export function isPmpAddressLocked(configurations: ArrayLike<number>, index: number): boolean {
  if (((configurations[index] ?? 0) & PmpConfig.locked) !== 0) return true;
  const next = configurations[index + 1] ?? 0;
  return (next & PmpConfig.locked) !== 0 && (next & PmpConfig.addressMatching) >> 3 === PmpMatching.topOfRange;
}
