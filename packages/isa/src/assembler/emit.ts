import { encode } from '../encoding/encode.ts';
import { describeRange, insertField, type OperandField } from '../encoding/operand-format.ts';
import { IsaError } from '../isa-error.ts';
import { AssemblerError } from './assembler-error.ts';
import { type Assembly, addressOf, type Location, type StatementContext } from './assembly.ts';
import type { Immediate } from './operands.ts';

/** The immediate's value in the end. `anchor` is the auipc that a low half completes. */
function immediateValue(
  assembly: Assembly,
  context: StatementContext,
  { modifier, expression }: Immediate,
  at: Location,
  anchor: Location | undefined,
): bigint {
  const value = assembly.address(expression, context);
  const pc = addressOf(at);
  switch (modifier) {
    case 'value':
      return BigInt.asIntN(64, value);
    case 'target':
      return BigInt.asIntN(64, value - pc);
    case 'upper': {
      const signed = BigInt.asIntN(64, value);
      if (signed < -0x8_0000n || signed > 0xf_ffffn) {
        throw new AssemblerError(
          expression.token,
          `${signed} is out of range`,
          'the upper 20 bits: a number from 0 to 0xfffff',
        );
      }
      return BigInt.asIntN(32, signed << 12n);
    }
    case '%hi':
      return upperHalf(BigInt.asIntN(64, value), expression.token);
    case '%lo':
      return BigInt.asIntN(12, value);
    case '%pcrel_hi':
      return upperHalf(BigInt.asIntN(64, value - pc), expression.token);
    case '%pcrel_lo': {
      if (anchor) return BigInt.asIntN(12, value - addressOf(anchor));
      for (const [section, places] of assembly.upperHalves) {
        const distance = places.get(Number(value - section.address));
        if (distance) return BigInt.asIntN(12, distance());
      }
      throw new AssemblerError(
        expression.token,
        'there is no %pcrel_hi at this label',
        'the label of the auipc with the matching %pcrel_hi',
      );
    }
    default:
      return modifier satisfies never;
  }
}

/** The value for lui or auipc that, together with a signed 12-bit low half, makes `value`. */
function upperHalf(value: bigint, token: { line: number; column: number }): bigint {
  const upper = ((value + 0x800n) >> 12n) << 12n;
  if (BigInt.asIntN(32, upper) === upper) return upper;
  throw new AssemblerError(token, `0x${BigInt.asUintN(64, value).toString(16)} is too far`, 'an address within 2 GiB');
}

export interface EmittedInstruction {
  readonly row: string;
  readonly values: Readonly<Partial<Record<OperandField, number>>>;
  readonly immediate?: Immediate | undefined;
  readonly anchor?: Location;
}

/** Appends one instruction, whose immediate is worked out when every symbol is known. */
export function emitInstruction(
  assembly: Assembly,
  context: StatementContext,
  { row, values, immediate, anchor }: EmittedInstruction,
): void {
  const encoded = assembly.instructionSet.encodedByName(row);
  const { statement } = context;
  const mnemonic = statement.mnemonic ?? statement.end;
  if (!encoded)
    throw new AssemblerError(
      mnemonic,
      `${row} is not in the instruction set`,
      'an instruction of the chosen extensions',
    );
  const here = assembly.here;
  if (immediate?.modifier === '%pcrel_hi') {
    const places = assembly.upperHalves.get(here.section) ?? new Map<number, () => bigint>();
    places.set(here.offset, () =>
      BigInt.asUintN(64, assembly.address(immediate.expression, context) - addressOf(here)),
    );
    assembly.upperHalves.set(here.section, places);
  }
  assembly.emitLater(encoded.layout.width / 8, () => {
    const place = immediate?.expression.token ?? mnemonic;
    const value = immediate ? immediateValue(assembly, context, immediate, here, anchor) : undefined;
    const field = encoded.layout.fields.get('imm');
    if (value !== undefined && field && insertField(Number(value), field) === undefined) {
      throw new AssemblerError(place, `${value} does not fit`, describeRange(field));
    }
    try {
      return BigInt(encode(encoded, value === undefined ? values : { ...values, imm: Number(value) }));
    } catch (error) {
      if (error instanceof IsaError)
        throw new AssemblerError(place, error.message, `operands as in "${row} ${encoded.instruction.syntax}"`);
      throw error;
    }
  });
}
