/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { AssemblerError, assemble, defaultInstructionSet, disassemble } from '../src/index.ts';
import { createRandom, gnuAssemble, isInstalled, unknownToBinutils } from './binutils.ts';
import { randomEncoding } from './random-encoding.ts';

const origin = 0x8000_0000;
const seed = Number(process.env.WORLDSWITCH_SEED);

const program = `
        .option norvc
        .equ    UART, 0x10000000        # a constant
        .set    COUNT, 3 * (4 + 1) << 1
        .globl  _start
_start:
        la      sp, stack_top           # pc-relative
        lla     gp, value + 8
        li      t0, UART; li t1, COUNT
        li      a2, COUNT - 5
        li      a3, -1
        li      a4, 0x800
        li      a5, 0x7ffff800
        li      a6, 0xdeadbeef
        li      a7, -0x80000000
        lui     a0, %hi(0x12345678)
        addi    a0, a0, %lo(0x12345678)
1:      auipc   a1, %pcrel_hi(value)
        ld      a1, %pcrel_lo(1b)(a1)
        lw      a2, value
        sw      a2, value + 4, t3
        mv      a0, a1 /* a comment
        over lines */
        not     x10, x11
        neg     s0, fp
        negw    s1, t6
        sext.w  a0, a0
        seqz    a0, a1
        snez    a0, a1
        sltz    a0, a1
        sgtz    a0, a1
1:      beqz    a0, 1f
        bnez    a0, 1b
        blez    a0, 1f
        bgez    a0, 1b
        bltz    a0, 1f
        bgtz    a0, 1b
        bgt     a0, a1, 1f
        ble     a0, a1, 1b
        bgtu    a0, a1, 1f
        bleu    a0, a1, 1b
1:      j       2f
        jal     function
        jal     t0, function
        jalr    t0
        jalr    t0, 8(t1)
        jalr    t0, t1
        jr      t0
        jr      8(t0)
        call    function
        tail    function
        nop
2:      csrr    a0, mstatus
        csrw    mepc, a0
        csrw    mepc, 5
        csrs    sie, a0
        csrc    0x104, a0
        csrwi   sstatus, 2
        csrsi   sstatus, 2
        csrci   sstatus, 2
        csrrw   a0, mscratch, a0
        csrrwi  a0, mscratch, 31
        rdcycle a0
        rdtime  a1
        rdinstret a2
        fence
        fence   rw, w
        fence.tso
        fence.i
        amoadd.w a0, a1, (a2)
        amoadd.d.aqrl a0, a1, (a2)
        amoswap.w.aq a0, a1, 0(a2)
        lr.d.aq a0, (a2)
        sc.d.rl a0, a1, (a2)
        add     a0, a1, 5
        and     a0, a1, 'A'
        slli    a0, a0, 63
        sraiw   a0, a0, 31
        mul     a0, a1, a2
        sfence.vma
        sfence.vma a0
        sfence.vma a0, a1
        ecall
        ebreak
        mret
        sret
        wfi
        lb      a0, (a1)
        sd      ra, -16(sp)
        .align  4
function:
        ret
        .balign 8
value:  .dword  function, _start + 4, 0x1122334455667788
        .word   1, -1, COUNT
        .half   0xffff, -2
        .byte   1, 2, 'x', '\\n'
message: .ascii "hello\\n", "tab\\t"
message_end:
        SIZE = message_end - message
        .word   SIZE
        .asciz  "zero"
        .string "also"
        .zero   3
        .space  2, 0xff
        .skip   1
        .p2align 3
        .quad   . - value, ~5 & 0xff | 0x100, (7 - 2) * 3 / 2
        .4byte  -(1 << 3)
stack:  .zero   64
stack_top:
        .align 4
`;

describe.skipIf(!isInstalled('as', 'ld', 'objcopy'))(
  'agrees with GNU as and ld (skipped where they are missing)',
  () => {
    const hex = (bytes: Uint8Array): string => {
      const words: string[] = [];
      for (let index = 0; index < bytes.length; index += 4) {
        const word = [...bytes.subarray(index, index + 4)].reverse().map((byte) => byte.toString(16).padStart(2, '0'));
        const text = disassemble(Number(`0x${word.join('')}`), index);
        words.push(`${index.toString(16)}: ${word.join('')} ${text}`);
      }
      return words.join('\n');
    };

    it('on a program with every directive and pseudo-instruction', () => {
      const theirs = gnuAssemble(program, 'rv64imafdc_zicsr_zifencei', origin);
      expect(hex(assemble(program, { origin }).bytes)).toBe(hex(theirs));
    });

    it(`on 64-bit constants, seed ${seed}`, () => {
      const random = createRandom(seed);
      const values = [
        0n,
        1n,
        -1n,
        2047n,
        2048n,
        -2048n,
        -2049n,
        0x7fffffffn,
        0x80000000n,
        -0x80000000n,
        0xffffffffn,
        1n << 63n,
        (1n << 64n) - 1n,
        0xfffff800n,
        0x7ffff800n,
        0x100000800n,
      ];
      for (let index = 0; index < 2000; index++) {
        const value = (BigInt(random()) << 32n) | BigInt(random());
        values.push(BigInt.asIntN((random() % 64) + 1, value) << BigInt(random() % 32));
      }
      const source = values.map((value) => `li a0, 0x${BigInt.asUintN(64, value).toString(16)}`).join('\n');
      const theirs = gnuAssemble(`.option norvc\n${source}`, 'rv64i');
      expect(hex(assemble(source).bytes)).toBe(hex(theirs));
    });

    it(`on every row with random operands, seed ${seed}`, () => {
      const random = createRandom(seed);
      const set = defaultInstructionSet();
      const lines = set.rows.flatMap((row) => {
        // Absolute targets need a linker; version 2.40 does not know newer extensions, nor rounding modes of exact conversions.
        if (row.syntax.includes('target') || unknownToBinutils.has(row.extension) || row.syntax.endsWith('rm.rne'))
          return [];
        return Array.from({ length: 25 }, () =>
          disassemble(randomEncoding(set.encodedByName(row.name)!, random), 0, { style: 'raw' }),
        );
      });
      const source = lines
        // GNU as reads neither the name of an empty set of accesses nor compressed shifts by 0.
        .filter((line) => !line.includes('unknown') && !/^c\.s.*,0x0$/.test(line))
        .map((line) => `${line.startsWith('c.') ? '.option rvc' : '.option norvc'}\n${line}`)
        .join('\n');
      const theirs = gnuAssemble(
        `${source}\n.option rvc\n.align 4`,
        'rv64gch_zba_zbb_zbc_zbs_zihintpause_zicbom_zicbop_zicboz_zawrs_svinval',
      );
      expect(hex(assemble(`${source}\n.align 4`).bytes)).toBe(hex(theirs));
    });
  },
);

describe('sections', () => {
  it('follow each other from the origin, aligned, and symbols know their addresses', () => {
    const source =
      '.data\n.balign 16\nd: .byte 1\n.text\n.globl _start\nnop\n_start: la a0, d\n.data\ne: .byte 2\n.equ k, 5\n';
    const { sections, symbols, entry, bytes, globals } = assemble(source, { origin });
    expect(sections.map(({ name, address }) => [name, address])).toEqual([
      ['.text', 0x8000_0000n],
      ['.data', 0x8000_0010n],
    ]);
    expect(entry).toBe(0x8000_0004n);
    expect(symbols.get('e')).toBe(0x8000_0011n);
    expect(symbols.get('k')).toBe(5n);
    expect(globals.has('_start')).toBe(true);
    expect([...bytes.subarray(16)]).toEqual([1, 2]);
  });
});

describe('mistakes are reported where they are', () => {
  it.each([
    ['addi a0, a1', 1, 12, 'too few operands', 'operands: rd, rs1, imm'],
    ['nop\n  addi a0, a1, 5000', 2, 16, '5000 does not fit', 'a number from -2048 to 2047'],
    ['addi a0, b1, 5', 1, 10, 'unexpected b1', 'an integer register'],
    ['frobnicate a0', 1, 1, 'unknown instruction frobnicate', 'a mnemonic'],
    ['.frob 1', 1, 1, 'unknown directive .frob', '.align'],
    ['j nowhere', 1, 3, 'nowhere is not defined', 'a label'],
    ['j 1f', 1, 3, 'there is no label 1 after this', '"1:"'],
    ['a: nop\na: nop', 2, 1, 'a is already defined', 'a new name'],
    ['.ascii 5', 1, 8, 'not a string', 'double quotes'],
    ['li a0, later\n.equ later, 1', 1, 8, 'not known here', 'defined before'],
    ['.word 1 / 0', 1, 9, 'division by zero', 'other than 0'],
    ['lw a0, 4(a1', 1, 12, 'unclosed parenthesis', '")"'],
    ['beq a0, a1, far\n.zero 8192\nfar:', 1, 13, '8196 does not fit', 'a multiple of 2 from -4096 to 4094'],
    ['c.add x8, x0', 1, 1, 'rs2 must not be 0', 'rd, rs2'],
    ['c.sub a0, t0', 1, 1, 'rs2 cannot be 5', 'rd, rs2'],
    ['nop `', 1, 5, 'cannot read "`"', 'a comment'],
    ['csrr a0, 0x1000', 1, 10, '4096 is out of range', 'CSR'],
    ['.byte 300', 1, 7, 'does not fit', '1 bytes'],
    ['.option pop', 1, 9, 'nothing was pushed', '.option push'],
    ['fence rx, w', 1, 7, 'not a set of accesses', 'iorw'],
    ['.equ a, b\n.equ b, a + 1\n.word a', 2, 9, 'is defined by itself', 'other symbols'],
    [`.word ${'('.repeat(300)}1`, 1, 207, 'too many levels', 'at most 200'],
    [`.word 1${'+1'.repeat(1001)}`, 1, 2008, 'too long', 'at most 1000'],
    ['.zero 0x10000000', 1, 7, '268435456 bytes', '16 MiB'],
    ['.align 40', 1, 8, 'cannot align', 'a power of two'],
    ['a: nop\nb: nop\n.equ c, a + b', 3, 11, 'cannot be applied', 'constants'],
  ])('%j', (source, line, column, problem, expected) => {
    let error: unknown;
    try {
      assemble(source);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(AssemblerError);
    const found = error as AssemblerError;
    expect(found.message).toContain(problem);
    expect(found.expected).toContain(expected);
    expect([found.line, found.column]).toEqual([line, column]);
  });
});

describe('any text', () => {
  it(`is assembled or refused with an AssemblerError, seed ${seed}`, () => {
    const random = createRandom(seed);
    const pieces = program.split(/(?<=[\s,()+*.:])/);
    let refused = 0;
    for (let index = 0; index < 3000; index++) {
      const start = random() % pieces.length;
      const parts = pieces.slice(start, start + (random() % 60));
      for (let change = random() % 4; change > 0; change--) {
        const foreign = [
          pieces[random() % pieces.length]!,
          '"',
          '(',
          '\\',
          "'",
          '%',
          '1f',
          '.',
          '-',
          '@',
          '\u{1f600}',
          '\0',
        ];
        parts.splice(random() % (parts.length + 1), random() % 2, foreign[random() % foreign.length]!);
      }
      const source = parts.join('');
      try {
        assemble(source);
      } catch (error) {
        refused++;
        if (!(error instanceof AssemblerError)) throw new Error(`${JSON.stringify(source)}: ${error}`);
      }
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(3000);
  });
});
