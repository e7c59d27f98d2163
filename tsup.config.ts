import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

// One configuration for every package; tsup runs it with the package as working directory.
const entry: Record<string, string> = { index: 'src/index.ts' };
if (existsSync('conformance/index.ts')) entry['conformance/index'] = 'conformance/index.ts';
if (existsSync('src/main.ts')) entry.main = 'src/main.ts';

export default defineConfig({
  entry,
  format: ['esm', 'cjs'],
  dts: true,
  sourcemap: true,
  clean: true,
  platform: 'neutral',
  target: 'es2022',
});
