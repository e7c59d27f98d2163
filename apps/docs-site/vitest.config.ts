import { defineConfig } from 'vitest/config';

// The site must have been built: `pnpm docs:build`.
export default defineConfig({
  root: import.meta.dirname,
  test: { include: ['test/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 60_000 },
});
