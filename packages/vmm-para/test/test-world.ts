import type { HostKernel, ProgramSpec, World, WorldSpec } from '@worldswitch/contracts';
import { bootArguments, createInitrd, guestKernel } from '@worldswitch/guest-os';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware, type EngineName } from '@worldswitch/machine';
import { paraWorld } from '../src/index.ts';

const MEBIBYTE = 1 << 20;

export function createHost(memoryBytes = 64 * MEBIBYTE, engine: EngineName = 'compiled'): HostKernel {
  return createHostKernel(createHostHardware({ memoryBytes, engine }));
}

/** A world that runs a program as the first process of the paravirtual guest. */
export function createTestWorld(
  spec: { readonly program: ProgramSpec } & Partial<WorldSpec>,
  host: HostKernel = createHost(),
): { world: World; host: HostKernel } {
  const path = '/program';
  const world = paraWorld.create(host, {
    name: 'para',
    memoryBytes: 24 * MEBIBYTE,
    guest: {
      kernel: guestKernel('para'),
      initrd: createInitrd({ program: { path, data: spec.program.image } }),
      bootArguments: bootArguments({ init: path, quiet: true, args: [...spec.program.arguments.slice(1)] }),
    },
    ...spec,
  });
  return { world, host };
}
