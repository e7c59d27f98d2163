import type { HostKernel, HostTask } from '@worldswitch/contracts';
import { checkLaws, hostKernelLaws, type Law, worldLaws } from '@worldswitch/contracts/conformance';
import { createHostHardware } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { createHostKernel, processWorld } from '../src/index.ts';

const create = () => createHostKernel(createHostHardware({ memoryBytes: 16 * 2 ** 20 }));

function apply(name: string, laws: readonly Law[]): void {
  describe(name, () => {
    for (const law of laws) it.skipIf(law.skipped !== undefined)(law.name, law.check);
  });
}

apply('host kernel', hostKernelLaws(create));
apply(
  'process world',
  worldLaws({
    create(spec) {
      const host = create();
      return { host, world: processWorld.create(host, { name: 'process', memoryBytes: 2 ** 21, ...spec }) };
    },
    enough: 10_000_000,
  }),
);

describe('the host kernel laws notice', () => {
  /** The real kernel, with some members replaced. */
  const variant = <T extends object>(target: T, replaced: Partial<T>): T =>
    new Proxy(target, {
      get(_target, key) {
        const source = key in replaced ? replaced : target;
        const value: unknown = Reflect.get(source, key, source);
        return typeof value === 'function' ? value.bind(source) : value;
      },
    });
  const withTasks = (host: HostKernel, change: (task: HostTask) => Partial<HostTask>): Partial<HostKernel> => ({
    addVcpuTask(owner, options) {
      const task = host.addVcpuTask(owner, options);
      return variant(task, change(task));
    },
  });

  it.each<[string, (host: HostKernel) => Partial<HostKernel>, string]>([
    [
      'a frame that is given twice',
      (host) => {
        let last: number[] = [];
        return {
          allocateFrames(count, options) {
            const frames = host.allocateFrames(count, options);
            if (count === 1 && options === undefined && last.length > 0) frames[0] = last[0]!;
            last = frames;
            return frames;
          },
        };
      },
      'frames lie in memory and nobody gets one twice',
    ],
    [
      'frames with what their last owner wrote',
      (host) => {
        let pool: number[] = [];
        return {
          freeFrames: (frames) => {
            pool = [...frames];
          },
          allocateFrames: (count, options) => (pool.length === count ? pool : host.allocateFrames(count, options)),
        };
      },
      'frames are zeroed, and are again when they were dirty before',
    ],
    [
      'memory that is short without an error',
      (host) => ({
        allocateFrames(count, options) {
          try {
            return host.allocateFrames(count, options);
          } catch {
            return [];
          }
        },
      }),
      'too many frames are refused with ENOMEM, and none is lost',
    ],
    [
      'one ASID for all',
      () => ({ allocateAsid: () => 1, freeAsid() {} }),
      'ASIDs are different as long as they are in use',
    ],
    [
      'an ASID that is given on at once, unflushed',
      () => ({ allocateAsid: () => 3, freeAsid() {} }),
      'an ASID that is given again finds nothing of its former owner in the TLB',
    ],
    [
      'a run that goes one instruction too far',
      (host) => ({
        run: (options) =>
          host.run(
            options?.maxInstructions === undefined
              ? options
              : { ...options, maxInstructions: options.maxInstructions + 1 },
          ),
      }),
      'a budget of instructions is never exceeded, and is used up when there is work',
    ],
    [
      'a task that sleeps through its wake',
      (host) => withTasks(host, () => ({ wake() {} })),
      'a blocked task sleeps until it is woken',
    ],
    [
      'a task that does not pause',
      (host) => withTasks(host, () => ({ pause() {} })),
      'a paused task does not run until it is resumed',
    ],
    [
      'an owner released twice',
      (host) => ({
        addVcpuTask: (owner, options) =>
          host.addVcpuTask(
            variant(owner, {
              handleExit(exit) {
                const disposition = owner.handleExit(exit);
                if (disposition.action === 'exit') owner.release?.();
                return disposition;
              },
            }),
            options,
          ),
      }),
      'an owner is released once, when its task is gone, and then nothing of it is left',
    ],
    [
      'a process whose exit code is lost',
      (host) => ({
        spawn(spec) {
          const task = host.spawn(spec);
          return variant(task, {
            get exitCode() {
              return task.exitCode === undefined ? undefined : 0;
            },
          });
        },
      }),
      'many processes run side by side and each ends with its own exit code',
    ],
    [
      'output that comes out on the wrong descriptor',
      (host) => ({
        spawn: (spec) => host.spawn({ ...spec, onOutput: (bytes) => spec.onOutput?.(bytes, 1) }),
      }),
      'each descriptor is told apart',
    ],
  ])('%s', async (_what, change, name) => {
    const laws = hostKernelLaws(() => {
      const host = create();
      return variant(host, change(host));
    }).filter((law) => law.name === name);
    expect(await checkLaws(laws)).toMatchObject([{ outcome: 'broken' }]);
  });
});
