// A Debian root file system made of packages, without running any of their scripts: an ext4 image that boots with its own init.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './apt.mjs';

const PACKAGES = [
  'base-files',
  'base-passwd',
  'apt',
  'bash',
  'coreutils',
  'util-linux',
  'mount',
  'e2fsprogs',
  'procps',
  'python3',
  'gcc',
  'libc6-dev',
  'binutils',
  'debian-archive-keyring',
];
const IMAGE_BYTES = 768 * 2 ** 20;

/** @param image the file to make. */
export function makeRoot(apt, image) {
  const packages = apt.closure(PACKAGES);
  mkdirSync(dirname(image), { recursive: true });
  const tree = mkdtempSync(join(dirname(image), 'root-'));
  try {
    // base-files holds the links /bin -> usr/bin and so on, which all others go through.
    const order = [...packages].sort((a, b) => Number(/\/base-files_/.test(b)) - Number(/\/base-files_/.test(a)));
    let status = '';
    for (const file of order) {
      run('dpkg-deb', ['-x', file, tree]);
      status += `${run('dpkg-deb', ['-f', file]).replace(/^Architecture:/m, 'Status: install ok installed\nArchitecture:')}\n`;
    }
    finish(tree, status);
    const partial = `${image}.partial`;
    rmSync(partial, { force: true });
    run(
      'mke2fs',
      ['-q', '-t', 'ext4', '-L', 'debian', '-E', 'root_owner=0:0', '-d', tree, partial, `${IMAGE_BYTES / 1024}k`],
      {
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      },
    );
    renameSync(partial, image);
    return `${packages.length} packages`;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** What the packages' scripts would have done, as far as it is needed. */
function finish(tree, status) {
  const at = (path) => join(tree, path);
  mkdirSync(at('var/lib/dpkg/info'), { recursive: true });
  writeFileSync(at('var/lib/dpkg/status'), status);
  const master = at('usr/share/base-passwd');
  for (const name of ['passwd', 'group']) {
    if (!existsSync(at(`etc/${name}`))) cpSync(join(master, `${name}.master`), at(`etc/${name}`));
  }
  writeFileSync(at('etc/hostname'), 'debian\n');
  writeFileSync(at('etc/fstab'), '/dev/vda / ext4 defaults 0 1\n');
  for (const path of [
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'root',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
  ]) {
    mkdirSync(at(path), { recursive: true });
  }
  chmodSync(at('tmp'), 0o1777);
  const init = at('usr/sbin/init');
  writeFileSync(init, readFileSync(new URL('./debian-init.sh', import.meta.url)));
  chmodSync(init, 0o755);
}
