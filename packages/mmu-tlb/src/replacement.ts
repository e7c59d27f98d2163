/**
 * Which way of a set makes room for a new entry. A policy makes the state for one TLB; the TLB tells that state what happens.
 * Write another one to compare it with these.
 */
export interface ReplacementPolicy {
  readonly name: string;
  /** True when the choice depends on hits, so that every access must be told to it (`touched`). */
  readonly observesHits: boolean;
  create(sets: number, ways: number): ReplacementState;
}

export interface ReplacementState {
  /** The way to replace in a set that is full. */
  victim(set: number): number;
  /** A new entry went into this way. */
  filled(set: number, way: number): void;
  /** A lookup hit this way. */
  touched(set: number, way: number): void;
  /** Numbers that say everything about the state. Without it and `restore`, a TLB is flushed when its machine is saved. */
  save?(): readonly number[];
  /** Throws RangeError for a list of another length than `save` gives. */
  restore?(numbers: readonly number[]): void;
}

function requireLength(numbers: readonly number[], length: number): void {
  if (numbers.length !== length) throw new RangeError(`${numbers.length} numbers for a replacement state of ${length}`);
}

/** Oldest entry first, whatever was hit since. */
export const fifo: ReplacementPolicy = {
  name: 'fifo',
  observesHits: false,
  create: (sets, ways) => recencyOrder(sets, ways, false),
};

/** Least recently used first. */
export const lru: ReplacementPolicy = {
  name: 'lru',
  observesHits: true,
  create: (sets, ways) => recencyOrder(sets, ways, true),
};

function recencyOrder(sets: number, ways: number, hitsCount: boolean): ReplacementState {
  const stamps = new Float64Array(sets * ways);
  let now = 0;
  const stamp = (set: number, way: number) => {
    stamps[set * ways + way] = ++now;
  };
  return {
    victim(set) {
      let oldest = 0;
      for (let way = 1; way < ways; way++) if (stamps[set * ways + way]! < stamps[set * ways + oldest]!) oldest = way;
      return oldest;
    },
    filled: stamp,
    touched: hitsCount ? stamp : () => {},
    save: () => [now, ...stamps],
    restore(numbers) {
      requireLength(numbers, stamps.length + 1);
      now = numbers[0]!;
      stamps.set(numbers.slice(1));
    },
  };
}

/**
 * Tree pseudo-LRU, as hardware often has it: one bit for each inner node of a binary tree over the ways, pointing away from the
 * half used last. The number of ways must be a power of two, at most 32.
 */
export const treePlru: ReplacementPolicy = {
  name: 'tree-plru',
  observesHits: true,
  create(sets, ways) {
    if (ways > 32 || (ways & (ways - 1)) !== 0)
      throw new RangeError(`tree-plru needs a power of two of at most 32 ways, not ${ways}`);
    // Bit n of a set's word is node n of a heap: root 1, children 2n and 2n + 1. A set bit means the right half is next.
    const trees = new Int32Array(sets);
    const pointAway = (set: number, way: number) => {
      let tree = trees[set]!;
      for (let node = ways + way; node > 1; node >>= 1) {
        const parent = 1 << (node >> 1);
        tree = node & 1 ? tree & ~parent : tree | parent;
      }
      trees[set] = tree;
    };
    return {
      victim(set) {
        let node = 1;
        while (node < ways) node = 2 * node + ((trees[set]! >> node) & 1);
        return node - ways;
      },
      filled: pointAway,
      touched: pointAway,
      save: () => [...trees],
      restore(numbers) {
        requireLength(numbers, trees.length);
        trees.set(numbers);
      },
    };
  },
};

/** A random way, repeatable for a seed (xorshift32). */
export function random(seed: number): ReplacementPolicy {
  return {
    name: 'random',
    observesHits: false,
    create(_sets, ways) {
      let state = seed | 0 || 0x9e37_79b9 | 0;
      return {
        victim() {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          return (state >>> 0) % ways;
        },
        filled() {},
        touched() {},
        save: () => [state],
        restore(numbers) {
          requireLength(numbers, 1);
          state = numbers[0]!;
        },
      };
    },
  };
}
