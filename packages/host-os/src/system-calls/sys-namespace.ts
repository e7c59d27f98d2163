import { Errno } from '../errno.ts';
import { ALL_NAMESPACE_FLAGS, kindsOfFlags } from '../namespaces/namespaces.ts';
import type { Process } from '../processes/process.ts';
import { createFileSystem } from '../vfs/mounts.ts';
import { type Place, pathOf } from '../vfs/place.ts';
import { placeArgument, stringArgument } from './path-argument.ts';
import type { SystemCall } from './system-call.ts';

const FIELD = 65;
const MAX_NAME = 64;

/** struct new_utsname: what uname tells. */
function systemNames(process: Process): Uint8Array {
  const { hostname, domainName } = process.namespaces.uts;
  const fields = ['Linux', hostname, '6.6.0-worldswitch', '#1 host OS in TypeScript', 'riscv64', domainName];
  const bytes = new Uint8Array(fields.length * FIELD);
  for (const [index, field] of fields.entries()) {
    bytes.set(new TextEncoder().encode(field).subarray(0, FIELD - 1), index * FIELD);
  }
  return bytes;
}

function nameArgument(process: Process, address: number, length: number): string | number {
  if (length < 0 || length > MAX_NAME) return -Errno.EINVAL;
  const bytes = process.kernel.userMemory.read(process.space, address, length);
  return bytes === undefined ? -Errno.EFAULT : new TextDecoder().decode(bytes);
}

function unshare(process: Process, flags: number): number {
  if (flags & ~ALL_NAMESPACE_FLAGS) return -Errno.EINVAL;
  const renewed = process.kernel.newNamespaces(process.namespaces, kindsOfFlags(flags));
  // The process itself keeps its number; its children get theirs from the new namespace.
  process.childPidNamespace = renewed.pid === process.namespaces.pid ? process.childPidNamespace : renewed.pid;
  process.namespaces = { ...renewed, pid: process.namespaces.pid };
  return 0;
}

const MS_RDONLY = 1;
const MS_BIND = 0x1000;
/** Remounts and changes of propagation. */
const MS_OTHER = 0x20 | 0x2000;
const MS_PROPAGATION = 0x1e_0000;

function mount(process: Process, source: number, target: number, type: number, flags: number): number {
  if (flags & MS_PROPAGATION) return 0; // mounts never propagate here
  if (flags & MS_OTHER) return -Errno.EINVAL;
  const point = placeArgument(process, -100, target, { followsLast: true });
  if (typeof point === 'number') return point;
  if (point.inode.type !== 'directory') return -Errno.ENOTDIR;
  const typeName = type === 0 ? '' : stringArgument(process, type);
  if (typeof typeName === 'number') return typeName;
  let root: Place['inode'] | undefined;
  if (flags & MS_BIND) {
    const from = placeArgument(process, -100, source, { followsLast: true });
    if (typeof from === 'number') return from;
    root = from.inode;
  } else root = createFileSystem(process.kernel, process.namespaces, typeName);
  if (root === undefined) return -Errno.ENODEV;
  if (root.type !== 'directory') return -Errno.ENOTDIR;
  const sourceName = source === 0 ? typeName : stringArgument(process, source);
  process.namespaces.mount.mount(point.inode, {
    root,
    isReadOnly: (flags & MS_RDONLY) !== 0,
    type: typeName || 'tmpfs',
    source: typeof sourceName === 'number' ? 'none' : sourceName,
    path: pathOf(point),
  });
  return 0;
}

function unmount(process: Process, target: number): number {
  const place = placeArgument(process, -100, target, { followsLast: true });
  if (typeof place === 'number') return place;
  return process.namespaces.mount.unmount(place.inode) ? 0 : -Errno.EINVAL;
}

/** struct sysinfo (Linux include/uapi/linux/sysinfo.h). */
function systemInformation(process: Process): Uint8Array {
  const { hardware, frames } = process.kernel;
  const bytes = new Uint8Array(112);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(Math.floor(hardware.clock.now() / hardware.clock.frequency)), true);
  view.setBigUint64(32, BigInt(frames.total) * 4096n, true);
  view.setBigUint64(40, BigInt(frames.free) * 4096n, true);
  view.setUint16(80, process.namespaces.pid.processes.size, true);
  view.setUint32(104, 1, true);
  return bytes;
}

const give = (process: Process, address: number, bytes: Uint8Array) =>
  process.kernel.userMemory.write(process.space, address, bytes) ? 0 : -Errno.EFAULT;

/** System calls on the system as a whole, and on a process's view of it. */
export const namespaceCalls: readonly SystemCall[] = [
  { number: 39, name: 'umount2', support: 'full', handler: (process, args) => unmount(process, args.word(0)) },
  {
    number: 40,
    name: 'mount',
    support: 'partial',
    note: 'tmpfs, proc, devtmpfs, sysfs (empty), MS_BIND, MS_RDONLY',
    handler: (process, args) => mount(process, args.word(0), args.word(1), args.word(2), args.int(3)),
  },
  {
    number: 97,
    name: 'unshare',
    support: 'partial',
    note: 'all kinds; ipc, network, user, cgroup and time namespaces separate nothing yet',
    handler: (process, args) => unshare(process, args.int(0)),
  },
  {
    number: 160,
    name: 'uname',
    support: 'full',
    handler: (process, args) => give(process, args.word(0), systemNames(process)),
  },
  {
    number: 161,
    name: 'sethostname',
    support: 'full',
    handler: (process, args) => {
      const name = nameArgument(process, args.word(0), args.int(1));
      if (typeof name === 'number') return name;
      process.namespaces.uts.hostname = name;
      return 0;
    },
  },
  {
    number: 162,
    name: 'setdomainname',
    support: 'full',
    handler: (process, args) => {
      const name = nameArgument(process, args.word(0), args.int(1));
      if (typeof name === 'number') return name;
      process.namespaces.uts.domainName = name;
      return 0;
    },
  },
  {
    number: 179,
    name: 'sysinfo',
    support: 'partial',
    note: 'uptime, memory, processes',
    handler: (process, args) => give(process, args.word(0), systemInformation(process)),
  },
  {
    number: 278,
    name: 'getrandom',
    support: 'full',
    note: "from the machine's seed, so that runs repeat",
    handler: (process, args) => {
      const bytes = Uint8Array.from({ length: Math.min(args.word(1), 65536) }, () =>
        Math.floor(process.kernel.hardware.random() * 256),
      );
      const error = give(process, args.word(0), bytes);
      return error < 0 ? error : bytes.length;
    },
  },
];
