import { defineConfig } from 'vitest/config';

// The site must have been built: `pnpm docs:build`.
export default defineConfig({
  root: import.meta.dirname,
  test: { include: ['test/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
