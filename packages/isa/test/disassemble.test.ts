/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { assemble, defaultInstructionSet, disassemble, encode } from '../src/index.ts';
import { createRandom, gnuDisassemble, isInstalled, unknownToBinutils } from './binutils.ts';
import { randomEncoding } from './random-encoding.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
const set = defaultInstructionSet();
const rows = set.rows.map((row) => set.encodedByName(row.name)!);

/**
 * Makes objdump's text comparable: one blank, no symbol or comment, jump targets with 0x. Version 2.40, unlike those before and
 * after, writes `add` for `addi` and so on when an operand is a number; the hint c.nop is c.addi to it.
 */
function normalize(text: string): string {
  const plain = text
    .replace(/\s+[#<].*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
  const isJump = /^(c\.)?(j|jal|b[a-z]+) /.test(plain) && !/^bclr|^bext|^binv|^bset/.test(plain);
  if (isJump) return plain.replace(/([ ,])([0-9a-f]+)$/, '$10x$2');
  const short =
    /^(add|and|or|xor|slt|sltu|sll|srl|sra|addw|sllw|srlw|sraw|csrrw|csrrs|csrrc|csrw|csrs|csrc|bclr|bext|binv|bset|ror|rorw)( .*,(?:-?\d+|0x[0-9a-f]+))$/.exec(
      plain,
    );
  if (short && !plain.includes('(')) {
    const name = short[1]!;
    const long =
      name === 'sltu' ? 'sltiu' : name.endsWith('w') && !name.startsWith('csr') ? `${name.slice(0, -1)}iw` : `${name}i`;
    return long + short[2];
  }
  return plain
    .replace(/^unimp$/, 'csrrw zero,cycle,zero')
    .replace(/^c\.addi zero,/, 'c.nop ')
    .replace(/^c\.nop 0$/, 'c.nop')
    .replace(/^(c\.s[lr][lra]i)64 (\w+)$/, '$1 $2,0x0');
}

function samples(count: number): { bits: number; length: 2 | 4 }[] {
  const random = createRandom(seed);
  return rows.flatMap((row) =>
    Array.from({ length: count }, () => ({
      bits: randomEncoding(row, random),
      length: row.layout.width === 16 ? (2 as const) : (4 as const),
    })),
  );
}

describe('assemble(disassemble(bits)) gives the same bits', () => {
  it.each(rows.map((row) => [row.instruction.name, row] as const))(`%s, seed ${seed}`, (_, row) => {
    const random = createRandom(seed);
    for (let index = 0; index < 40; index++) {
      const bits = randomEncoding(row, random);
      // Even: pc-relative targets wrap at the edges of the address space, so stand in its middle.
      const origin = 0x4000_0000n;
      const text = disassemble(bits, origin, { style: 'raw' });
      const { bytes } = assemble(text, { origin });
      const assembled = bytes.reduceRight((value, byte) => value * 256 + byte, 0);
      expect(`${text}: ${assembled.toString(16)}`).toBe(`${text}: ${bits.toString(16)}`);
    }
  });
});

describe.skipIf(!isInstalled('as', 'objdump', 'objcopy'))(
  'agrees with objdump (skipped where riscv64-linux-gnu-objdump is missing)',
  () => {
    it.each(['aliases', 'raw'] as const)(`on every row, %s, seed ${seed}`, (style) => {
      const encodings = samples(60);
      const theirs = gnuDisassemble(encodings, style);
      const differences = encodings.flatMap(({ bits }, index) => {
        const ours = normalize(disassemble(bits, index * 4, { style }));
        const wanted = normalize(theirs[index]!);
        return ours === wanted || isSameButForCsrName(ours, wanted, bits) || isUnknownToObjdump(wanted, bits)
          ? []
          : [`${bits.toString(16)}: ${ours} | ${wanted}`];
      });
      expect(differences).toEqual([]);
    });

    it('on which of all 16-bit encodings are instructions, and what they are', () => {
      const encodings = Array.from({ length: 0x1_0000 }, (_, bits) => ({ bits, length: 2 as const })).filter(
        ({ bits }) => (bits & 3) !== 3,
      );
      const theirs = gnuDisassemble(encodings, 'raw');
      const differences = encodings.flatMap(({ bits }, index) => {
        const ours = normalize(disassemble(bits, index * 4, { style: 'raw' }));
        const wanted = normalize(theirs[index]!);
        const bothIllegal = ours.startsWith('.2byte') && /^\.(2byte|short|insn)/.test(wanted);
        // Reserved by the manual: c.addi16sp with an immediate of 0.
        return bothIllegal || ours === wanted || bits === 0x6101 || isUnknownToObjdump(wanted, bits)
          ? []
          : [`${bits.toString(16)}: ${ours} | ${wanted}`];
      });
      expect(differences).toEqual([]);
    });

    it(`on which random 32-bit encodings are instructions, seed ${seed}`, () => {
      const random = createRandom(seed + 2);
      const opcodes = [
        ...new Set(rows.filter(({ layout }) => layout.width === 32).map(({ layout }) => layout.match & 0x7f)),
      ];
      const encodings = Array.from({ length: 60_000 }, () => {
        let bits = random() & ~0x7f;
        // Half of them with few bits in funct7 and rs2, where most instructions are.
        if (random() % 2) bits &= ~0xbc000000 | (random() & random());
        return { bits: (bits | opcodes[random() % opcodes.length]!) >>> 0, length: 4 as const };
      });
      const theirs = gnuDisassemble(encodings, 'raw');
      const differences = encodings.flatMap(({ bits }, index) => {
        const isOurs = set.decode(bits) !== undefined;
        const wanted = normalize(theirs[index]!);
        const isTheirs = !wanted.startsWith('.4byte') && !wanted.startsWith('.word');
        // Reserved rounding modes are illegal; what a fence does not know it ignores. objdump takes it the other way round.
        const isReserved = wanted.endsWith(',unknown') && !isOurs;
        const isFence = set.decode(bits)?.instruction.name.startsWith('fence');
        if (isOurs === isTheirs || isUnknownToObjdump(wanted, bits) || isReserved || isFence) return [];
        return [`${bits.toString(16)}: ${disassemble(bits, 0, { style: 'raw' })} | ${wanted}`];
      });
      expect(differences).toEqual([]);
    });

    it('on chosen operands that have aliases', () => {
      const registers = [0, 1, 2, 10];
      const random = createRandom(seed + 1);
      const encodings = rows.flatMap((row) => {
        if (row.layout.width === 16) return [];
        return Array.from({ length: 60 }, () => {
          const operands = Object.fromEntries(
            [...row.layout.fields.keys()].map((field) => {
              if (field === 'imm')
                return [field, [0, 1, 2, 8][random() % 4]! * (immediateSteps[row.instruction.format] ?? 1)];
              if (field === 'csr') return [field, [1, 2, 3, 0xc00, 0xc01, 0xc02, 0x300][random() % 7]!];
              if (field === 'rm') return [field, [0, 1, 7][random() % 3]!];
              if (field === 'aq' || field === 'rl') return [field, random() % 2];
              const register = registers[random() % 4]!;
              return [field, row.instruction.format === 'AMO.pair' && field !== 'rs1' ? register & ~1 : register];
            }),
          );
          // Branch offsets must be even.
          if ('BJ'.includes(row.instruction.format)) operands.imm = (operands.imm as number) & ~1;
          return { bits: encode(row, operands), length: 4 as const };
        });
      });
      for (const style of ['aliases', 'raw'] as const) {
        const theirs = gnuDisassemble(encodings, style);
        const differences = encodings.flatMap(({ bits }, index) => {
          const ours = normalize(disassemble(bits, index * 4, { style }));
          return ours === normalize(theirs[index]!) || isUnknownToObjdump(theirs[index]!, bits)
            ? []
            : [`${bits.toString(16)}: ${ours} | ${normalize(theirs[index]!)}`];
        });
        expect([...new Set(differences)]).toEqual([]);
      }
    });
  },
);

/** What immediates of some formats are multiples of. */
const immediateSteps: Readonly<Record<string, number>> = { U: 0x1000, prefetch: 32 };

/** CSRs that objdump knows and this architecture does not have (debug, hypervisor), and the reverse. */
function isSameButForCsrName(ours: string, theirs: string, bits: number): boolean {
  const decoded = set.decode(bits);
  if (decoded?.instruction.extension !== 'Zicsr') return false;
  const name = set.csrByAddress(decoded.csr)?.name;
  const placeholder = (text: string): string =>
    text.replace(/,(0x[0-9a-f]+|[a-z]\w+)(?=,|$)/, ',CSR').replace(/ (0x[0-9a-f]{3}|[a-z]\w+),/, ' CSR,');
  return name === undefined && placeholder(ours) === placeholder(theirs);
}

/**
 * Encodings that older versions of objdump do not know: newer extensions, and conversions that are always exact with another
 * rounding mode than 0.
 */
function isUnknownToObjdump(theirs: string, bits: number): boolean {
  const { instruction, rm = 0 } = set.decode(bits) ?? {};
  if (!/^\.[24]byte/.test(theirs)) return false;
  return (
    unknownToBinutils.has(instruction?.extension ?? '') || (instruction?.syntax.endsWith('rm.rne') === true && rm !== 0)
  );
}
