// `pnpm bench:memory -- ARGUMENTS`: bundles the measurement from the sources of all packages, and runs it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sourceBundle } from '../../scripts/checkout.mjs';
import { cacheFolder } from '../../scripts/linux/fetch.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const folder = join(root, 'node_modules', '.cache', 'memory');
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [join(root, 'src', 'memory', 'main.ts')],
  outfile: join(folder, 'main.mjs'),
  ...sourceBundle,
});
// A process of its own, in which nothing else was loaded.
const linux = JSON.stringify(join(cacheFolder(), 'stable'));
writeFileSync(
  join(folder, 'start.mjs'),
  `import { main } from './main.mjs';\nprocess.exitCode = main(process.argv.slice(2).filter((argument) => argument !== '--'), { linux: ${linux} });\n`,
);
const { status } = spawnSync(process.execPath, ['--expose-gc', join(folder, 'start.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
