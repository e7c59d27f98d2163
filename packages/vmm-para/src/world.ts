import type { HostKernel, HostTask, World, WorldDefinition, WorldResult, WorldSpec } from '@worldswitch/contracts';
import { endWithFault } from './domain/domain.ts';
import { inspectDomain } from './inspect.ts';
import { VmmParaError } from './para-error.ts';
import { createDomain, type DomainTask } from './vmm.ts';

/** Runs a program under the paravirtual port of the guest OS. */
export const paraWorld: WorldDefinition = {
  name: 'para',
  summary: 'the guest OS, ported to hypercalls and validated page tables, on a hypervisor',
  guest: 'paravirtual',
  create: createParaWorld,
};

/**
 * Makes the world on a host; it does not run yet.
 * @throws VmmParaError when `spec` has no guest kernel, or one that is not the paravirtual build.
 */
export function createParaWorld(host: HostKernel, spec: WorldSpec): World {
  if (spec.guest === undefined) throw new VmmParaError(`world ${spec.name} needs a guest kernel`);
  const now = spec.now ?? (() => performance.now());
  const task = createDomain(host, {
    name: spec.name,
    kernel: spec.guest.kernel,
    memoryBytes: spec.memoryBytes,
    now,
    ...(spec.guest.initrd === undefined ? {} : { initrd: spec.guest.initrd }),
    ...(spec.guest.bootArguments === undefined ? {} : { commandLine: spec.guest.bootArguments }),
    ...(spec.input === undefined ? {} : { input: spec.input }),
    ...(spec.onOutput === undefined ? {} : { onOutput: spec.onOutput }),
    ...(spec.maxOutputBytes === undefined ? {} : { maxOutputBytes: spec.maxOutputBytes }),
    ...(spec.trace === undefined ? {} : { trace: spec.trace }),
  });
  const hostTask = host.addVcpuTask(task, {
    world: spec.name,
    ...(spec.trace === undefined ? {} : { trace: spec.trace }),
  });
  return makeWorld(host, task, hostTask);
}

function makeWorld(host: HostKernel, task: DomainTask, hostTask: HostTask): World {
  const { domain } = task;
  let isPaused = false;
  let isDisposed = false;
  return {
    name: domain.name,
    get result() {
      return domain.end;
    },
    run(maxInstructions): WorldResult | undefined {
      if (domain.end !== undefined || isPaused) return domain.end;
      domain.accounting.startWall();
      const ended = host.run({ maxInstructions, until: () => domain.end !== undefined, task: hostTask });
      domain.accounting.stopWall();
      if (ended === 'deadlock' && domain.end === undefined) {
        endWithFault(domain, `it waits for an event that can never come (pc 0x${domain.vcpu.pc.toString(16)})`);
        hostTask.kill(-1);
      }
      return domain.end;
    },
    output: () => domain.console.output(),
    metrics() {
      if (!domain.isReleased) domain.accounting.finish(domain.vcpu.counters, domain.isUser);
      return domain.accounting.metrics();
    },
    programSource() {
      const { initrd } = domain;
      if (initrd === undefined || domain.isReleased) return undefined;
      return { kind: 'initrd', bytes: host.memory.slice(initrd.start, initrd.end - initrd.start) };
    },
    pause(): void {
      isPaused = true;
      hostTask.pause();
    },
    resume(): void {
      isPaused = false;
      hostTask.resume();
    },
    snapshot(): Uint8Array {
      throw new VmmParaError('a paravirtual domain cannot be saved yet');
    },
    inspect: () => (domain.isReleased ? { ended: domain.end } : inspectDomain(domain)),
    dispose(): void {
      if (isDisposed) return;
      isDisposed = true;
      hostTask.kill(-1);
    },
  };
}
