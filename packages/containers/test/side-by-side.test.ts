import { type HostKernel, TranslationMode, type VcpuTaskOwner } from '@worldswitch/contracts';
import { program } from '@worldswitch/guest-os';
import { assemble, ExceptionCause } from '@worldswitch/isa';
import { createPageTable, PteFlag } from '@worldswitch/mmu-tlb';
import { describe, expect, it } from 'vitest';
import { createContainerRuntime } from '../src/index.ts';
import { bundleOf, configOf, createHost, createOutput } from './host.ts';

/** A guest that counts in its own memory for ever, and asks its monitor for something after every 1000 rounds. */
const guestCode = assemble(
  `
_start:
    li   t0, 0x20000
    li   t2, 1000
1:  ld   t1, 0(t0)
    addi t1, t1, 1
    sd   t1, 0(t0)
    remu t3, t1, t2
    bnez t3, 1b
    ecall
    j    1b
`,
  { origin: 0x1_0000 },
).bytes;

/** The smallest virtual machine monitor: a vcpu, a page table, two frames, and an answer to every ecall. */
function createTinyVm(host: HostKernel, name: string, kind: VcpuTaskOwner['kind']) {
  const [code, data] = host.allocateFrames(2);
  const asid = host.allocateAsid();
  const table = createPageTable({
    memory: host.memory,
    mode: TranslationMode.sv39,
    allocateFrame: () => host.allocateFrames(1)[0]!,
    freeFrame: (frame) => host.freeFrames([frame]),
  });
  const { user, read, write, execute, accessed, dirty } = PteFlag;
  table.map(0x10, code!, user | read | execute | accessed);
  table.map(0x20, data!, user | read | write | accessed | dirty);
  host.memory.write(code! * 4096, guestCode);
  const vcpu = host.createVcpu();
  vcpu.setAddressSpace(TranslationMode.sv39, asid, table.rootFrame);
  vcpu.pc = 0x1_0000n;
  let calls = 0;
  const owner: VcpuTaskOwner = {
    name,
    kind,
    vcpu,
    instructionsUntilEvent: () => Number.POSITIVE_INFINITY,
    handleExit(exit) {
      if (exit.kind !== 'trap') return { action: 'resume' };
      if (exit.cause !== ExceptionCause.environmentCallFromUser) return { action: 'exit', exitCode: 1 };
      calls++;
      vcpu.pc += 4n;
      return { action: 'resume' };
    },
    release() {
      table.destroy();
      host.freeFrames([code!, data!]);
      host.freeAsid(asid);
      vcpu.dispose();
    },
  };
  return {
    task: host.addVcpuTask(owner),
    count: () => Number(host.memory.read64(data! * 4096)),
    calls: () => calls,
  };
}

/** Card 4: a virtual machine monitor lets guests run as applications beside other applications. */
describe('two VMs, a container and a process on one machine', () => {
  it('all progress, as ps shows, at the same speed, and disturb nobody', () => {
    const host = createHost();
    const free = host.freeFrameCount;
    const first = createTinyVm(host, 'vm-1', 'vm-full');
    const second = createTinyVm(host, 'vm-2', 'vm-para');
    const runtime = createContainerRuntime(host);
    const { task } = runtime.create('box', bundleOf(configOf(['spin'])));
    runtime.start('box');
    const spinning = host.spawn({ name: 'spinning', arguments: ['/spin'], image: program('spin') });

    const shots = Array.from({ length: 5 }, () => {
      host.run({ maxInstructions: 2_000_000 });
      return host.ps();
    });
    for (const [index, rows] of shots.entries()) {
      expect(rows.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
        'vm-full vm-1',
        'vm-para vm-2',
        'container box',
        'process spinning',
      ]);
      for (const [row, { instructions, frames }] of rows.entries()) {
        expect(instructions).toBeGreaterThan(shots[index - 1]?.[row]?.instructions ?? 0);
        expect(frames).toBeGreaterThan(3);
      }
    }
    expect(host.instructions).toBe(10_000_000);
    expect(host.fairness()).toBeGreaterThan(0.99);
    expect(host.scheduling.switches).toBeGreaterThan(50);
    for (const { count, calls } of [first, second]) {
      expect(count()).toBeGreaterThan(100_000);
      expect(calls()).toBe(Math.floor(count() / 1000));
    }

    // And one that ends does so without the others noticing.
    const output = createOutput();
    const short = host.spawn({ arguments: ['/tour'], image: program('tour'), ...output });
    host.run({ until: () => short.exitCode !== undefined, maxInstructions: 100_000_000 });
    expect(output.text).toMatch(/The tour is over\n$/);

    for (const each of [first.task, second.task, spinning, short]) {
      each.kill(0);
      each.kill(0);
    }
    runtime.delete('box', { force: true });
    expect(task.exitCode).toBe(137);
    expect([host.ps(), host.freeFrameCount]).toEqual([[], free]);
  });
});
