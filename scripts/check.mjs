// `npm run check`: what every change must pass: format and lint, import rules, types of every package, tests.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root } from './checkout.mjs';

ensureInstalled();
const tool = (...path) => join(root, 'node_modules', ...path);
const projects = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .map((name) => join(folder, name))
    .filter((project) => existsSync(join(root, project, 'tsconfig.json'))),
);
const steps = [
  ['format and lint', [tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '.']],
  ['imports', [join(root, 'scripts', 'check-imports.mjs')]],
  ...projects.map((project) => [`types of ${project}`, [tool('typescript', 'bin', 'tsc'), '-p', project]]),
  ['tests', [tool('vitest', 'vitest.mjs'), 'run']],
];
for (const [name, command] of steps) {
  process.stderr.write(`check: ${name}\n`);
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`check: ${name} failed\n`);
    process.exit(status ?? 1);
  }
}
