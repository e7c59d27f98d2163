import {
  createTaskWorld,
  type HostKernel,
  programArguments,
  type World,
  type WorldDefinition,
  type WorldSpec,
} from '@worldswitch/contracts';
import { HostOsError } from './host-os-error.ts';

/** Runs a program as a process of the host OS: one kernel, nothing in between. */
export const processWorld: WorldDefinition = {
  name: 'process',
  summary: 'a plain process on the host OS',
  guest: 'none',
  create: createProcessWorld,
};

/** Makes the world on a host; it does not run yet. Throws HostOsError for a program that cannot run here. */
export function createProcessWorld(host: HostKernel, spec: WorldSpec): World {
  return createTaskWorld({
    host,
    spec,
    start: (onOutput) =>
      host.spawn({
        name: spec.name,
        arguments: programArguments(spec.program),
        files: spec.files ?? new Map(),
        environment: spec.program.environment ?? [],
        image: spec.program.image,
        memoryBytes: spec.memoryBytes,
        onOutput,
        input: spec.input ?? new Uint8Array(0),
        world: spec.name,
        ...(spec.trace === undefined ? {} : { trace: spec.trace }),
      }),
    refuseSnapshot: () => new HostOsError('EINVAL', 'a process of the host OS cannot be saved yet'),
    end(task) {
      task.kill(137);
      task.kill(137);
    },
  });
}
