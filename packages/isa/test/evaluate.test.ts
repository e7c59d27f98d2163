import { describe, expect, it } from 'vitest';
import {
  assemble,
  builtInExtensions,
  createInstructionSet,
  defaultInstructionSet,
  disassemble,
  type EvaluationState,
  effectsOf,
  evaluate,
  type InstructionSet,
  type IsaExtension,
  rowsOf,
  semantics,
  sensitivityOf,
} from '../src/index.ts';

const mask = (1n << 64n) - 1n;

/** A real, if small, executor: registers and memory. */
function createState(instructionSet: InstructionSet = defaultInstructionSet()) {
  const x = Array.from({ length: 32 }, () => 0n);
  const memory = new Uint8Array(4096);
  const view = new DataView(memory.buffer);
  const controls: string[] = [];
  const fault = { kind: 'fault' };
  let reservation: bigint | undefined;
  const check = (address: bigint): number => {
    if (address >= 4096n) throw fault;
    return Number(address);
  };
  const state = {
    pc: 0n,
    nextPc: 0n,
    readX: (register: number) => x[register]!,
    writeX: (register: number, value: bigint) => {
      expect(register).not.toBe(0);
      expect(value).toBe(value & mask);
      x[register] = value;
    },
    readF: () => 0n,
    writeF: () => {},
    load: (width: number, address: bigint) => BigInt.asUintN(width * 8, view.getBigUint64(check(address), true)),
    store: (width: number, address: bigint, value: bigint) => {
      for (let index = 0; index < width; index++)
        memory[check(address) + index] = Number((value >> BigInt(index * 8)) & 0xffn);
    },
    amo: (operation: string, width: number, address: bigint, value: bigint) => {
      const old = state.load(width, address);
      state.store(width, address, operation === 'add' ? old + value : value);
      return old;
    },
    loadReserved: (width: number, address: bigint) => {
      reservation = address;
      return state.load(width, address);
    },
    storeConditional: (width: number, address: bigint, value: bigint) => {
      const holds = reservation === address;
      reservation = undefined;
      if (holds) state.store(width, address, value);
      return holds;
    },
    control: (operation: string) => controls.push(operation),
    float: () => 0n,
  };
  const run = (source: string): void => {
    const { bytes } = assemble(source, { instructionSet, origin: state.pc });
    const code = new DataView(bytes.buffer);
    const origin = state.pc;
    const end = origin + BigInt(bytes.length);
    while (state.pc >= origin && state.pc < end) {
      const offset = Number(state.pc - origin);
      const half = code.getUint16(offset, true);
      const decoded = instructionSet.decode((half & 3) === 3 ? code.getUint32(offset, true) : half)!;
      state.nextPc = state.pc + BigInt(decoded.length);
      evaluate(decoded, state as unknown as EvaluationState);
      state.pc = state.nextPc;
    }
  };
  return { x, memory, controls, fault, run, state };
}

/** The result in a0 of an instruction on a1 and a2. */
function result(instruction: string, a1: bigint, a2 = 0n): bigint {
  const { x, run } = createState();
  x[11] = a1 & mask;
  x[12] = a2 & mask;
  run(instruction);
  return BigInt.asIntN(64, x[10]!);
}

const most = -(1n << 63n);
const wordMost = -(1n << 31n);

// Unprivileged ISA, M extension, table "Semantics for division by zero and division overflow".
describe('division', () => {
  it.each([
    ['div', 7n, 0n, -1n],
    ['divu', 7n, 0n, -1n],
    ['rem', -7n, 0n, -7n],
    ['remu', -7n, 0n, -7n],
    ['div', most, -1n, most],
    ['rem', most, -1n, 0n],
    ['div', -7n, 2n, -3n],
    ['rem', -7n, 2n, -1n],
    ['rem', 7n, -2n, 1n],
    ['divu', -1n, 2n, (1n << 63n) - 1n],
    ['divw', wordMost, -1n, wordMost],
    ['remw', wordMost, -1n, 0n],
    ['divw', 0x1_0000_0007n, 0x1_0000_0000n, -1n],
    ['divuw', 0xffff_ffffn, 1n, -1n],
    ['remuw', 0xffff_ffffn, 0n, -1n],
    ['remw', 0x8000_0005n, 0n, 0x8000_0005n - (1n << 32n)],
  ])('%s of %d and %d is %d', (name, a, b, expected) => {
    expect(result(`${name} a0, a1, a2`, a, b)).toBe(expected);
  });
});

describe('multiplication', () => {
  it.each([
    ['mulh', -1n, -1n, 0n],
    ['mulhu', -1n, -1n, -2n],
    ['mulhsu', -1n, -1n, -1n],
    ['mulh', most, most, 1n << 62n],
    ['mulw', 0x7fff_ffffn, 2n, -2n],
  ])('%s of %d and %d is %d', (name, a, b, expected) => {
    expect(result(`${name} a0, a1, a2`, a, b)).toBe(expected);
  });
});

describe('bit manipulation', () => {
  it.each([
    ['ctzw a0, a1', most, 0n, 32n],
    ['clzw a0, a1', 1n << 40n, 0n, 32n],
    ['clz a0, a1', 0n, 0n, 64n],
    ['clmulr a0, a1, a2', most, 3n, 3n],
    ['clmulh a0, a1, a2', -1n, -1n, 0x5555_5555_5555_5555n],
    ['orc.b a0, a1', 0x0100_8000_0000_0010n, 0n, BigInt.asIntN(64, 0xff00_ff00_0000_00ffn)],
    ['czero.eqz a0, a1, a2', 5n, 0n, 0n],
    ['czero.eqz a0, a1, a2', 5n, 9n, 5n],
    ['czero.nez a0, a1, a2', 5n, 9n, 0n],
  ])('%s of %d and %d is %d', (instruction, a, b, expected) => {
    expect(result(instruction, a, b)).toBe(expected);
  });
});

describe('control flow', () => {
  it('jumps through a register that it overwrites', () => {
    const { x, run, state } = createState();
    x[5] = 0x101n;
    run('jalr t0, 0x20(t0)');
    expect(state.pc).toBe(0x120n);
    expect(x[5]).toBe(4n);
  });

  it('links past a compressed jump', () => {
    const { x, run, state } = createState();
    x[10] = 0x400n;
    run('c.jalr a0');
    expect([state.pc, x[1]]).toEqual([0x400n, 2n]);
  });

  it('runs a loop', () => {
    const { x, run } = createState();
    run('li a0, 0\nli a1, 10\n1: add a0, a0, a1\naddi a1, a1, -1\nbnez a1, 1b');
    expect(x[10]).toBe(55n);
  });

  it('names control operations', () => {
    const { controls, run } = createState();
    run('ecall\nfence.tso\nfence.i\npause\nc.ebreak\ncsrwi mstatus, 3\nwfi\nsfence.vma\nmret\nsret');
    expect(controls).toEqual([
      'ecall',
      'fence',
      'fence.i',
      'fence',
      'ebreak',
      'csrrwi',
      'wfi',
      'sfence.vma',
      'mret',
      'sret',
    ]);
  });
});

describe('memory', () => {
  it('extends what it loads', () => {
    const { x, run, state } = createState();
    state.store(8, 0x800n, 0xffff_ffff_8000_80f0n);
    run('li a1, 0x800\nlb a2, (a1)\nlbu a3, (a1)\nlh a4, (a1)\nlwu a5, (a1)\nlw a6, (a1)\nld a7, (a1)');
    expect(x.slice(12, 18)).toEqual([
      mask - 15n,
      0xf0n,
      mask - 0x7f0fn,
      0x8000_80f0n,
      0xffff_ffff_8000_80f0n,
      0xffff_ffff_8000_80f0n,
    ]);
  });

  it('performs atomic operations, sign-extending the old word', () => {
    const { x, run, state } = createState();
    state.store(4, 0x800n, 0xffff_fff0n);
    run(
      'li a1, 0x800\nli a2, 0x20\namoadd.w.aqrl a3, a2, (a1)\nlw a4, (a1)\nlr.w a5, (a1)\nsc.w a6, a2, (a1)\nsc.w a7, a2, (a1)',
    );
    expect(x.slice(13, 18)).toEqual([mask - 15n, 0x10n, 0x10n, 0n, 1n]);
  });

  it('changes nothing when a load inside an expression faults', () => {
    const { x, run, fault } = createState();
    x[11] = 0x10000n;
    x[10] = 7n;
    expect(() => run('lw a0, 0(a1)')).toThrow(expect.objectContaining(fault));
    expect(x[10]).toBe(7n);
  });

  it('faults on a load into x0', () => {
    const { x, run, fault } = createState();
    x[11] = 0x10000n;
    expect(() => run('lw zero, 0(a1)')).toThrow(expect.objectContaining(fault));
  });
});

describe('an extension from outside', () => {
  const { add, bind, constant, control, load, local, multiply, rs1, rs2, setX, store } = semantics;
  const custom = rowsOf('Xsum', 'The Xsum manual', 'Instructions');
  const extension: IsaExtension = {
    name: 'Xsum',
    rows: [
      custom(
        'xsum.triple',
        'R',
        '1010101 ttttt sssss 111 ddddd 0001011',
        'rd, rs1, rs2',
        'Three times rs1 plus rs2.',
        setX(add(multiply(rs1, constant(3n)), rs2)),
      ),
      custom('xsum.take', 'R', '1010100 00000 sssss 111 ddddd 0001011', 'rd, (rs1)', 'Load and clear.', [
        bind('old', load(8, false, rs1)),
        store(8, rs1, constant(0n)),
        setX(local('old')),
      ]),
      custom('xsum.mode', 'none', '101010000001 00000 111 00000 0001011', '', 'Toggle the mode.', control('xsum.mode')),
    ],
    csrs: [{ ...defaultInstructionSet().csrByName('sscratch')!, address: 0x5c0, name: 'sxsum' }],
  };
  const set = createInstructionSet([...builtInExtensions, extension]);

  it('is assembled, disassembled and decoded', () => {
    const { bytes } = assemble('xsum.triple a0, a1, a2\nxsum.take a0, (a1)\ncsrr a0, sxsum', { instructionSet: set });
    const view = new DataView(bytes.buffer);
    const texts = [0, 4, 8].map((offset) => disassemble(view.getUint32(offset, true), 0, { instructionSet: set }));
    expect(texts).toEqual(['xsum.triple a0,a1,a2', 'xsum.take a0,(a1)', 'csrr a0,sxsum']);
    expect(defaultInstructionSet().decode(view.getUint32(0, true))).toBeUndefined();
    expect(() => assemble('xsum.mode')).toThrow('unknown instruction xsum.mode');
  });

  it('is evaluated', () => {
    const { x, run, state, controls } = createState(set);
    state.store(8, 0x800n, 99n);
    run('li a1, 5\nli a2, 2\nxsum.triple a0, a1, a2\nli a1, 0x800\nxsum.take a3, (a1)\nld a4, (a1)\nxsum.mode');
    expect([x[10], x[13], x[14], controls]).toEqual([17n, 99n, 0n, ['xsum.mode']]);
  });

  it('is refused with a reason when a row cannot work', () => {
    const bits = '1010101 ttttt sssss 111 ddddd 0001011';
    const withRow = (row: IsaExtension['rows'][number]) => () =>
      createInstructionSet([...builtInExtensions, { name: 'Xbad', rows: [row] }]);
    const refused = (syntax: string, meaning: Parameters<typeof custom>[5], encoding = bits) =>
      expect(withRow(custom('x.bad', 'R', encoding, syntax, 'Bad.', meaning)));
    refused('rd, rs1, rs9', setX(rs1)).toThrow('x.bad: unknown operand rs9');
    refused('rd, rs1', setX(rs2), '1010101 00000 sssss 111 ddddd 0001011').toThrow(
      'read rs2, which its encoding does not have',
    );
    refused('rs1, rs2', setX(rs1), '1010101 ttttt sssss 111 00000 0001011').toThrow(
      'write rd, which its encoding does not have',
    );
    refused('rd, rs1', setX(semantics.immediate)).toThrow('read imm');
    refused('rd, rs1', setX(local('old'))).toThrow('x.bad: old is read before it is bound');
    refused('rd, rs1', setX(semantics.float('f64.plus', rs1))).toThrow('no floating-point operation f64.plus');
    refused('rd, rs1', [control('x.mode'), setX(rs1)]).toThrow('must be its only statement');
    expect(withRow(set.byName('add')!)).toThrow('the encodings of add and add overlap');
  });

  it.each<[string, unknown, string]>([
    ['no semantics', undefined, 'x.bad: a statement is missing, not a statement'],
    ['a function', () => 1, 'x.bad: a statement is of type function, not a statement'],
    [
      'a number for an expression',
      setX(add(rs1, 5 as never)),
      'b of add is 5, not an expression; numbers are written constant(5n)',
    ],
    ['a number for a bigint', setX({ op: 'constant', value: 5 as never }), 'value of constant is 5, not a bigint'],
    [
      'an operation that there is not',
      setX({ op: 'plus', a: rs1, b: rs2 } as never),
      "has the op 'plus', which there is not",
    ],
    [
      'a statement that there is not',
      { kind: 'set', value: rs1 },
      "a statement has the kind 'set', which there is not",
    ],
    [
      'a register that there is not',
      setX({ op: 'x', operand: 'rs9' as never }),
      "operand of x is 'rs9', not rd, rs1, rs2 or rs3",
    ],
    ['a width that there is not', semantics.store(3 as never, rs1, rs2), 'width of store is 3, not one of 1, 2, 4, 8'],
    [
      'arguments that are no list',
      setX({ op: 'float', operation: 'f64.add', args: rs1 } as never),
      'args of float is of type object, not a list',
    ],
  ])('is refused with a reason when code without types gives %s', (_, meaning, message) => {
    const row = custom('x.bad', 'R', '1010101 ttttt sssss 111 ddddd 0001011', 'rd, rs1, rs2', 'Bad.', meaning as never);
    expect(() => createInstructionSet([...builtInExtensions, { name: 'Xbad', rows: [row] }])).toThrow(message);
  });

  it.each<[unknown, string]>([
    [5, 'an instruction is 5, not a row'],
    [{}, 'the name of an instruction is missing, not a text'],
    [{ name: 'x.bad', extension: 'Xbad', encoding: 7 }, 'x.bad: its encoding is 7, not a text'],
  ])('is refused with a reason when it is no row: %j', (row, message) => {
    expect(() => createInstructionSet([...builtInExtensions, { name: 'Xbad', rows: [row as never] }])).toThrow(message);
  });

  it('is refused when its syntax names an operand that it has not', () => {
    const row = custom(
      'x.bad',
      'R',
      '1010101 ttttt sssss 111 ddddd 0001011',
      'rd, rs1, imm',
      'Bad.',
      setX(add(rs1, rs2)),
    );
    expect(() => createInstructionSet([...builtInExtensions, { name: 'Xbad', rows: [row] }])).toThrow(
      'x.bad: its syntax has imm, which its encoding does not have',
    );
  });

  it('is analysed', () => {
    expect(set.controls).toContain('xsum.mode');
    expect(effectsOf(set.byName('xsum.take')!)).toMatchObject({ readsMemory: true, writesMemory: true });
    expect(sensitivityOf(set.byName('xsum.mode')!).sensitivity).toBe('control-sensitive');
  });
});
