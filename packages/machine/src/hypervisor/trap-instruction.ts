import type { Hart } from '../hart/hart.ts';
import { GuestFaultKind, type HartContext } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { peek16 } from '../hart/step.ts';
import { FETCH_INDEX_MASK, FETCH_TABLE, TRANSLATION_INDEX_SHIFT } from '../memory/memory-layout.ts';

/** Pseudo-instructions: reading and updating a 64-bit entry of the guest's page table (privileged ISA, "Transformed Instruction or Pseudoinstruction for mtinst or htinst"). */
const TABLE_READ = 0x3000;
const TABLE_WRITE = 0x3020;
const RS1 = 31 << 15;

/** Two bytes of code at a virtual address that is being executed, without side effects. */
function codeAt(hart: Hart, context: HartContext, low: number, high: number): number | undefined {
  const { i32, view } = hart.memory;
  const set = i32[context.word + HartOffset.fetchTranslations / 4]!;
  const entry = (set + FETCH_TABLE + ((low >>> TRANSLATION_INDEX_SHIFT) & FETCH_INDEX_MASK)) >>> 2;
  if (i32[entry] === (low & ~0xfff) && i32[entry + 1] === high)
    return view.getUint16((low + i32[entry + 2]!) >>> 0, true);
  return peek16(hart, context, (BigInt(high) << 32n) | BigInt(low >>> 0));
}

/**
 * What htinst or mtinst says of a guest-page fault of a load or store: the pseudo-instruction of an implicit access, or the
 * instruction itself, transformed; 0 for instructions that have no such form.
 * @param low low half of the trap value.
 */
export function trapInstruction(hart: Hart, context: HartContext, low: number): number {
  if (context.guestFaultKind === GuestFaultKind.tableRead) return TABLE_READ;
  if (context.guestFaultKind === GuestFaultKind.tableWrite) return TABLE_WRITE;
  const { pcLow, pcHigh } = context;
  const first = codeAt(hart, context, pcLow, pcHigh);
  if (first === undefined) return 0;
  const isLong = (first & 3) === 3;
  const secondLow = (pcLow + 2) | 0;
  const second = isLong ? codeAt(hart, context, secondLow, pcHigh + (secondLow >>> 0 < pcLow >>> 0 ? 1 : 0)) : 0;
  if (second === undefined) return 0;
  const decoded = hart.instructionSet.decode((first | (second << 16)) >>> 0);
  if (!decoded) return 0;
  // A compressed instruction is that which it expands to, with bit 1 cleared.
  const { instruction, rd, rs1, rs2, imm } = decoded;
  const expanded = hart.instructionSet.encodedByName(instruction.expandsTo ?? instruction.name);
  const bits = isLong ? decoded.bits : (expanded?.layout.match ?? 0) | (rd << 7) | (rs2 << 20);
  const base = context.memory.i32[context.word + rs1 * 2]!;
  let transformed: number;
  let offset = low - base;
  switch (bits & 0x7f) {
    case 0x03:
    case 0x07:
      transformed = bits & 0x7fff;
      offset -= imm;
      break;
    case 0x23:
    case 0x27:
      transformed = bits & 0x01f0_707f;
      offset -= imm;
      break;
    case 0x2f:
    case 0x73:
      transformed = bits & ~RS1;
      break;
    default:
      return 0;
  }
  // Address offset: how far into the access the fault is.
  transformed |= (offset & 31) << 15;
  return isLong ? transformed : transformed & ~2;
}
