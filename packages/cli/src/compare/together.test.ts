import type { WorldDefinition } from '@worldswitch/contracts';
import { guestKernel } from '@worldswitch/guest-os';
import { processWorld } from '@worldswitch/host-os';
import { expect, it } from 'vitest';
import { builtInProgram } from './built-in-program.ts';
import { runTogether } from './together.ts';

it('disposes of the worlds that were made when a later one is refused', () => {
  let disposed = 0;
  const counted: WorldDefinition = {
    ...processWorld,
    create: (host, spec) => {
      const world = processWorld.create(host, spec);
      const dispose = world.dispose.bind(world);
      world.dispose = () => {
        disposed++;
        dispose();
      };
      return world;
    },
  };
  const options = {
    program: builtInProgram('hello', []),
    unmodifiedKernel: guestKernel('full'),
    paravirtualKernel: guestKernel('para'),
  };
  expect(() => runTogether({ ...options, worlds: [counted, 'no-such-world'] })).toThrow(/no-such-world/);
  expect(disposed).toBe(1);
});
