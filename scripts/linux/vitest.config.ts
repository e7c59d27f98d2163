import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Boots take minutes: they have a script of their own, pnpm test:linux.
export default defineConfig({
  test: {
    include: ['scripts/linux/*.test.ts'],
    root: join(import.meta.dirname, '../..'),
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
