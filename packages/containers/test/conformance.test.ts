import { worldLaws } from '@worldswitch/contracts/conformance';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';
import { describe, it } from 'vitest';
import { containerWorld } from '../src/index.ts';

describe('container world', () => {
  const laws = worldLaws({
    enough: 10_000_000,
    create(spec) {
      const host = createHostKernel(createHostHardware({ memoryBytes: 16 * 2 ** 20, engine: 'compiled' }));
      return { host, world: containerWorld.create(host, { name: 'container', memoryBytes: 2 ** 21, ...spec }) };
    },
  });
  for (const law of laws) it(law.name, law.check);
});
