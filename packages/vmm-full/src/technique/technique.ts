import type { Exit, ExitDisposition } from '@worldswitch/contracts';
import type { VirtualMachine } from '../virtual-machine.ts';

/** How privileged instructions of a guest that runs without privilege get their effect. */
export interface Technique {
  readonly name: TechniqueName;
  /** Prepares the vcpu: what traps, and where. Called once, before the guest runs. */
  prepare(vm: VirtualMachine): void;
  /** Before a slice: the most instructions that make sense now. */
  instructionsUntilEvent(vm: VirtualMachine): number;
  handleExit(vm: VirtualMachine, exit: Exit): ExitDisposition;
}

export type TechniqueName = 'trap-and-emulate' | 'binary-translation' | 'hardware-assist';
