import type { Expression, Instruction, RegisterOperand, Statement } from '../instruction.ts';
import {
  add,
  and,
  boxed,
  constant,
  f,
  float,
  immediate,
  load,
  not,
  or,
  rs1,
  setF,
  setX,
  store,
  unboxed,
  word,
  xor,
  zeroExtend,
} from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

/** What differs between the single- and the double-precision table. */
export interface FloatTable {
  readonly extension: 'F' | 'D';
  readonly suffix: 's' | 'd';
  /** Prefix of operation names. */
  readonly format: 'f32' | 'f64';
  /** The two fmt bits of an encoding. */
  readonly fmt: '00' | '01';
  /** `Single-Precision` or `Double-Precision`, as the manual's section titles begin. */
  readonly title: string;
  readonly width: 4 | 8;
  /** funct3 of loads and stores. */
  readonly widthBits: '010' | '011';
  readonly signBit: bigint;
}

/** Modes 5 and 6 are reserved: the instruction is then illegal. */
const rounded = { where: ['rm!=5', 'rm!=6'] };

/** The rows that F and D have in common, with everything that differs taken from `table`. */
export function floatRows({
  extension,
  suffix,
  format,
  fmt,
  title,
  width,
  widthBits,
  signBit,
}: FloatTable): readonly Instruction[] {
  const memory = rowsOf(extension, 'unprivileged', `${title} Load and Store Instructions`);
  const computation = rowsOf(extension, 'unprivileged', `${title} Floating-Point Computational Instructions`);
  const conversion = rowsOf(extension, 'unprivileged', `${title} Floating-Point Conversion and Move Instructions`);
  const comparison = rowsOf(extension, 'unprivileged', `${title} Floating-Point Compare Instructions`);
  const classification = rowsOf(extension, 'unprivileged', `${title} Floating-Point Classify Instruction`);

  const isSingle = width === 4;
  const read = (operand: RegisterOperand): Expression => (isSingle ? unboxed(f(operand)) : f(operand));
  const write = (value: Expression): Statement => setF(isSingle ? boxed(value) : value);
  const a = read('rs1');
  const b = read('rs2');
  const c = read('rs3');
  const address = add(rs1, immediate);
  const sign = constant(signBit);
  const magnitudeMask = constant(signBit - 1n);
  const negated = (value: Expression): Expression => xor(value, sign);
  const operate = (name: string, ...args: readonly Expression[]): Expression => float(`${format}.${name}`, ...args);

  const arithmetic = (name: string, funct5: string, operation: string, summary: string): Instruction =>
    computation(
      `${name}.${suffix}`,
      'R',
      `${funct5}${fmt} ttttt sssss mmm ddddd 1010011`,
      'frd, frs1, frs2, rm',
      summary,
      write(operate(operation, a, b)),
      rounded,
    );
  const fused = (name: string, opcode: string, product: Expression, addend: Expression, summary: string): Instruction =>
    computation(
      `${name}.${suffix}`,
      'R4',
      `uuuuu ${fmt} ttttt sssss mmm ddddd ${opcode}`,
      'frd, frs1, frs2, frs3, rm',
      summary,
      write(operate('multiplyAdd', product, b, addend)),
      rounded,
    );
  const signInjection = (name: string, funct3: string, newSign: Expression, summary: string): Instruction =>
    conversion(
      `${name}.${suffix}`,
      'R',
      `00100${fmt} ttttt sssss ${funct3} ddddd 1010011`,
      'frd, frs1, frs2',
      summary,
      write(or(and(a, magnitudeMask), newSign)),
    );
  const extremum = (name: string, funct3: string, operation: string, summary: string): Instruction =>
    computation(
      `${name}.${suffix}`,
      'R',
      `00101${fmt} ttttt sssss ${funct3} ddddd 1010011`,
      'frd, frs1, frs2',
      summary,
      write(operate(operation, a, b)),
    );
  const compare = (name: string, funct3: string, operation: string, summary: string): Instruction =>
    comparison(
      `${name}.${suffix}`,
      'R',
      `10100${fmt} ttttt sssss ${funct3} ddddd 1010011`,
      'rd, frs1, frs2',
      summary,
      setX(operate(operation, a, b)),
    );
  const toInteger = (kind: string, code: string, operation: string, summary: string): Instruction => {
    const value = operate(operation, a);
    const isWord = kind.startsWith('w');
    return conversion(
      `fcvt.${kind}.${suffix}`,
      'R',
      `11000${fmt} ${code} sssss mmm ddddd 1010011`,
      'rd, frs1, rm',
      summary,
      setX(isWord ? word(value) : value),
      rounded,
    );
  };
  const fromInteger = (
    kind: string,
    code: string,
    operation: string,
    value: Expression,
    summary: string,
  ): Instruction => {
    // A word always fits into a double, so GNU writes no rounding mode there.
    const syntax = kind.startsWith('w') && !isSingle ? 'frd, rs1, rm.rne' : 'frd, rs1, rm';
    return conversion(
      `fcvt.${suffix}.${kind}`,
      'R',
      `11010${fmt} ${code} sssss mmm ddddd 1010011`,
      syntax,
      summary,
      write(operate(operation, value)),
      rounded,
    );
  };

  // biome-ignore format: one row a line reads as the table that it is
  return [
    memory(isSingle ? 'flw' : 'fld', 'I', `iiiiiiiiiiii sssss ${widthBits} ddddd 0000111`, 'frd, imm(rs1)', 'Load into a floating-point register.', write(load(width, false, address))),
    memory(isSingle ? 'fsw' : 'fsd', 'S', `iiiiiii ttttt sssss ${widthBits} iiiii 0100111`, 'frs2, imm(rs1)', 'Store the low bits of a floating-point register, whatever they are.', store(width, address, f('rs2'))),

    fused('fmadd', '1000011', a, c, 'rs1 * rs2 + rs3, rounded once.'),
    fused('fmsub', '1000111', a, negated(c), 'rs1 * rs2 - rs3, rounded once.'),
    fused('fnmsub', '1001011', negated(a), c, '-(rs1 * rs2) + rs3, rounded once.'),
    fused('fnmadd', '1001111', negated(a), negated(c), '-(rs1 * rs2) - rs3, rounded once.'),
    arithmetic('fadd', '00000', 'add', 'Add.'),
    arithmetic('fsub', '00001', 'subtract', 'Subtract.'),
    arithmetic('fmul', '00010', 'multiply', 'Multiply.'),
    arithmetic('fdiv', '00011', 'divide', 'Divide.'),
    computation(`fsqrt.${suffix}`, 'R', `01011${fmt} 00000 sssss mmm ddddd 1010011`, 'frd, frs1, rm', 'Square root.', write(operate('squareRoot', a)), rounded),
    extremum('fmin', '000', 'minimum', 'The smaller number; a NaN loses against a number.'),
    extremum('fmax', '001', 'maximum', 'The larger number; a NaN loses against a number.'),

    signInjection('fsgnj', '000', and(b, sign), 'rs1 with the sign of rs2.'),
    signInjection('fsgnjn', '001', and(not(b), sign), 'rs1 with the opposite of the sign of rs2.'),
    signInjection('fsgnjx', '010', and(xor(a, b), sign), 'rs1 with the exclusive or of both signs.'),

    toInteger('w', '00000', 'toI32', 'Convert to a signed 32-bit integer, saturating.'),
    toInteger('wu', '00001', 'toU32', 'Convert to an unsigned 32-bit integer, saturating; the register receives it sign-extended.'),
    toInteger('l', '00010', 'toI64', 'Convert to a signed 64-bit integer, saturating.'),
    toInteger('lu', '00011', 'toU64', 'Convert to an unsigned 64-bit integer, saturating.'),
    fromInteger('w', '00000', 'fromI64', word(rs1), 'Convert from a signed 32-bit integer.'),
    fromInteger('wu', '00001', 'fromU64', zeroExtend(32, rs1), 'Convert from an unsigned 32-bit integer.'),
    fromInteger('l', '00010', 'fromI64', rs1, 'Convert from a signed 64-bit integer.'),
    fromInteger('lu', '00011', 'fromU64', rs1, 'Convert from an unsigned 64-bit integer.'),
    conversion(isSingle ? 'fmv.x.w' : 'fmv.x.d', 'R', `11100${fmt} 00000 sssss 000 ddddd 1010011`, 'rd, frs1', 'Move the low bits to an integer register, sign-extended.', setX(isSingle ? word(f('rs1')) : f('rs1'))),
    conversion(isSingle ? 'fmv.w.x' : 'fmv.d.x', 'R', `11110${fmt} 00000 sssss 000 ddddd 1010011`, 'frd, rs1', 'Move the low bits from an integer register.', write(rs1)),

    compare('fle', '000', 'lessEqual', 'Less or equal; a NaN is invalid.'),
    compare('flt', '001', 'less', 'Less than; a NaN is invalid.'),
    compare('feq', '010', 'equal', 'Equal; only a signaling NaN is invalid.'),
    classification(`fclass.${suffix}`, 'R', `11100${fmt} 00000 sssss 001 ddddd 1010011`, 'rd, frs1', 'One bit that says the class: infinite, normal, subnormal, zero by sign; signaling or quiet NaN.', setX(operate('classify', a))),
  ];
}
