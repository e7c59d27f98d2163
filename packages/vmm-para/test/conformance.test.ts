import { worldLaws } from '@worldswitch/contracts/conformance';
import { bootArguments, createInitrd, guestKernel } from '@worldswitch/guest-os';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';
import { describe, it } from 'vitest';
import { paraWorld } from '../src/index.ts';

describe('para world', () => {
  const laws = worldLaws({
    hasGuestKernel: true,
    create({ program, ...rest }) {
      const host = createHostKernel(createHostHardware({ memoryBytes: 64 * 2 ** 20, engine: 'compiled' }));
      const path = '/program';
      const guest = {
        kernel: guestKernel('para'),
        initrd: createInitrd({ program: { path, data: program.image } }),
        bootArguments: bootArguments({ init: path, quiet: true }),
      };
      return {
        host,
        world: paraWorld.create(host, { name: 'para', program, guest, memoryBytes: 32 * 2 ** 20, ...rest }),
      };
    },
  });
  for (const law of laws) it(law.name, law.check);
});
