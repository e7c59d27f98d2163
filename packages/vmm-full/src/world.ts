import type { HostKernel, HostRunEnd, World, WorldDefinition, WorldSpec } from '@worldswitch/contracts';
import { inspectMachine } from './accounting/inspect.ts';
import { endWithFault, hex } from './virtual-machine.ts';
import { createVirtualMachine, type VirtualMachineTask } from './vmm.ts';
import { VmmError } from './vmm-error.ts';

/** Runs a program under an unmodified guest OS in a virtual machine. */
export const fullWorld: WorldDefinition = {
  name: 'full',
  summary: 'the guest OS, unmodified, in a virtual machine: trap and emulate with shadow page tables',
  guest: 'unmodified',
  create: createFullWorld,
};

/**
 * Makes the world on a host; it does not run yet.
 * @throws VmmError when `spec` has no guest, or one that cannot be loaded.
 */
export function createFullWorld(host: HostKernel, spec: WorldSpec): World {
  const { guest } = spec;
  if (guest === undefined) throw new VmmError(`the world ${spec.name} runs a guest OS: give it one (guest.kernel)`);
  const task = createVirtualMachine(host, {
    name: spec.name,
    kernel: guest.kernel,
    memoryBytes: spec.memoryBytes,
    ...(guest.initrd && { initrd: guest.initrd }),
    ...(guest.bootArguments !== undefined && { bootArguments: guest.bootArguments }),
    ...(spec.input && { input: spec.input }),
    ...(spec.onOutput && { onOutput: spec.onOutput }),
    ...(spec.maxOutputBytes !== undefined && { maxOutputBytes: spec.maxOutputBytes }),
    ...(spec.trace && { trace: spec.trace }),
    ...(spec.now && { now: spec.now }),
  });
  return worldOf(host, task);
}

function worldOf(host: HostKernel, task: VirtualMachineTask): World {
  const { vm } = task;
  const { accounting } = vm;
  const hostTask = task.start();
  let isDisposed = false;
  const isPaused = () => hostTask.info().state === 'paused';
  const progress = () => vm.vcpu.counters.instructions + vm.emulatedInstructions;

  const conclude = (ended: HostRunEnd) => {
    switch (ended) {
      case 'deadlock':
        if (!isPaused())
          endWithFault(
            vm,
            `it waits at pc ${hex(vm.vcpu.pc)} for an interrupt that can never come, or traps without end`,
          );
        break;
      case 'until':
      case 'all-exited':
      case 'budget':
        break;
      default:
        ended satisfies never;
    }
  };

  return {
    name: vm.name,
    get result() {
      return vm.end;
    },
    run(maxInstructions) {
      if (vm.end !== undefined || vm.isReleased || isPaused()) return vm.end;
      accounting.startWall();
      // What the VMM carries out for the guest is the guest's too: one that does nothing but trap comes to its limit as well.
      const limit = progress() + maxInstructions;
      const until = () => vm.isReleased || progress() >= limit;
      conclude(host.run({ maxInstructions, until, task: hostTask }));
      if (!vm.isReleased) accounting.charge(vm.vcpu.counters, vm.hart.isUser);
      accounting.stopWall();
      vm.console.flush();
      return vm.end;
    },
    output: () => vm.console.output(),
    metrics() {
      if (!vm.isReleased) accounting.charge(vm.vcpu.counters, vm.hart.isUser);
      return accounting.metrics();
    },
    programSource() {
      if (vm.initrd === undefined || vm.isReleased) return undefined;
      return { kind: 'initrd', bytes: vm.ram.read(vm.initrd.start, vm.initrd.end - vm.initrd.start) };
    },
    pause: () => hostTask.pause(),
    resume: () => hostTask.resume(),
    snapshot() {
      throw new VmmError('a fully virtualized machine cannot be saved yet');
    },
    inspect: () => (vm.isReleased ? { ended: vm.end ?? 'disposed' } : inspectMachine(vm)),
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      hostTask.kill(-1);
    },
  };
}
