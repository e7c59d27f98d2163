import type { NamespaceKind } from '@worldswitch/contracts';
import type { MountNamespace } from './mount-namespace.ts';
import type { PidNamespace } from './pid-namespace.ts';

/** Host and domain name (uts_namespaces(7)). */
export interface UtsNamespace {
  readonly id: number;
  hostname: string;
  domainName: string;
}

/** A namespace of a kind whose resources this kernel does not have: it can be told from others, and separates nothing. */
export interface NamedNamespace {
  readonly id: number;
}

/** The view of the system that a process has. */
export interface Namespaces {
  readonly pid: PidNamespace;
  readonly mount: MountNamespace;
  readonly uts: UtsNamespace;
  readonly ipc: NamedNamespace;
  readonly network: NamedNamespace;
  readonly user: NamedNamespace;
  readonly cgroup: NamedNamespace;
  readonly time: NamedNamespace;
}

/**
 * CLONE_NEW* bit, name in /proc/<pid>/ns, and what having one's own means here: `full`, or `identity` when there is nothing
 * of that kind to separate (Linux include/uapi/linux/sched.h).
 */
export const namespaceKinds: readonly {
  readonly kind: NamespaceKind;
  readonly cloneFlag: number;
  readonly fileName: string;
  readonly support: 'full' | 'identity';
}[] = [
  { kind: 'mount', cloneFlag: 0x0002_0000, fileName: 'mnt', support: 'full' },
  { kind: 'uts', cloneFlag: 0x0400_0000, fileName: 'uts', support: 'full' },
  { kind: 'pid', cloneFlag: 0x2000_0000, fileName: 'pid', support: 'full' },
  { kind: 'ipc', cloneFlag: 0x0800_0000, fileName: 'ipc', support: 'identity' },
  { kind: 'network', cloneFlag: 0x4000_0000, fileName: 'net', support: 'identity' },
  { kind: 'user', cloneFlag: 0x1000_0000, fileName: 'user', support: 'identity' },
  { kind: 'cgroup', cloneFlag: 0x0200_0000, fileName: 'cgroup', support: 'identity' },
  { kind: 'time', cloneFlag: 0x0000_0080, fileName: 'time', support: 'identity' },
];

export const ALL_NAMESPACE_FLAGS = namespaceKinds.reduce((flags, { cloneFlag }) => flags | cloneFlag, 0);

/** The kinds that clone or unshare flags name. */
export function kindsOfFlags(flags: number): NamespaceKind[] {
  return namespaceKinds.filter(({ cloneFlag }) => (flags & cloneFlag) !== 0).map(({ kind }) => kind);
}
