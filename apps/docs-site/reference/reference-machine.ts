import { Machine } from '@worldswitch/machine';

/** `j .`: nothing of it is run. */
const kernel = Uint8Array.of(0x6f, 0, 0, 0);

/** The default machine, to be asked what it has. */
export const createReferenceMachine = (): Machine => Machine.create({ memoryBytes: 2 ** 22, kernel });
