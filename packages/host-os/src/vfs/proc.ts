import { Errno } from '../errno.ts';
import { INSTRUCTIONS_PER_MICROSECOND, type Kernel } from '../kernel-state.ts';
import { namespaceKinds } from '../namespaces/namespaces.ts';
import type { PidNamespace } from '../namespaces/pid-namespace.ts';
import type { Process } from '../processes/process.ts';
import type { DirectoryInode, FileInode, Inode, SymlinkInode } from './inode.ts';
import { pathOf } from './place.ts';

function textFile(number: number, text: (viewer: Process | undefined) => string): FileInode {
  return {
    type: 'file',
    number,
    mode: 0o444,
    links: 1,
    modified: 0n,
    contents: (viewer) => new TextEncoder().encode(text(viewer)),
    write: () => -Errno.EACCES,
    truncate: () => 0,
  };
}

function link(number: number, target: (viewer: Process | undefined) => string): SymlinkInode {
  return { type: 'symlink', number, mode: 0o777, links: 1, modified: 0n, target };
}

function directory(number: number, list: (viewer: Process | undefined) => Map<string, Inode>): DirectoryInode {
  return {
    type: 'directory',
    number,
    mode: 0o555,
    links: 2,
    modified: 0n,
    lookup: (name, viewer) => list(viewer).get(name),
    list: (viewer) => list(viewer),
  };
}

/** The process file system as the processes of one PID namespace see it (proc(5)): each process and what the system is like. */
export function createProc(kernel: Kernel, namespace: PidNamespace): DirectoryInode {
  const system = systemFiles(kernel, namespace);
  return directory(kernel.nextInodeNumber(), (viewer) => {
    const entries = new Map<string, Inode>(system);
    for (const [number, process] of namespace.processes) {
      entries.set(String(number), processDirectory(namespace, process));
    }
    const self = viewer?.numberIn(namespace) ?? 0;
    if (self > 0)
      entries.set(
        'self',
        link(2, () => String(self)),
      );
    return entries;
  });
}

function systemFiles(kernel: Kernel, namespace: PidNamespace): Map<string, Inode> {
  const { hardware, frames } = kernel;
  const add = (text: (viewer: Process | undefined) => string) => textFile(kernel.nextInodeNumber(), text);
  const seconds = () => (hardware.clock.now() / hardware.clock.frequency).toFixed(2);
  const isa = `rv64ima${kernel.hasFloat ? 'fd' : ''}c_zicsr_zifencei`;
  const hostname = add((viewer) => `${(viewer?.namespaces ?? kernel.hostNamespaces).uts.hostname}\n`);
  const kernelDirectory = directory(
    kernel.nextInodeNumber(),
    () =>
      new Map<string, Inode>([
        ['hostname', hostname],
        ['ostype', add(() => 'Linux\n')],
        ['pid_max', add(() => '4194304\n')],
      ]),
  );
  return new Map<string, Inode>([
    ['version', add(() => 'Linux version 6.6.0-worldswitch (host OS in TypeScript)\n')],
    ['uptime', add(() => `${seconds()} 0.00\n`)],
    ['loadavg', add(() => `0.00 0.00 0.00 1/${namespace.processes.size} ${namespace.latestNumber}\n`)],
    [
      'meminfo',
      add(
        () => `MemTotal: ${frames.total * 4} kB\nMemFree: ${frames.free * 4} kB\nMemAvailable: ${frames.free * 4} kB\n`,
      ),
    ],
    ['cpuinfo', add(() => `processor\t: 0\nhart\t\t: 0\nisa\t\t: ${isa}\nmmu\t\t: sv39\n`)],
    ['filesystems', add(() => 'nodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tsysfs\n')],
    ['mounts', link(kernel.nextInodeNumber(), () => 'self/mounts')],
    ['hostname', hostname],
    ['sys', directory(kernel.nextInodeNumber(), () => new Map([['kernel', kernelDirectory]]))],
  ]);
}

/** Inode numbers of a process's directory begin here. */
const numbersOf = (process: Process) => 0x1_0000_0000 + process.id * 256;

function processDirectory(namespace: PidNamespace, process: Process): DirectoryInode {
  const first = numbersOf(process);
  let next = first;
  const file = (text: () => string) => textFile(++next, text);
  return directory(first, () => {
    next = first;
    return new Map<string, Inode>([
      ['stat', file(() => statLine(namespace, process))],
      ['status', file(() => statusText(namespace, process))],
      ['cmdline', file(() => process.commandLine.map((word) => `${word}\0`).join(''))],
      ['environ', file(() => process.environment.map((word) => `${word}\0`).join(''))],
      ['comm', file(() => `${process.name}\n`)],
      ['maps', file(() => mapsText(process))],
      ['mounts', file(() => mountsText(process))],
      ['exe', link(++next, () => process.executable)],
      ['cwd', link(++next, () => pathOf(process.directory))],
      ['root', link(++next, () => '/')],
      ['fd', descriptorDirectory(process, ++next)],
      ['ns', namespaceDirectory(process, ++next)],
    ]);
  });
}

function descriptorDirectory(process: Process, number: number): DirectoryInode {
  return directory(number, () => {
    const entries = new Map<string, Inode>();
    for (const [descriptor, open] of process.files.open()) {
      entries.set(
        String(descriptor),
        link(numbersOf(process) + 64 + descriptor, () => open.path),
      );
    }
    return entries;
  });
}

function namespaceDirectory(process: Process, number: number): DirectoryInode {
  return directory(
    number,
    () =>
      new Map(
        namespaceKinds.map(({ kind, fileName }, index) => [
          fileName,
          link(numbersOf(process) + 32 + index, () => `${fileName}:[${process.namespaces[kind].id}]`),
        ]),
      ),
  );
}

function stateLetter(process: Process): string {
  if (process.waitStatus !== undefined) return 'Z';
  if (process.isStopped || process.isPaused) return 'T';
  return process.state === 'blocked' ? 'S' : 'R';
}

function statLine(namespace: PidNamespace, process: Process): string {
  const { name, parent, kernel } = process;
  const groupOf = (id: number) => kernel.hostNamespaces.pid.processes.get(id)?.numberIn(namespace) ?? 0;
  const ticks = Math.floor(process.retired / (10_000 * INSTRUCTIONS_PER_MICROSECOND));
  const isAlive = process.waitStatus === undefined;
  const size = isAlive ? process.space.areas.pages * 4096 : 0;
  const resident = isAlive ? process.space.residentPages : 0;
  const fields = [
    process.numberIn(namespace),
    `(${name})`,
    stateLetter(process),
    parent?.numberIn(namespace) ?? 0,
    groupOf(process.processGroup),
    groupOf(process.session),
    ...[0, -1, 0, 0, 0, 0, 0],
    ticks,
    ...[0, 0, 0, 20, 0, 1, 0, 0],
    size,
    resident,
  ];
  return `${[...fields, ...new Array(52 - fields.length).fill(0)].join(' ')}\n`;
}

function statusText(namespace: PidNamespace, process: Process): string {
  const lines = [
    ['Name', process.name],
    ['State', stateLetter(process)],
    ['Tgid', process.numberIn(namespace)],
    ['Pid', process.numberIn(namespace)],
    ['PPid', process.parent?.numberIn(namespace) ?? 0],
    ['Uid', '0\t0\t0\t0'],
    ['Gid', '0\t0\t0\t0'],
    ['VmRSS', `${process.waitStatus === undefined ? process.space.residentPages * 4 : 0} kB`],
    ['Threads', 1],
    ['NSpid', nestedNumbers(namespace, process).join('\t')],
  ];
  return lines.map(([name, value]) => `${name}:\t${value}\n`).join('');
}

/** Its numbers from this namespace inwards. */
function nestedNumbers(namespace: PidNamespace, process: Process): number[] {
  const inwards = [...process.numbers].reverse();
  return inwards.slice(inwards.findIndex(([of]) => of === namespace)).map(([, number]) => number);
}

function mapsText(process: Process): string {
  if (process.waitStatus !== undefined) return '';
  const hex = (page: number) => (page * 4096).toString(16).padStart(8, '0');
  const letters = (protection: number) =>
    `${protection & 1 ? 'r' : '-'}${protection & 2 ? 'w' : '-'}${protection & 4 ? 'x' : '-'}`;
  return [...process.space.areas]
    .map(
      (area) =>
        `${hex(area.start)}-${hex(area.end)} ${letters(area.protection)}${area.shared ? 's' : 'p'} 00000000 00:00 0 ${area.name}\n`,
    )
    .join('');
}

function mountsText(process: Process): string {
  return process.namespaces.mount
    .list()
    .map(({ source, path, type, isReadOnly }) => `${source} ${path} ${type} ${isReadOnly ? 'ro' : 'rw'} 0 0\n`)
    .join('');
}
