// Packs each package, installs it with plain npm in an empty folder, and imports it both ways: each must work alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './checkout.mjs';

const folder = mkdtempSync(join(tmpdir(), 'worldswitch-packed-'));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);
const tarballs = {};
for (const name of packages) {
  const directory = join(root, 'packages', name);
  run('npx', ['--yes', 'pnpm@10.34.9', 'pack', '--pack-destination', folder], directory);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  tarballs[`@worldswitch/${name}`] = join(folder, `worldswitch-${name}-${version}.tgz`);
}
let failures = 0;
for (const name of packages) {
  const place = join(folder, `try-${name}`);
  mkdirSync(place);
  // Siblings come from their tarballs, since nothing of this version is published yet.
  const overrides = Object.fromEntries(Object.entries(tarballs).map(([key, path]) => [key, `file:${path}`]));
  const own = `@worldswitch/${name}`;
  const { [own]: tarball, ...others } = overrides;
  writeFileSync(
    join(place, 'package.json'),
    JSON.stringify({ name: 'try', private: true, dependencies: { [own]: tarball }, overrides: others }),
  );
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline'], place);
  const subpaths = name === 'contracts' ? [own, `${own}/conformance`] : [own];
  for (const subpath of subpaths) {
    const esm = `const m = await import('${subpath}'); if (Object.keys(m).length === 0 && '${name}' !== 'contracts') process.exit(3);`;
    const cjs = `const m = require('${subpath}'); if (Object.keys(m).length === 0) process.exit(3);`;
    for (const [kind, args] of [
      ['import', ['--input-type=module', '-e', esm]],
      ['require', ['--input-type=commonjs', '-e', cjs]],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: place, encoding: 'utf8' });
      if (status !== 0) {
        failures++;
        console.error(`${subpath}: ${kind} fails in an empty folder (exit ${status})\n${stderr}`);
      }
    }
  }
  if (name === 'cli') {
    const { status, stdout } = spawnSync('npx', ['worldswitch', 'run', 'hello'], { cwd: place, encoding: 'utf8' });
    if (status !== 0 || !/hello/i.test(stdout)) {
      failures++;
      console.error(`cli: 'npx worldswitch run hello' gave exit ${status} and ${JSON.stringify(stdout)}`);
    }
  }
  console.log(`${own}: installs and loads alone`);
}
rmSync(folder, { recursive: true, force: true });
if (failures > 0) process.exit(1);
