const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };

/** Seed of a random test run, printed in the test's name: WORLDSWITCH_SEED repeats one. */
export const seed = Number(process?.env.WORLDSWITCH_SEED ?? Date.now() & 0x7fff_ffff);
