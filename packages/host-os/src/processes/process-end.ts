import { postSignal } from '../signals/signal-delivery.ts';
import { IGNORE_HANDLER, Signal } from '../signals/signals.ts';
import type { Process } from './process.ts';

/**
 * Ends a process: gives back what it has, hands its children on, and tells its parent. Does nothing when it has ended before.
 * @param waitStatus as wait4 gives it: exit code << 8, or the signal that ended it.
 */
export function endProcess(process: Process, waitStatus: number): void {
  if (process.waitStatus !== undefined) return;
  const { tree, namespaces } = process;
  process.waitStatus = waitStatus;
  process.leaveQueues();
  process.state = 'exited';
  process.isInCall = false;
  process.callState = undefined;
  process.files.closeAll();
  leaveMemory(process);
  tree.addEnded(process.vcpu.counters);
  tree.members.delete(process);
  process.vcpu.dispose();

  // The init of a PID namespace takes all of it along (pid_namespaces(7)).
  const isInit = namespaces.pid.init === process;
  if (isInit) {
    for (const other of [...namespaces.pid.processes.values()]) endProcess(other, Signal.SIGKILL);
  }
  const heir = isInit ? undefined : namespaces.pid.init;
  for (const child of [...process.children]) adopt(child, heir);

  if (tree.root === process) tree.rootEnded(waitStatus);
  const { parent } = process;
  if (parent === undefined) {
    reap(process);
    return;
  }
  parent.childChanged.wakeAll();
  if (isUnwaited(parent)) reap(process);
  else postSignal(parent, Signal.SIGCHLD);
}

/** Ignoring SIGCHLD by name, unlike by default, means that children need no wait (wait(2), notes). */
function isUnwaited(parent: Process): boolean {
  return parent.signals.handlers.get(Signal.SIGCHLD)?.handler === IGNORE_HANDLER;
}

function adopt(child: Process, heir: Process | undefined): void {
  child.parent?.children.delete(child);
  child.parent = heir;
  heir?.children.add(child);
  if (child.waitStatus === undefined) return;
  if (heir === undefined) reap(child);
  else heir.childChanged.wakeAll();
}

/** Forgets a process that has ended. The first of its tree stays in `ps` until its owner has seen it. */
export function reap(process: Process): void {
  process.parent?.children.delete(process);
  process.parent = undefined;
  for (const [namespace, number] of process.numbers) namespace.processes.delete(number);
  if (process.tree.root !== process) process.kernel.scheduler.tasks.delete(process.id);
}

/** After exit or execve: the process no longer uses its address space, nor keeps a parent that lent it (vfork) waiting. */
export function leaveMemory(process: Process): void {
  process.space.release();
  const waiting = process.vforkParent;
  process.vforkParent = undefined;
  waiting?.wake();
}
