import { describe, expect, it } from 'vitest';
import { createInstructionSet, defaultInstructionSet, selectExtensions } from '../instruction-set.ts';
import { rowsOf } from '../rows/row.ts';
import { add, rs1, rs2, setX } from '../semantics/semantics.ts';
import { encodedRow } from './decode.ts';

const decode = (bits: number) => defaultInstructionSet().decode(bits);

// Expected operands are written down from GNU objdump's output for the same bits.
describe('decode', () => {
  it.each([
    [0x00150513, 'addi', { rd: 10, rs1: 10, imm: 1 }],
    [0xfff00093, 'addi', { rd: 1, rs1: 0, imm: -1 }],
    [0x80000537, 'lui', { rd: 10, imm: -0x80000000 }],
    [0xfe000ee3, 'beq', { rs1: 0, rs2: 0, imm: -4 }],
    [0x8000006f, 'jal', { rd: 0, imm: -0x100000 }],
    [0x02a5a023, 'sw', { rs1: 11, rs2: 10, imm: 32 }],
    [0x30529073, 'csrrw', { rd: 0, rs1: 5, csr: 0x305 }],
    [0x3002f073, 'csrrci', { rd: 0, imm: 5, csr: 0x300 }],
    [0x43f55513, 'srai', { rd: 10, rs1: 10, imm: 63 }],
    [0x0ff0000f, 'fence', { imm: 0xff }],
    [0x8330000f, 'fence.tso', {}],
    [0x12000073, 'sfence.vma', { rs1: 0, rs2: 0 }],
  ])('%# finds the operands of %s', (bits, name, operands) => {
    const decoded = decode(bits);
    expect(decoded?.instruction.name).toBe(name);
    expect(decoded).toMatchObject({ ...operands, length: 4 });
  });

  it.each([
    [0x0001, 'c.nop', 'addi', { rd: 0, rs1: 0, imm: 0 }],
    [0x1141, 'c.addi', 'addi', { rd: 2, rs1: 2, imm: -16 }],
    [0x7139, 'c.addi16sp', 'addi', { rd: 2, rs1: 2, imm: -64 }],
    [0x0808, 'c.addi4spn', 'addi', { rd: 10, rs1: 2, imm: 16 }],
    [0x8082, 'c.jr', 'jalr', { rd: 0, rs1: 1, imm: 0 }],
    [0x9502, 'c.jalr', 'jalr', { rd: 1, rs1: 10, imm: 0 }],
    [0x852e, 'c.mv', 'add', { rd: 10, rs1: 0, rs2: 11 }],
    [0x952e, 'c.add', 'add', { rd: 10, rs1: 10, rs2: 11 }],
    [0xe42a, 'c.sdsp', 'sd', { rs1: 2, rs2: 10, imm: 8 }],
    [0x6422, 'c.ldsp', 'ld', { rd: 8, rs1: 2, imm: 8 }],
    [0x4198, 'c.lw', 'lw', { rd: 14, rs1: 11, imm: 0 }],
    [0x757d, 'c.lui', 'lui', { rd: 10, imm: -4096 }],
    [0xbfdd, 'c.j', 'jal', { rd: 0, imm: -10 }],
    [0xc111, 'c.beqz', 'beq', { rs1: 10, rs2: 0, imm: 4 }],
    [0x9002, 'c.ebreak', 'ebreak', {}],
  ])('%# expands %s', (bits, name, expandsTo, operands) => {
    const decoded = decode(0xdead0000 + bits);
    expect(decoded?.instruction).toMatchObject({ name, expandsTo });
    expect(decoded).toMatchObject({ ...operands, length: 2, bits });
    expect(decoded?.instruction.semantics).toBe(defaultInstructionSet().byName(expandsTo)?.semantics);
  });

  it.each([0, 0xffffffff, 0x6101 & ~0x7c, 0x8002, 0x4002, 0x30000073, 0x0000707f])('rejects %#x', (bits) => {
    expect(decode(bits)).toBeUndefined();
  });

  it('remembers what it decoded', () => {
    expect(decode(0x00150513)).toBe(decode(0x00150513));
  });

  it('knows only the chosen extensions', () => {
    const set = createInstructionSet(selectExtensions(['I']));
    expect(set.decode(0x00150513)?.instruction.name).toBe('addi');
    expect(set.decode(0x02b50533)).toBeUndefined();
    expect(() => selectExtensions(['Xyz'])).toThrow('unknown extension Xyz');
  });
});

describe('the checks of a table', () => {
  const row = rowsOf('X', 'none', 'none');
  const extension = (...rows: Parameters<typeof row>[2][]) => [
    {
      name: 'X',
      rows: rows.map((encoding, index) => row(`x.${index}`, 'R', encoding, 'rd, rs1, rs2', '', setX(add(rs1, rs2)))),
    },
  ];

  it('refuses a wrong number of bits', () => {
    expect(() => createInstructionSet(extension('000000 ttttt sssss 000 ddddd 0110011'))).toThrow('has 31 bits');
    expect(() => createInstructionSet(extension('00000000 tttt sssss 000 ddddd 0110011'))).toThrow('rs2 has 4 bits');
  });

  it('refuses overlapping encodings', () => {
    const overlapping = extension('0000000 ttttt sssss 000 ddddd 0110011', '0000000 00000 sssss 000 ddddd 0110011');
    expect(() => createInstructionSet(overlapping)).toThrow('the encodings of x.0 and x.1 overlap');
  });

  it('refuses the same name twice', () => {
    const [only] = extension('0000000 ttttt sssss 000 ddddd 0110011');
    const twin = { ...only!.rows[0]!, encoding: '1000000 ttttt sssss 000 ddddd 0110011' };
    expect(() => createInstructionSet([{ name: 'X', rows: [only!.rows[0]!, twin] }])).toThrow('x.0 is defined twice');
  });

  it('refuses letters and conditions without meaning', () => {
    expect(() => createInstructionSet(extension('0000000 qqqqq sssss 000 ddddd 0110011'))).toThrow('letter q');
    const strange = { ...extension('0000000 ttttt sssss 000 ddddd 0110011')[0]!.rows[0]!, where: ['rs3!=0'] };
    expect(() => encodedRow(strange)).toThrow('cannot read the condition');
  });
});
