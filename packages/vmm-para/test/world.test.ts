import { worldLaws } from '@worldswitch/contracts/conformance';
import { describe, it } from 'vitest';
import { createTestWorld } from './test-world.ts';

describe('the paravirtual world does what every world does', () => {
  for (const law of worldLaws({ create: createTestWorld, hasGuestKernel: true })) {
    it.skipIf(law.skipped !== undefined)(law.name, law.check);
  }
});
