import { CsrAddress } from '@worldswitch/isa';
import { HostOsError } from '../host-os-error.ts';
import { kindsOfFlags, type Namespaces } from '../namespaces/namespaces.ts';
import { allowCounters } from '../signals/signal-delivery.ts';
import { Process } from './process.ts';

/** Most processes at once, those included that ended and nobody has waited for. */
const MAX_PROCESSES = 4096;

export interface ForkOptions {
  /** CLONE_NEW* bits. */
  readonly namespaceFlags: number;
  /** The child runs in the parent's memory (CLONE_VM). */
  readonly sharesMemory: boolean;
  /** Stack pointer of the child; 0 keeps the parent's. */
  readonly stackPointer: bigint;
}

/** Makes a copy of a process which returns 0 from the call it is in. Throws HostOsError ENOMEM or EAGAIN. */
export function forkProcess(parent: Process, options: ForkOptions): Process {
  const { kernel, tree } = parent;
  if (kernel.hostNamespaces.pid.processes.size >= MAX_PROCESSES) {
    throw new HostOsError('EAGAIN', `there are ${MAX_PROCESSES} processes`);
  }
  const inherited: Namespaces = { ...parent.namespaces, pid: parent.childPidNamespace };
  if (inherited.pid.parent !== undefined && inherited.pid.init?.waitStatus !== undefined) {
    throw new HostOsError('ENOMEM', 'the init of the PID namespace has ended');
  }
  const namespaces = kernel.newNamespaces(inherited, kindsOfFlags(options.namespaceFlags));
  const vcpu = kernel.createVcpu();
  let space = parent.space;
  try {
    if (options.sharesMemory) space.users++;
    else space = parent.space.fork();
  } catch (error) {
    vcpu.dispose();
    throw error;
  }
  const child = new Process({
    kernel,
    tree,
    vcpu,
    space,
    namespaces,
    parent,
    root: parent.root,
    directory: parent.directory,
    files: parent.files.copy(),
    signals: parent.signals.copy(),
  });
  for (let index = 1; index < 32; index++) vcpu.writeX(index, parent.vcpu.readX(index));
  for (let index = 0; index < 32; index++) vcpu.writeF(index, parent.vcpu.readF(index));
  if (options.stackPointer !== 0n) vcpu.writeX(2, options.stackPointer);
  vcpu.writeXLow(10, 0);
  vcpu.pc = parent.vcpu.pc + 4n;
  if (kernel.hasFloat) vcpu.writeCsr(CsrAddress.fcsr, parent.vcpu.readCsr(CsrAddress.fcsr));
  allowCounters(child);
  child.isPaused = parent.isPaused;
  tree.members.add(child);
  kernel.scheduler.add(child);
  return child;
}
