/** A repeatable source of numbers for one test; the seed is printed when the test fails. */
export function createRandom(seed: number): { readonly seed: number; below(limit: number): number; bits64(): bigint } {
  let state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  return {
    seed,
    below: (limit) => next() % limit,
    bits64: () => (BigInt(next()) << 32n) | BigInt(next()),
  };
}
