// Debian's kernel as boot files: the image as it is in its package, and an initial RAM disk with busybox and a few modules.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run, Unavailable } from './apt.mjs';

/** What a root file system on a virtio disk needs, and what there is to try in the shell. Built in or a module, as the kernel has it. */
const MODULES = ['virtio_mmio', 'virtio_blk', 'ext4', 'virtio_console', 'virtio-rng', 'virtio_balloon'];
const LOADED_AT_BOOT = ['virtio_mmio', 'virtio_blk', 'ext4'];
/** ext4 asks for this one by what it does, not by its name; newer kernels have it built in. */
const SOFT_DEPENDENCIES = { ext4: ['crc32c_generic'] };

/**
 * @param apt of the suite. @param folder where `kernel`, `config` and `initrd.cpio` go.
 * @returns the kernel's release, such as 6.12.107+deb13-riscv64.
 */
export function makeKernel(apt, folder, createInitrd) {
  const image = apt.newest(/^linux-image-\d[\w.+]*-riscv64$/);
  const release = image.slice('linux-image-'.length);
  // Newer packages have the image and the modules apart, and linux-image only asks for both.
  const parts = ['linux-binary', 'linux-modules', 'linux-base'].map((part) => `${part}-${release}`);
  const isSplit = (() => {
    try {
      return apt.version(parts[0]) !== undefined;
    } catch {
      return false;
    }
  })();
  const packages = apt.download([...(isSplit ? parts : [image]), 'busybox-static']);
  mkdirSync(folder, { recursive: true });
  const tree = mkdtempSync(join(folder, 'tree-'));
  try {
    for (const file of packages) {
      const wanted = [
        '*/boot/vmlinu*',
        '*/modules/*/vmlinu*',
        '*/bin/busybox',
        '*/modules.builtin',
        ...MODULES.map((name) => `*/${name}.ko*`),
      ];
      // What a module needs is known when it is there: whole folders of small modules.
      const more = [
        '*/fs/jbd2/*',
        '*/fs/mbcache*',
        '*/lib/*.ko*',
        '*/crypto/*crc32c*',
        '*/drivers/virtio/*',
        '*/drivers/char/hw_random/*',
      ];
      unpack(file, tree, [...wanted, ...more]);
    }
    copyFileSync(findFile(tree, /^vmlinu[xz]/), join(folder, 'kernel'));
    const initrd = createInitrd({
      files: [
        { path: '/init', data: readFileSync(new URL('./init.sh', import.meta.url)), mode: 0o755 },
        { path: '/bin/busybox', data: readFileSync(findFile(tree, /^busybox$/)), mode: 0o755 },
        ...moduleFiles(tree),
      ],
    });
    writeFileSync(join(folder, 'initrd.cpio'), initrd);
    writeFileSync(join(folder, 'release'), `${release}\n`);
    return release;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function unpack(file, tree, patterns) {
  // tar says so when a pattern matches nothing, which is no failure here; what it leaves of the pipe is read on.
  const script =
    'set -o pipefail; deb=$1 tree=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | { tar -x -C "$tree" --no-same-owner --wildcards "$@" 2>/dev/null || true; cat >/dev/null; }';
  run('bash', ['-c', script, 'unpack', file, tree, ...patterns]);
}

function findFile(folder, pattern) {
  const found = listFiles(folder).find((path) => pattern.test(path.split('/').at(-1)));
  if (!found) throw new Unavailable(`no file like ${pattern} in the packages`);
  return found;
}

function listFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFiles(path) : entry.isFile() ? [path] : [];
  });
}

const canonical = (name) => name.replaceAll('-', '_');

/** The modules unpacked, and for each of MODULES a list of what to load, in order. */
function moduleFiles(tree) {
  const modules = new Map();
  for (const path of listFiles(tree)) {
    const match = /([^/]+)\.ko(\.xz|\.zst)?$/.exec(path);
    if (match) modules.set(canonical(match[1]), path);
  }
  const builtIn = new Set();
  for (const path of listFiles(tree).filter((name) => name.endsWith('/modules.builtin'))) {
    for (const match of readFileSync(path, 'utf8').matchAll(/([^/\n]+)\.ko$/gm)) builtIn.add(canonical(match[1]));
  }
  const contents = new Map();
  /** Puts a module after what it depends on. */
  const place = (name, order) => {
    if (builtIn.has(name) || order.includes(name)) return;
    const path = modules.get(name);
    if (!path) throw new Unavailable(`the kernel has no module ${name}`);
    if (!contents.has(name)) contents.set(name, decompressed(path));
    const depends = /\0depends=([^\0]*)\0/.exec(contents.get(name).toString('latin1'))?.[1] ?? '';
    const soft = (SOFT_DEPENDENCIES[name] ?? []).filter((needed) => modules.has(needed));
    for (const needed of [...soft, ...depends.split(',').filter(Boolean)]) place(canonical(needed), order);
    order.push(name);
  };
  const files = [];
  for (const wanted of MODULES) {
    const order = [];
    place(canonical(wanted), order);
    files.push({
      path: `/lib/modules/${canonical(wanted)}.list`,
      data: Buffer.from(order.map((name) => `${name}\n`).join('')),
    });
  }
  files.push({ path: '/lib/modules/boot.list', data: Buffer.from(LOADED_AT_BOOT.map((name) => `${name}\n`).join('')) });
  for (const [name, data] of contents) files.push({ path: `/lib/modules/${name}.ko`, data });
  return files;
}

function decompressed(path) {
  if (path.endsWith('.xz')) return run('xz', ['-dc', path], { encoding: 'buffer' });
  if (path.endsWith('.zst')) return run('zstd', ['-dc', path], { encoding: 'buffer' });
  return readFileSync(path);
}

/** OpenSBI as Debian has it: fw_jump and fw_dynamic of the generic platform, raw and as ELF. */
export function makeFirmware(apt, folder) {
  const [file] = apt.download(['opensbi']);
  mkdirSync(folder, { recursive: true });
  const tree = mkdtempSync(join(folder, 'tree-'));
  try {
    unpack(file, tree, ['*/riscv64-linux-gnu/opensbi/generic/*']);
    const from = join(tree, 'usr/lib/riscv64-linux-gnu/opensbi/generic');
    if (!existsSync(from)) throw new Unavailable('the package opensbi holds no firmware of the generic platform');
    for (const name of readdirSync(from)) copyFileSync(join(from, name), join(folder, name));
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
