import { defineConfig } from 'vitest/config';

// The source condition lets tests run before any build.
const conditions = ['@worldswitch/source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/{src,test,conformance}/**/*.test.ts', 'scripts/**/*.test.ts', 'apps/bench/test/**/*.test.ts'],
    // Boots of Debian take minutes: pnpm test:linux.
    exclude: ['**/node_modules/**', 'scripts/linux/**'],
    // These end what waits for ever, and nothing else: how long a test computes is the computer's affair.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
