import { createHostKernel, type HostOs } from '@worldswitch/host-os';
import { createHostHardware, type EngineName, type HostedMachine } from '@worldswitch/machine';

/** A machine with the host OS on it, as a user has them. */
export function createHost(options: { readonly memoryBytes?: number; readonly engine?: EngineName } = {}): {
  readonly hardware: HostedMachine;
  readonly host: HostOs;
} {
  const hardware = createHostHardware({
    memoryBytes: options.memoryBytes ?? 64 << 20,
    engine: options.engine ?? 'reference',
  });
  return { hardware, host: createHostKernel(hardware) };
}
