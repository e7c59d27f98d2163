import type { AddedDevice } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { loadUserModule } from './user-module.ts';

/** A device of the user's own: a module whose default export is an AddedDevice. */
export async function loadDevice(path: string): Promise<AddedDevice> {
  const device = (await loadUserModule(path, 'device')).default as Partial<AddedDevice> | undefined;
  if (typeof device?.base !== 'number' || typeof device.create !== 'function') {
    throw new UserError(
      `the device '${path}' must export an AddedDevice as default: an object with base, perhaps interrupt, and create(connection)`,
      ExitCode.badInput,
    );
  }
  const { create } = device;
  return {
    ...(device as AddedDevice),
    create(connection) {
      const made = create(connection) as Partial<ReturnType<typeof create>> | undefined;
      const missing =
        typeof made?.name !== 'string'
          ? 'name'
          : typeof made.size !== 'number'
            ? 'size'
            : (['read', 'write', 'reset'] as const).find((method) => typeof made[method] !== 'function');
      if (missing === undefined) return made as ReturnType<typeof create>;
      throw new UserError(
        `the device '${path}' is wrong: its create(connection) must return a Device, and '${missing}' is missing`,
        ExitCode.badInput,
      );
    },
  };
}
