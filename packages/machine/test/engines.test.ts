import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/engine/create-engine.ts';
import { createBareWorld } from '../src/world-bare.ts';

/** Everything that a world reports besides wall time. */
function bootAndRun(name: string, engine: (typeof engineNames)[number]) {
  const elf = program(name);
  const world = createBareWorld(
    {
      name: 'bare',
      program: { image: elf, arguments: [`/${name}`] },
      memoryBytes: 64 * 2 ** 20,
      guest: {
        kernel: guestKernel('full'),
        initrd: createInitrd({ program: { path: `/${name}`, data: elf } }),
        bootArguments: bootArguments({ init: `/${name}`, quiet: true }),
      },
    },
    { engine },
  );
  const result = world.run(100_000_000);
  const output = new TextDecoder().decode(world.output());
  const { boot, program: own } = world.metrics();
  world.dispose();
  return { result, output, boot: { ...boot, wallMs: 0 }, program: { ...own, wallMs: 0 } };
}

describe('the guest OS on each engine', () => {
  for (const name of ['hello', 'tour', 'fork-exec', 'faults']) {
    it(`boots and runs ${name} with the same output, exit code and counts`, () => {
      const [first, ...others] = engineNames.map((engine) => bootAndRun(name, engine));
      expect(first!.result?.reason).toBe('exited');
      for (const other of others) expect(other).toEqual(first);
    });
  }
});
