// What the two commands of a fresh checkout share: install once, and run the command line from source.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PNPM = 'pnpm@10.34.9';

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    process.stderr.write(`worldswitch needs Node 20.19 or newer; this is ${process.version}.\n`);
    process.exit(64);
  }
}

/** Installs the locked dependencies unless this lockfile is installed already. Everything it says goes to stderr. */
export function ensureInstalled() {
  requireNode();
  const stamp = join(root, 'node_modules', '.worldswitch-installed');
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  process.stderr.write('worldswitch: installing dependencies (once) ...\n');
  // npm hands its own settings to its children, and npx would take --json and --silent for itself.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_config_(json|silent|loglevel|argv)$/i.test(key)),
  );
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  const install = () =>
    spawnSync(npx, ['--yes', PNPM, 'install', '--frozen-lockfile', '--prefer-offline'], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
  let { status, error } = install();
  if (!error && status !== 0) {
    process.stderr.write('worldswitch: that failed; trying once more ...\n');
    ({ status, error } = install());
  }
  if (error || status !== 0) {
    process.stderr.write(
      `worldswitch: 'npx ${PNPM} install' failed${error ? `: ${error.message}` : ''}. Check that the npm registry can be reached, then try again.\n`,
    );
    process.exit(69);
  }
  writeFileSync(stamp, lock);
}

/** The newest change, in milliseconds, of any source file that the command line is bundled from. */
function newestSource(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (/\.(ts|json)$/.test(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

/** How esbuild makes something to run from the sources of the packages. */
export const sourceBundle = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'error',
  conditions: ['@worldswitch/source'],
};

/** Bundles packages/cli/src/main.ts from the sources of all packages, when they have changed, and returns the bundle's URL. */
export async function bundleCommandLine() {
  const bundle = join(root, 'packages', 'cli', 'node_modules', '.cache', 'worldswitch', 'main.mjs');
  let newest = 0;
  const sources = {};
  for (const name of readdirSync(join(root, 'packages'))) {
    const source = join(root, 'packages', name, 'src');
    if (!existsSync(source)) continue;
    newest = Math.max(newest, newestSource(source));
    sources[`@worldswitch/${name}`] = join(source, 'index.ts');
  }
  // Worlds of the user's own import packages that are not built here.
  process.env.JITI_ALIAS ??= JSON.stringify(sources);
  if (!existsSync(bundle) || statSync(bundle).mtimeMs < newest) {
    const { build } = await import('esbuild');
    mkdirSync(dirname(bundle), { recursive: true });
    const { outputFiles } = await build({
      entryPoints: [join(root, 'packages', 'cli', 'src', 'main.ts')],
      outfile: bundle,
      write: false,
      ...sourceBundle,
      external: ['jiti'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    });
    // Commands that start at the same time each bundle, and none may read half of what another one writes.
    for (const { path, contents } of outputFiles) {
      writeFileSync(`${path}.${process.pid}`, contents);
      renameSync(`${path}.${process.pid}`, path);
    }
  }
  return pathToFileURL(bundle).href;
}
