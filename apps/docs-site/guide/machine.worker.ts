import { Machine, type RunEnd } from '@worldswitch/machine';

export interface MachineRequest {
  readonly kernel: Uint8Array;
  readonly maxInstructions: number;
}
export type MachineAnswer = { readonly output: string } | { readonly end: RunEnd };

const answer = (message: MachineAnswer) => self.postMessage(message);

self.addEventListener('message', ({ data }: MessageEvent<MachineRequest>) => {
  const decoder = new TextDecoder();
  const machine = Machine.create({
    kernel: data.kernel,
    memoryBytes: 64 * 2 ** 20,
    console: {
      write: (bytes) => answer({ output: decoder.decode(bytes, { stream: true }) }),
      read: () => new Uint8Array(0),
    },
  });
  answer({ end: machine.run({ maxInstructions: data.maxInstructions }) });
  machine.dispose();
});
