import { sha256 } from '@noble/hashes/sha2.js';
import type { InstructionSet } from '@worldswitch/isa';
import { CsrSlot } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { hexOf } from './container.ts';

/**
 * A name for where things stand in a register context: it changes whenever a field or a CSR is added or moved, so that a snapshot
 * of another version is refused and not misread.
 */
export function layoutName(instructionSet: InstructionSet): string {
  const csrs = instructionSet.csrs.map(({ name, address }) => [name, address]);
  return hexOf(sha256(new TextEncoder().encode(JSON.stringify([HartOffset, CsrSlot, csrs]))).subarray(0, 8));
}
