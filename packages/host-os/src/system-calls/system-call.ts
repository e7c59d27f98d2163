import type { Vcpu } from '@worldswitch/contracts';
import type { Process } from '../processes/process.ts';

/** Result of a handler whose process waits: the handler is called again, with the same arguments, when it wakes. */
export const BLOCKED = -1_000_000;
/** Result of a handler that has set pc and registers itself, or has ended the process. */
export const NO_RESULT = -1_000_001;

/** Numbers from here on are not told apart: none is a system call. */
export const MAX_CALL = 1024;

/**
 * `full`: as Linux has it, for what a program without special rights can see. `partial`: what `note` says is missing.
 * `accepted`: does nothing, truthfully.
 */
export type SupportLevel = 'full' | 'partial' | 'accepted';

/** One row of the system-call table (Linux include/uapi/asm-generic/unistd.h). */
export interface SystemCall {
  readonly number: number;
  readonly name: string;
  readonly support: SupportLevel;
  readonly note?: string;
  /** @returns the result, a negative error number, BLOCKED or NO_RESULT. May throw HostOsError ENOMEM or EAGAIN. */
  readonly handler: (process: Process, args: CallArguments) => number;
}

/** Arguments of the system call that is being handled: a0 to a5 (RISC-V Linux system-call ABI). */
export class CallArguments {
  vcpu: Vcpu | undefined;

  /** As a C int. */
  int(index: number): number {
    return this.vcpu!.readXLow(10 + index);
  }
  /** As an unsigned long or an address: exact below 2^53, where every valid address lies. */
  word(index: number): number {
    return Number(this.vcpu!.readX(10 + index));
  }
  /** As a long. */
  long(index: number): number {
    return Number(BigInt.asIntN(64, this.vcpu!.readX(10 + index)));
  }
}
