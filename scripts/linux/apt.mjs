// A private apt for another architecture and other suites: its own folders, the system's own mirror, Debian's own keys.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const ARCHITECTURE = 'riscv64';
/** Downloads go to folders that apt's own user may not write. */
const sandboxUser = process.getuid?.() === 0 ? 'root' : '';

/** What stands in the way of fetching at all, such as no network or no apt: one sentence. */
export class Unavailable extends Error {}

export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 256 << 20,
    ...options,
  });
  if (error?.code === 'ENOENT') throw new Unavailable(`the command '${command}' is not installed`);
  if (error || status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${(error?.message ?? stderr ?? '').trim().slice(-2000)}`);
  }
  return stdout;
}

/** Where the system gets Debian's packages from, by its own configuration. apt says so only of lists that it has. */
function mirror(folder) {
  if (!existsSync(KEYRING)) throw new Unavailable(`${KEYRING} is missing: install debian-archive-keyring`);
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const find = (options) => {
    const query = [...options, 'indextargets', '--format', '$(REPO_URI)|$(RELEASE)', 'IDENTIFIER: Packages'];
    const lines = run('apt-get', query).split('\n');
    const found = lines
      .map((line) => line.split('|'))
      .find(([uri, release]) => release === codename && /\/debian\/?$/.test(uri));
    return found?.[0];
  };
  const known = find([]);
  if (known) return known;
  // A system whose lists were cleared: the same configuration with lists of our own.
  const lists = join(folder, 'system-lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `APT::Sandbox::User=${sandboxUser}`];
  try {
    run('apt-get', [...options, 'update', '-qq', '-o', 'Acquire::Retries=3']);
  } catch (error) {
    throw new Unavailable(`the system's own sources cannot be reached: ${error.message}`);
  }
  const found = find(options);
  if (!found) throw new Unavailable(`apt's configuration names no source of Debian's suite '${codename}'`);
  return found;
}

/**
 * apt for one suite, in a folder of its own: nothing of the system is read but its mirror, nothing of it is changed. Only this
 * machine's lists are private; packages that were downloaded stay for the next time.
 */
export function createApt(folder, suite) {
  const state = join(folder, suite);
  const archives = join(folder, 'archives');
  for (const path of [join(state, 'lists/partial'), join(archives, 'partial')]) mkdirSync(path, { recursive: true });
  writeFileSync(join(state, 'status'), '');
  writeFileSync(
    join(state, 'sources.list'),
    `deb [arch=${ARCHITECTURE} signed-by=${KEYRING}] ${mirror(folder)} ${suite} main\n`,
  );
  const settings = {
    'Dir::State': state,
    'Dir::State::lists': join(state, 'lists'),
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Cache::archives': archives,
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Architecture': ARCHITECTURE,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': sandboxUser,
    'Acquire::Languages': 'none',
    'APT::Keep-Downloaded-Packages': 'true',
    'Acquire::Retries': '3',
    // A package that the system's hooks would clear away is what is wanted here.
    'DPkg::Post-Invoke': '',
    'APT::Update::Post-Invoke': '',
  };
  const configuration = join(state, 'apt.conf');
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  const architectures = `#clear APT::Architectures;\nAPT::Architectures { "${ARCHITECTURE}"; };\n`;
  writeFileSync(
    configuration,
    `#clear APT::Update::Post-Invoke;\n#clear DPkg::Post-Invoke;\n${architectures}${lines.join('\n')}\n`,
  );
  const env = { ...process.env, APT_CONFIG: configuration, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const apt = (command, args, options = {}) => run(command, args, { env, ...options });

  return {
    update() {
      try {
        apt('apt-get', ['update', '-qq', '--error-on=any']);
      } catch (error) {
        throw new Unavailable(`Debian's suite ${suite} cannot be reached: ${error.message}`);
      }
    },
    /** The newest package whose name matches, as `name=version`. */
    newest(pattern) {
      const names = apt('apt-cache', ['pkgnames'])
        .split('\n')
        .filter((name) => pattern.test(name));
      const versions = names.map((name) => [name, this.version(name)]).filter(([, version]) => version !== undefined);
      if (versions.length === 0) throw new Unavailable(`Debian's suite ${suite} has no package like ${pattern}`);
      return versions.reduce((best, next) => (isOlder(best[1], next[1]) ? next : best))[0];
    },
    version(name) {
      return /^Version: (.*)$/m.exec(apt('apt-cache', ['show', '--no-all-versions', name]))?.[1];
    },
    /** Packages alone, without what they depend on: downloads them, returns their files. */
    download(names) {
      const files = [];
      for (const name of names) {
        const work = join(archives, 'partial', name);
        mkdirSync(work, { recursive: true });
        const [uri] = apt('apt-get', ['download', '--print-uris', name], { cwd: work }).split('\n');
        const file = / (\S+\.deb) /.exec(uri)?.[1];
        if (file && !existsSync(join(archives, file))) {
          apt('apt-get', ['download', '-qq', name], { cwd: work });
          for (const got of readdirSync(work)) renameSync(join(work, got), join(archives, got));
        }
        rmSync(work, { recursive: true, force: true });
        files.push(join(archives, file));
      }
      return files;
    },
    /** Packages with everything they need to be installed on an empty system, essential packages too: their files, in order. */
    closure(names) {
      const plan = apt('apt-get', ['install', '-y', '--simulate', ...names]);
      apt('apt-get', ['install', '-qq', '-y', '--download-only', ...names]);
      return [...plan.matchAll(/^Inst (\S+) \((\S+) .*\[(\w+)\]/gm)].map(([, name, version, architecture]) =>
        join(archives, `${name.split(':')[0]}_${version.replaceAll(':', '%3a')}_${architecture}.deb`),
      );
    },
  };
}

function isOlder(one, other) {
  return spawnSync('dpkg', ['--compare-versions', one, 'lt', other]).status === 0;
}
