import type { SavedState, TlbEntry, TlbModel } from '@worldswitch/contracts';
import { MmuError } from './mmu-error.ts';

/** What the models of this package save. */
export type TlbState = {
  /** Name of the model: sets, ways and policy must be the same. */
  readonly name: string;
  /** lookups, misses, insertions, evictions, flushes. */
  readonly counters: readonly number[];
  /** asid, page, frame, flags, level of one entry after the other, each with its position before it where it has one. */
  readonly entries: readonly number[];
  /** Of the replacement policy. */
  readonly policy: readonly number[];
};

const FIELDS = 6;

/** Puts entries into one list. */
export function flattenEntries(entries: Iterable<readonly [position: number, entry: TlbEntry]>): number[] {
  const numbers: number[] = [];
  for (const [position, { asid, page, frame, flags, level }] of entries) {
    numbers.push(position, asid, page, frame, flags, level);
  }
  return numbers;
}

/** The reverse of `flattenEntries`. */
export function* eachEntry(numbers: readonly number[]): Generator<readonly [position: number, entry: TlbEntry]> {
  for (let at = 0; at < numbers.length; at += FIELDS) {
    const [position, asid, page, frame, flags, level] = numbers.slice(at, at + FIELDS) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    yield [position, { asid, page, frame, flags, level }];
  }
}

const isNumbers = (value: unknown, multiple: number): value is readonly number[] =>
  Array.isArray(value) && value.length % multiple === 0 && value.every((item) => Number.isSafeInteger(item));

/** Checks that a state is one of this model. Throws MmuError. */
export function requireTlbState(model: TlbModel, state: SavedState): TlbState {
  const { name, counters, entries, policy } = state as Partial<TlbState>;
  if (name !== model.name) throw new MmuError(`the state of a TLB '${String(name)}' is not one of '${model.name}'`);
  if (!isNumbers(counters, 5) || counters.length !== 5)
    throw new MmuError('the counters of a saved TLB are five numbers');
  if (!isNumbers(entries, FIELDS)) throw new MmuError(`the entries of a saved TLB are lists of ${FIELDS} numbers`);
  if (!isNumbers(policy, 1)) throw new MmuError("a saved TLB's policy is a list of numbers");
  return { name, counters, entries, policy };
}

type Counters = TlbModel['counters'];

export const saveCounters = ({ lookups, misses, insertions, evictions, flushes }: Counters): number[] => [
  ...[lookups, misses, insertions, evictions, flushes],
];

export function restoreCounters(counters: Counters, numbers: readonly number[]): void {
  const [lookups, misses, insertions, evictions, flushes] = numbers as [number, number, number, number, number];
  Object.assign(counters, { lookups, misses, insertions, evictions, flushes });
}
