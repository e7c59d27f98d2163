import { decodePmp, isPmpAddressLocked, writtenPmpConfig } from '@worldswitch/mmu-tlb';
import type { Hart } from './hart.ts';
import { type HartContext, PMP_ADDRESS_SLOT, PMP_CONFIGURATION_SLOT } from './hart-context.ts';

/** Entries that exist, as on most hardware; the other registers read as zero (privileged ISA, "Physical Memory Protection CSRs"). */
export const PMP_ENTRIES = 16;
const ENTRIES_PER_REGISTER = 8;
const ADDRESS_MASK = (1n << 54n) - 1n;

function configurations(context: HartContext): number[] {
  return Array.from({ length: PMP_ENTRIES }, (_, entry) => {
    const slot = PMP_CONFIGURATION_SLOT + Math.floor(entry / ENTRIES_PER_REGISTER);
    return Number((context.csr(slot) >> BigInt(8 * (entry % ENTRIES_PER_REGISTER))) & 0xffn);
  });
}

/** Puts `context.pmp` in accordance with the CSRs. What was remembered under the old entries is the caller's to forget. */
export function refreshPmp(context: HartContext): void {
  const addresses = Array.from({ length: PMP_ENTRIES }, (_, entry) => context.csr(PMP_ADDRESS_SLOT + entry));
  context.pmp = decodePmp(configurations(context), addresses);
}

function update(hart: Hart, context: HartContext): void {
  refreshPmp(context);
  // What is remembered was allowed by the old entries.
  hart.sets.reset();
  hart.controlChanged(context);
}

/** pmpcfg0, pmpcfg2: `register` 0, 1. */
export function writePmpConfiguration(hart: Hart, context: HartContext, register: number, value: bigint): void {
  const slot = PMP_CONFIGURATION_SLOT + register;
  let merged = 0n;
  for (let byte = 0n; byte < 64n; byte += 8n) {
    const old = Number((context.csr(slot) >> byte) & 0xffn);
    merged |= BigInt(writtenPmpConfig(old, Number((value >> byte) & 0xffn))) << byte;
  }
  context.setCsr(slot, merged);
  update(hart, context);
}

export function writePmpAddress(hart: Hart, context: HartContext, entry: number, value: bigint): void {
  if (isPmpAddressLocked(configurations(context), entry)) return;
  context.setCsr(PMP_ADDRESS_SLOT + entry, value & ADDRESS_MASK);
  update(hart, context);
}
