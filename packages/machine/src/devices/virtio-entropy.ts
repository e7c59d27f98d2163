/** Virtio entropy device. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.4 "Entropy Device". */
import type { SavedState } from '@worldswitch/contracts';
import type { VirtioDevice } from './virtio-mmio.ts';

const DEVICE_ID = 4;
/** Bytes given for one request at most: a driver asks again for more. */
const CHUNK = 4096;

/** Where the bytes of a virtio entropy device come from. */
export interface EntropySource {
  /** Fills `into` with random bytes. */
  fill(into: Uint8Array): void;
  /** State of a repeatable source. */
  save?(): SavedState;
  restore?(state: SavedState): void;
}

/**
 * Gives the guest what `source` gives. A machine is repeatable as far as its source is: `createSeededEntropy` is, the host's
 * `crypto.getRandomValues` is not, and its state cannot be saved.
 */
export function createVirtioEntropy(source: EntropySource): VirtioDevice {
  return {
    name: 'entropy',
    deviceId: DEVICE_ID,
    features: 0,
    queues: 1,
    configuration: new Uint8Array(0),
    isRepeatable: source.save !== undefined,
    notify(queue) {
      let isUsed = false;
      for (let request = queue.take(); request; request = queue.take()) {
        const buffer = request.buffers.find(({ isWritable }) => isWritable);
        const into = buffer?.bytes.subarray(0, CHUNK);
        if (into) source.fill(into);
        queue.give(request, into?.length ?? 0);
        isUsed = true;
      }
      return isUsed;
    },
    reset() {},
    save: () => source.save?.() ?? {},
    restore: (state) => source.restore?.(state),
  };
}

/**
 * A repeatable source: xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021), seeded by
 * SplitMix32. Not for secrets.
 */
export function createSeededEntropy(seed: number): EntropySource {
  let mix = seed | 0;
  const state = Int32Array.from({ length: 4 }, () => {
    mix = (mix + 0x9e37_79b9) | 0;
    let z = Math.imul(mix ^ (mix >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return z ^ (z >>> 15);
  });
  const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(state[1]!, 5), 7), 9);
    const shifted = state[1]! << 9;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= shifted;
    state[3] = rotate(state[3]!, 11);
    return result;
  };
  return {
    fill(into) {
      for (let at = 0; at < into.length; at += 4) {
        const word = next();
        for (let i = 0; i < 4 && at + i < into.length; i++) into[at + i] = word >>> (8 * i);
      }
    },
    // Of no sign: a snapshot has no negative numbers.
    save: () => Array.from(state, (word) => word >>> 0),
    restore: (saved) => state.set(saved as readonly number[]),
  };
}
