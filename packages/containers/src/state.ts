import { ContainersError } from './containers-error.ts';

/** OCI runtime spec, runtime.md, State. */
export type ContainerStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What can be done to a container; `exit` is what its program does by itself. */
export type ContainerOperation = 'created' | 'start' | 'exec' | 'exit' | 'kill' | 'delete';

/** From which states an operation is allowed, and where it leads: undefined is the same state, `gone` is nowhere. */
export const transitions: Readonly<
  Record<ContainerOperation, { readonly from: readonly ContainerStatus[]; readonly to?: ContainerStatus | 'gone' }>
> = {
  created: { from: ['creating'], to: 'created' },
  start: { from: ['created'], to: 'running' },
  exec: { from: ['created', 'running'] },
  exit: { from: ['created', 'running'], to: 'stopped' },
  kill: { from: ['created', 'running'] },
  delete: { from: ['stopped'], to: 'gone' },
};

/** The state after an operation. Throws ContainersError `state` when it is not allowed. */
export function nextStatus(
  id: string,
  status: ContainerStatus,
  operation: ContainerOperation,
): ContainerStatus | 'gone' {
  const { from, to } = transitions[operation];
  if (!from.includes(status)) {
    throw new ContainersError(
      'state',
      `cannot ${operation} container ${id}: it is ${status}, not ${from.join(' or ')}`,
    );
  }
  return to ?? status;
}

/** What `state` tells (OCI runtime spec, runtime.md, State). */
export interface ContainerState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: ContainerStatus;
  /** Number of its first process on the host; 0 once stopped. */
  readonly pid: number;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}
