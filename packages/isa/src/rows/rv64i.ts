import type { Instruction } from '../instruction.ts';
import {
  add,
  and,
  bind,
  branch,
  constant,
  control,
  equal,
  greaterEqualSigned,
  greaterEqualUnsigned,
  immediate,
  jump,
  lessSigned,
  lessUnsigned,
  load,
  local,
  low5,
  nextPc,
  notEqual,
  or,
  pc,
  rs1,
  rs2,
  setX,
  shiftLeft,
  shiftRightArithmetic,
  shiftRightLogical,
  store,
  subtract,
  word,
  xor,
  zeroExtend,
} from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const registerImmediate = rowsOf('I', 'unprivileged', 'Integer Register-Immediate Instructions');
const registerRegister = rowsOf('I', 'unprivileged', 'Integer Register-Register Instructions');
const wordImmediate = rowsOf('I', 'unprivileged', 'RV64I: Integer Register-Immediate Instructions');
const wordRegister = rowsOf('I', 'unprivileged', 'RV64I: Integer Register-Register Operations');
const jumps = rowsOf('I', 'unprivileged', 'Unconditional Jumps');
const branches = rowsOf('I', 'unprivileged', 'Conditional Branches');
const memory = rowsOf('I', 'unprivileged', 'Load and Store Instructions');
const ordering = rowsOf('I', 'unprivileged', 'Memory Ordering Instructions');
const environment = rowsOf('I', 'unprivileged', 'Environment Call and Breakpoints');

const sum = add(rs1, immediate);
const target = add(pc, immediate);

/** RV64I (unprivileged ISA, sections "RV32I Base Integer Instruction Set" and "RV64I Base Integer Instruction Set"). */
// biome-ignore format: one row a line reads as the table that it is
export const rv64i: readonly Instruction[] = [
  registerImmediate('lui', 'U', 'iiiiiiiiiiiiiiiiiiii ddddd 0110111', 'rd, upper', 'Load upper immediate.', setX(immediate)),
  registerImmediate('auipc', 'U', 'iiiiiiiiiiiiiiiiiiii ddddd 0010111', 'rd, upper', 'Add upper immediate to pc.', setX(target)),
  registerImmediate('addi', 'I', 'iiiiiiiiiiii sssss 000 ddddd 0010011', 'rd, rs1, imm', 'Add immediate.', setX(sum)),
  registerImmediate('slti', 'I', 'iiiiiiiiiiii sssss 010 ddddd 0010011', 'rd, rs1, imm', 'Set if less than immediate, signed.', setX(lessSigned(rs1, immediate))),
  registerImmediate('sltiu', 'I', 'iiiiiiiiiiii sssss 011 ddddd 0010011', 'rd, rs1, imm', 'Set if less than immediate, unsigned.', setX(lessUnsigned(rs1, immediate))),
  registerImmediate('xori', 'I', 'iiiiiiiiiiii sssss 100 ddddd 0010011', 'rd, rs1, imm', 'Exclusive or with immediate.', setX(xor(rs1, immediate))),
  registerImmediate('ori', 'I', 'iiiiiiiiiiii sssss 110 ddddd 0010011', 'rd, rs1, imm', 'Or with immediate.', setX(or(rs1, immediate))),
  registerImmediate('andi', 'I', 'iiiiiiiiiiii sssss 111 ddddd 0010011', 'rd, rs1, imm', 'And with immediate.', setX(and(rs1, immediate))),
  registerImmediate('slli', 'shift', '000000 iiiiii sssss 001 ddddd 0010011', 'rd, rs1, shamt', 'Shift left by immediate.', setX(shiftLeft(rs1, immediate))),
  registerImmediate('srli', 'shift', '000000 iiiiii sssss 101 ddddd 0010011', 'rd, rs1, shamt', 'Shift right by immediate, filling with zeros.', setX(shiftRightLogical(rs1, immediate))),
  registerImmediate('srai', 'shift', '010000 iiiiii sssss 101 ddddd 0010011', 'rd, rs1, shamt', 'Shift right by immediate, filling with the sign.', setX(shiftRightArithmetic(rs1, immediate))),

  wordImmediate('addiw', 'I', 'iiiiiiiiiiii sssss 000 ddddd 0011011', 'rd, rs1, imm', 'Add immediate, 32-bit.', setX(word(sum))),
  wordImmediate('slliw', 'shift.w', '0000000 iiiii sssss 001 ddddd 0011011', 'rd, rs1, shamt', 'Shift left by immediate, 32-bit.', setX(word(shiftLeft(rs1, immediate)))),
  wordImmediate('srliw', 'shift.w', '0000000 iiiii sssss 101 ddddd 0011011', 'rd, rs1, shamt', 'Shift right by immediate, filling with zeros, 32-bit.', setX(word(shiftRightLogical(zeroExtend(32, rs1), immediate)))),
  wordImmediate('sraiw', 'shift.w', '0100000 iiiii sssss 101 ddddd 0011011', 'rd, rs1, shamt', 'Shift right by immediate, filling with the sign, 32-bit.', setX(shiftRightArithmetic(word(rs1), immediate))),

  registerRegister('add', 'R', '0000000 ttttt sssss 000 ddddd 0110011', 'rd, rs1, rs2', 'Add.', setX(add(rs1, rs2))),
  registerRegister('sub', 'R', '0100000 ttttt sssss 000 ddddd 0110011', 'rd, rs1, rs2', 'Subtract.', setX(subtract(rs1, rs2))),
  registerRegister('sll', 'R', '0000000 ttttt sssss 001 ddddd 0110011', 'rd, rs1, rs2', 'Shift left by the low 6 bits of rs2.', setX(shiftLeft(rs1, rs2))),
  registerRegister('slt', 'R', '0000000 ttttt sssss 010 ddddd 0110011', 'rd, rs1, rs2', 'Set if less than, signed.', setX(lessSigned(rs1, rs2))),
  registerRegister('sltu', 'R', '0000000 ttttt sssss 011 ddddd 0110011', 'rd, rs1, rs2', 'Set if less than, unsigned.', setX(lessUnsigned(rs1, rs2))),
  registerRegister('xor', 'R', '0000000 ttttt sssss 100 ddddd 0110011', 'rd, rs1, rs2', 'Exclusive or.', setX(xor(rs1, rs2))),
  registerRegister('srl', 'R', '0000000 ttttt sssss 101 ddddd 0110011', 'rd, rs1, rs2', 'Shift right by the low 6 bits of rs2, filling with zeros.', setX(shiftRightLogical(rs1, rs2))),
  registerRegister('sra', 'R', '0100000 ttttt sssss 101 ddddd 0110011', 'rd, rs1, rs2', 'Shift right by the low 6 bits of rs2, filling with the sign.', setX(shiftRightArithmetic(rs1, rs2))),
  registerRegister('or', 'R', '0000000 ttttt sssss 110 ddddd 0110011', 'rd, rs1, rs2', 'Or.', setX(or(rs1, rs2))),
  registerRegister('and', 'R', '0000000 ttttt sssss 111 ddddd 0110011', 'rd, rs1, rs2', 'And.', setX(and(rs1, rs2))),

  wordRegister('addw', 'R', '0000000 ttttt sssss 000 ddddd 0111011', 'rd, rs1, rs2', 'Add, 32-bit.', setX(word(add(rs1, rs2)))),
  wordRegister('subw', 'R', '0100000 ttttt sssss 000 ddddd 0111011', 'rd, rs1, rs2', 'Subtract, 32-bit.', setX(word(subtract(rs1, rs2)))),
  wordRegister('sllw', 'R', '0000000 ttttt sssss 001 ddddd 0111011', 'rd, rs1, rs2', 'Shift left by the low 5 bits of rs2, 32-bit.', setX(word(shiftLeft(rs1, low5(rs2))))),
  wordRegister('srlw', 'R', '0000000 ttttt sssss 101 ddddd 0111011', 'rd, rs1, rs2', 'Shift right by the low 5 bits of rs2, filling with zeros, 32-bit.', setX(word(shiftRightLogical(zeroExtend(32, rs1), low5(rs2))))),
  wordRegister('sraw', 'R', '0100000 ttttt sssss 101 ddddd 0111011', 'rd, rs1, rs2', 'Shift right by the low 5 bits of rs2, filling with the sign, 32-bit.', setX(shiftRightArithmetic(word(rs1), low5(rs2)))),

  jumps('jal', 'J', 'iiiiiiiiiiiiiiiiiiii ddddd 1101111', 'rd, target', 'Jump and link.', [setX(nextPc), jump(target)]),
  jumps('jalr', 'I', 'iiiiiiiiiiii sssss 000 ddddd 1100111', 'rd, imm(rs1)', 'Jump and link to register.', [bind('target', and(sum, constant(-2n))), setX(nextPc), jump(local('target'))]),

  branches('beq', 'B', 'iiiiiii ttttt sssss 000 iiiii 1100011', 'rs1, rs2, target', 'Branch if equal.', branch(equal(rs1, rs2), target)),
  branches('bne', 'B', 'iiiiiii ttttt sssss 001 iiiii 1100011', 'rs1, rs2, target', 'Branch if not equal.', branch(notEqual(rs1, rs2), target)),
  branches('blt', 'B', 'iiiiiii ttttt sssss 100 iiiii 1100011', 'rs1, rs2, target', 'Branch if less than, signed.', branch(lessSigned(rs1, rs2), target)),
  branches('bge', 'B', 'iiiiiii ttttt sssss 101 iiiii 1100011', 'rs1, rs2, target', 'Branch if greater or equal, signed.', branch(greaterEqualSigned(rs1, rs2), target)),
  branches('bltu', 'B', 'iiiiiii ttttt sssss 110 iiiii 1100011', 'rs1, rs2, target', 'Branch if less than, unsigned.', branch(lessUnsigned(rs1, rs2), target)),
  branches('bgeu', 'B', 'iiiiiii ttttt sssss 111 iiiii 1100011', 'rs1, rs2, target', 'Branch if greater or equal, unsigned.', branch(greaterEqualUnsigned(rs1, rs2), target)),

  memory('lb', 'I', 'iiiiiiiiiiii sssss 000 ddddd 0000011', 'rd, imm(rs1)', 'Load byte, sign-extended.', setX(load(1, true, sum))),
  memory('lh', 'I', 'iiiiiiiiiiii sssss 001 ddddd 0000011', 'rd, imm(rs1)', 'Load halfword, sign-extended.', setX(load(2, true, sum))),
  memory('lw', 'I', 'iiiiiiiiiiii sssss 010 ddddd 0000011', 'rd, imm(rs1)', 'Load word, sign-extended.', setX(load(4, true, sum))),
  memory('ld', 'I', 'iiiiiiiiiiii sssss 011 ddddd 0000011', 'rd, imm(rs1)', 'Load doubleword.', setX(load(8, false, sum))),
  memory('lbu', 'I', 'iiiiiiiiiiii sssss 100 ddddd 0000011', 'rd, imm(rs1)', 'Load byte, zero-extended.', setX(load(1, false, sum))),
  memory('lhu', 'I', 'iiiiiiiiiiii sssss 101 ddddd 0000011', 'rd, imm(rs1)', 'Load halfword, zero-extended.', setX(load(2, false, sum))),
  memory('lwu', 'I', 'iiiiiiiiiiii sssss 110 ddddd 0000011', 'rd, imm(rs1)', 'Load word, zero-extended.', setX(load(4, false, sum))),
  memory('sb', 'S', 'iiiiiii ttttt sssss 000 iiiii 0100011', 'rs2, imm(rs1)', 'Store byte.', store(1, sum, rs2)),
  memory('sh', 'S', 'iiiiiii ttttt sssss 001 iiiii 0100011', 'rs2, imm(rs1)', 'Store halfword.', store(2, sum, rs2)),
  memory('sw', 'S', 'iiiiiii ttttt sssss 010 iiiii 0100011', 'rs2, imm(rs1)', 'Store word.', store(4, sum, rs2)),
  memory('sd', 'S', 'iiiiiii ttttt sssss 011 iiiii 0100011', 'rs2, imm(rs1)', 'Store doubleword.', store(8, sum, rs2)),

  ordering('fence', 'fence', 'zzzz iiiiiiii zzzzz 000 zzzzz 0001111', 'pred, succ', 'Order the accesses named before against those named after; an unknown fm is treated as a plain fence.', control('fence')),
  ordering('fence.tso', 'none', '1000 00110011 zzzzz 000 zzzzz 0001111', '', 'Order all but stores before loads.', control('fence'), { refines: 'fence' }),
  environment('ecall', 'none', '000000000000 00000 000 00000 1110011', '', 'Request to the execution environment: traps.', control('ecall')),
  environment('ebreak', 'none', '000000000001 00000 000 00000 1110011', '', 'Return to the debugging environment: traps.', control('ebreak')),
];
