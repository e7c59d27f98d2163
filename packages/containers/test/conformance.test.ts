import { worldLaws } from '@worldswitch/contracts/conformance';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';
import { describe, it } from 'vitest';
import { containerWorld } from '../src/index.ts';

describe('the container world', () => {
  const laws = worldLaws({
    create(spec) {
      const host = createHostKernel(createHostHardware({ memoryBytes: 16 << 20 }));
      return { host, world: containerWorld.create(host, { name: 'container', memoryBytes: 2 << 20, ...spec }) };
    },
    enough: 10_000_000,
  });
  for (const law of laws) it.skipIf(law.skipped !== undefined)(law.name, law.check);
});
