// Fetches Debian's riscv64 kernels, firmware and a root file system with apt, and makes boot files of them. Nothing of it is committed.
//   node scripts/linux/fetch.mjs [--force] [--without-root]
// The files go to .cache/linux of the checkout, or to the folder that WORLDSWITCH_CACHE names. Exit code 69: cannot be had here.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { root, sourceBundle } from '../checkout.mjs';
import { createApt, Unavailable } from './apt.mjs';
import { makeFirmware, makeKernel } from './kernel.mjs';
import { makeRoot } from './root.mjs';

/** Made anew when what is made changes. */
const FORMAT = 1;
const suites = { stable: 'stable', unstable: 'unstable' };

export function cacheFolder() {
  return process.env.WORLDSWITCH_CACHE ? join(process.env.WORLDSWITCH_CACHE, 'linux') : join(root, '.cache', 'linux');
}

/** The product's own writer of initial RAM disks. */
async function loadInitrdWriter() {
  const { outputFiles } = await build({
    ...sourceBundle,
    sourcemap: false,
    write: false,
    entryPoints: [join(root, 'packages/guest-os/src/initrd.ts')],
  });
  return await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

async function main(args) {
  const unknown = args.find((arg) => !['--force', '--without-root'].includes(arg));
  if (unknown) {
    process.stderr.write(`unknown argument '${unknown}'; there are --force and --without-root\n`);
    return 64;
  }
  const folder = cacheFolder();
  const stamp = (name) => join(folder, `${name}.made`);
  const isMade = (name) =>
    !args.includes('--force') && existsSync(stamp(name)) && readFileSync(stamp(name), 'utf8') === `${FORMAT}\n`;
  const make = async (name, body) => {
    if (isMade(name)) return;
    const start = Date.now();
    const what = await body();
    writeFileSync(stamp(name), `${FORMAT}\n`);
    process.stdout.write(`${name}: ${what} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
  };
  mkdirSync(folder, { recursive: true });
  try {
    const apts = new Map();
    const apt = (suite) => {
      if (!apts.has(suite)) {
        apts.set(suite, createApt(join(folder, 'apt'), suite));
        apts.get(suite).update();
      }
      return apts.get(suite);
    };
    const { createInitrd } = await loadInitrdWriter();
    for (const [name, suite] of Object.entries(suites)) {
      await make(name, () => makeKernel(apt(suite), join(folder, name), createInitrd));
    }
    await make('opensbi', () => {
      makeFirmware(apt(suites.stable), join(folder, 'opensbi'));
      return apt(suites.stable).version('opensbi');
    });
    if (!args.includes('--without-root')) {
      await make('debian', () => makeRoot(apt(suites.stable), join(folder, 'debian.ext4')));
    }
    process.stdout.write(`boot files are in ${folder}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    process.stderr.write(`Debian's riscv64 packages cannot be had here: ${error.message}\n`);
    return 69;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
