const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };

/** Seed of a random test run, printed in the test's name (vitest.config.ts). */
export const seed = Number(process?.env.WORLDSWITCH_SEED);
