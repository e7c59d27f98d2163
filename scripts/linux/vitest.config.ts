import { defineConfig } from 'vitest/config';

// Boots take minutes: they have a script of their own, pnpm test:linux.
export default defineConfig({
  test: {
    include: ['scripts/linux/*.test.ts'],
    root: new URL('../..', import.meta.url).pathname,
    fileParallelism: false,
  },
});
