import type { InstructionSet } from '@worldswitch/isa';
import { CsrSlot, type HartContext } from '../hart/hart-context.ts';
import { VS_INTERRUPTS } from './csr-rows.ts';

const names = ['mstateen0', 'mstateen1', 'mstateen2', 'mstateen3'] as const;

/** What CSRs of the hypervisor extension and of Smstateen begin with where that is not 0. */
export function resetHypervisor(context: HartContext, instructionSet: InstructionSet): void {
  // Interrupts of guests are always delegated to supervisor mode.
  if (instructionSet.csrByName('hstatus')) context.setCsr(CsrSlot.mideleg, VS_INTERRUPTS);
  openStateEnables(context, instructionSet);
}

/** Lets the modes below machine mode use all state, as firmware that knows Smstateen does. */
function openStateEnables(context: HartContext, instructionSet: InstructionSet): void {
  for (const name of names) context.setCsr(CsrSlot[name], instructionSet.csrByName(name)?.writeMask ?? 0n);
}

/** Machine mode is the firmware's own: nothing is open until it says so (State Enable Extensions, reset). */
export function closeStateEnables(context: HartContext): void {
  for (const name of names) context.setCsr(CsrSlot[name], 0n);
}
