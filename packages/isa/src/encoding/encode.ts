import { IsaError } from '../isa-error.ts';
import type { EncodedRow } from './decode.ts';
import { extractField, insertField, type OperandField } from './operand-format.ts';

export type OperandValues = Readonly<Partial<Record<OperandField, number>>>;

/**
 * The bits of an instruction with these operands; operands not given are 0.
 * @throws {IsaError} when the encoding cannot hold an operand, saying which and why.
 */
export function encode(row: EncodedRow, operands: OperandValues): number {
  const { instruction, layout, exclusions } = row;
  let bits = layout.match;
  for (const [operand, field] of layout.fields) {
    const value = operands[operand] ?? field.base;
    const inserted = insertField(value, field);
    if (inserted === undefined) throw new IsaError(`${operand} cannot be ${value} in ${instruction.name}`);
    bits |= inserted;
  }
  // Fields may share bits (rd and rs1 of a two-operand form): both must want the same.
  for (const [operand, field] of layout.fields) {
    const value = operands[operand];
    if (value !== undefined && extractField(bits, field) !== value) {
      throw new IsaError(
        `${operand} shares bits with another operand in ${instruction.name} and cannot differ from it`,
      );
    }
  }
  for (const [operand, value] of Object.entries(layout.fixed)) {
    const wanted = operands[operand as OperandField];
    if (wanted !== undefined && wanted !== value)
      throw new IsaError(`${operand} must be ${value} in ${instruction.name}`);
  }
  for (const { operand, field, value } of exclusions) {
    if (extractField(bits, field) === value)
      throw new IsaError(`${operand} must not be ${value} in ${instruction.name}`);
  }
  return bits >>> 0;
}
