import { createHostHardware, type EngineName } from '@worldswitch/machine';
import { createHostKernel, type HostKernelOptions, type HostOs } from '../src/index.ts';

/** A host OS on a machine of its own. */
export function createHost(
  options: HostKernelOptions & { readonly memoryBytes?: number; readonly engine?: EngineName } = {},
): HostOs {
  const { memoryBytes = 32 << 20, engine = 'compiled', ...kernelOptions } = options;
  return createHostKernel(createHostHardware({ memoryBytes, engine }), kernelOptions);
}

/** Collects what a process writes. */
export function createOutput() {
  let text = '';
  const decoder = new TextDecoder();
  return {
    onOutput: (bytes: Uint8Array) => {
      text += decoder.decode(bytes, { stream: true });
    },
    get text() {
      return text;
    },
  };
}
