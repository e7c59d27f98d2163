import { defineConfig } from 'vitest/config';

// The source condition lets tests run before any build.
const conditions = ['@worldswitch/source', 'module', 'node', 'development|production'];

/**
 * Where random tests begin, in all of them: the same tests each time, or new ones with WORLDSWITCH_SEED=random. Names of
 * tests say it, so that WORLDSWITCH_SEED=N repeats what failed.
 */
const { WORLDSWITCH_SEED = '20261122' } = process.env;
const seed = WORLDSWITCH_SEED === 'random' ? String(Date.now() % 1_000_000_000) : WORLDSWITCH_SEED;
if (!/^\d{1,9}$/.test(seed)) throw new Error(`WORLDSWITCH_SEED is a number below 10^9, or random; not ${seed}`);

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/{src,test,conformance}/**/*.test.ts', 'scripts/**/*.test.ts', 'apps/bench/test/**/*.test.ts'],
    env: { WORLDSWITCH_SEED: seed },
    // Boots of Debian take minutes: pnpm test:linux.
    exclude: ['**/node_modules/**', 'scripts/linux/**'],
    // These end what waits for ever, and nothing else: how long a test computes is the computer's affair.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
