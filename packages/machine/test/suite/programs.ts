import { defaultInstructionSet, effectsOf, encode, type Instruction } from '@worldswitch/isa';
import type { Sequence, Start, Word } from '../fuzz/sequence.ts';
import { bitsOf, pointers } from '../fuzz/sequence.ts';
import { createRandom } from '../random-program.ts';

const set = defaultInstructionSet();

/** Where a program runs: in machine, supervisor or user mode, or in user mode under translation. */
export type Place = 'M' | 'S' | 'U' | 'T';

/** A program that executes a row in many ways, or raises an exception, and leaves what came of it in registers and memory. */
export interface SuiteProgram {
  /** The row's name, or `cause N`. */
  readonly name: string;
  readonly place: Place;
  readonly code: Uint8Array;
}

const edges = [
  ...[0n, 1n, 2n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn],
  ...[1n << 32n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 2n, 0xffff_ffff_8000_0000n],
  ...[0x0123_4567_89ab_cdefn, 0xfedc_ba98_7654_3210n, 0x0100_8000_01ff_0000n, 3n, 7n, 10n, 0x5555_5555_5555_5555n],
];
const doubles = [
  ...[0n, 1n << 63n, 0x3ff0n << 48n, 0xbff8n << 48n, 0x7ff0n << 48n, 0xfff0n << 48n, 0x7ff8n << 48n, 1n],
  ...[0x7ff0_0000_0000_0001n, 0x7fef_ffff_ffff_ffffn, 0x0010n << 48n, 0x43e0n << 48n, 0x4004n << 48n],
  ...[0xc1e0_0000_0020_0000n, 0x3fdf_ffff_ffff_ffffn, 0x4009_21fb_5444_2d18n],
];
const singles = [
  ...[0n, 0x8000_0000n, 0x3f80_0000n, 0xbfc0_0000n, 0x7f80_0000n, 0xff80_0000n, 0x7fc0_0000n, 1n, 0x7f80_0001n],
  ...[0x7f7f_ffffn, 0x0080_0000n, 0x5f00_0000n, 0x4020_0000n, 0xcf00_0000n, 0x3eff_ffffn, 0x4049_0fdbn],
];

const modes: Readonly<Record<Place, number>> = { M: 3, S: 1, U: 0, T: 0 };

/** The state that every program of a place begins with. f0 to f15 are doubles, f16 to f31 singles. */
function startOf(place: Place): Start {
  const mode = modes[place];
  const all = 0xd7n;
  return {
    mode,
    isTranslated: place === 'T',
    mstatus: (BigInt(mode) << 11n) | 0x6000n,
    medeleg: 0n,
    pmpRights: 7,
    fcsr: 0n,
    counteren: 7n,
    x: Array.from({ length: 32 }, (_, number) => edges[(number * 5) % edges.length]!),
    f: [...doubles, ...singles.map((single) => 0xffff_ffff_0000_0000n | single)],
    // Present, read-only, missing, without A and D.
    windows: [all, all, 0xd3n, 0n, 0x17n, all, all, all].map((flags) => ({ flags, isOutside: false })),
  };
}

/** The program as something the image builder takes. */
export function sequenceOf({ place, code }: Pick<SuiteProgram, 'place' | 'code'>): Sequence {
  const words: Word[] = [];
  for (let offset = 0; offset < code.length; offset += 2) words.push([code[offset]! | (code[offset + 1]! << 8), 2]);
  return { start: startOf(place), items: [{ words: () => words, targets: [] }], dataSeed: 1 };
}

const T0 = 5;
const T1 = 6;
const instruction = (name: string, operands: Parameters<typeof encode>[1] = {}): Word => [
  bitsOf(name, operands),
  set.encodedByName(name)!.layout.width === 16 ? 2 : 4,
];

function bytesOf(words: readonly Word[]): Uint8Array {
  return new Uint8Array(
    words.flatMap(([bits, length]) => Array.from({ length }, (_, index) => (bits >>> (8 * index)) & 0xff)),
  );
}

/** FNV-1a, for a seed of each name. */
const seedOf = (name: string): number =>
  [...name].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x0100_0193) >>> 0, 0x811c_9dc5);

const registerFields = ['rd', 'rs1', 'rs2', 'rs3'] as const;
const isFloatOperand = (row: Instruction, field: string): boolean => row.syntax.includes(`f${field}`);
const readsSingles = ({ name }: Instruction): boolean =>
  /\.s$|^fmv\.x\.w$|^c?\.?fsw/.test(name) || /\.s\b/.test(name.replace(/^fcvt\.s/, ''));

/** One random instance of a row. Memory operands are near the middle of the data page, at 2048(s0). */
function instance(row: Instruction, random: () => number): Word | undefined {
  const encoded = set.encodedByName(row.name)!;
  const { layout } = encoded;
  let bits = ((random() & ~layout.mask & ~layout.ignored) | layout.match) >>> 0;
  if (layout.width === 16) bits &= 0xffff;
  if (set.decode(bits)?.instruction !== row) return undefined;
  const decoded = set.decode(bits)!;
  const operands: Record<string, number> = {};
  for (const field of layout.fields.keys()) operands[field] = fieldValue(decoded, field);
  const { readsMemory, writesMemory, machineOperations } = effectsOf(row);
  const isMemory = readsMemory || writesMemory || machineOperations.some((name) => /^(cbo|hlvx?|hsv)\./.test(name));
  for (const field of registerFields) {
    const place = layout.fields.get(field);
    if (!place) continue;
    if (field === 'rs1' && isMemory) operands[field] = pointers.s0;
    else if (isFloatOperand(row, field)) {
      if (field !== 'rd' && place.size === 5) operands[field] = (operands[field]! & 15) | (readsSingles(row) ? 16 : 0);
    } else if (field === 'rd')
      operands[field] = place.size === 3 ? 10 + (operands[field]! & 3) : row.name === 'amocas.q' ? 12 : T0;
  }
  // Of a form with two operands the destination is a source.
  if (
    layout.fields.get('rd')?.segments[0]?.low === layout.fields.get('rs1')?.segments[0]?.low &&
    operands.rd !== undefined
  ) {
    operands.rs1 = operands.rd;
  }
  if (isMemory && operands.imm !== undefined && layout.width === 32) operands.imm = operands.imm >> 3;
  if (operands.rm !== undefined) operands.rm = random() % 3 === 0 ? 7 : operands.rm;
  try {
    return [encode(encoded, operands), layout.width === 16 ? 2 : 4];
  } catch {
    return undefined;
  }
}

function fieldValue(decoded: NonNullable<ReturnType<typeof set.decode>>, field: string): number {
  if (field === 'aq') return (decoded.bits >>> 26) & 1;
  if (field === 'rl') return (decoded.bits >>> 25) & 1;
  return decoded[field as 'rd'];
}

const INSTANCES = 16;

/** Instances of a row that neither jumps nor acts on the machine, each followed by stores of its result and flags. */
function computing(row: Instruction): Word[] {
  const random = createRandom(seedOf(row.name));
  const words: Word[] = [];
  const writesF = row.semantics.some(({ kind }) => kind === 'setF');
  const usesFloat = effectsOf(row).usesFloatState;
  let offset = -2000;
  for (let count = 0; count < INSTANCES; ) {
    const word = instance(row, random);
    if (!word) continue;
    if (usesFloat) words.push(instruction('csrrwi', { rd: 0, csr: 2, imm: count % 5 }));
    words.push(word);
    const { rd } = set.decode(word[0])!;
    words.push(instruction(writesF ? 'fsd' : 'sd', { rs1: pointers.sp, rs2: rd, imm: offset }));
    if (usesFloat) {
      words.push(instruction('csrrw', { rd: T1, csr: 1, rs1: 0 }));
      words.push(instruction('sd', { rs1: pointers.sp, rs2: T1, imm: offset + 8 }));
    }
    offset += 16;
    count++;
  }
  return words;
}

/** Conditional branches and jumps over an instruction that counts. */
function jumping(row: Instruction): Word[] {
  const random = createRandom(seedOf(row.name));
  const encoded = set.encodedByName(row.name)!;
  const { fields, width } = encoded.layout;
  const words: Word[] = [];
  const length = width === 16 ? 2 : 4;
  const base = 28;
  for (let count = 0; count < INSTANCES; count++) {
    const operands: Record<string, number> = {};
    // Registers 8 to 15, in every format's reach; the link goes elsewhere.
    if (fields.has('rs1')) operands.rs1 = 8 + (random() % 8);
    if (fields.has('rs2')) operands.rs2 = random() % 4 === 0 ? operands.rs1! : 8 + (random() % 8);
    if (fields.has('rd')) operands.rd = T0;
    if (/jr$|jalr$/.test(row.name)) {
      operands.rs1 = base;
      words.push(
        instruction('auipc', { rd: base, imm: 0 }),
        instruction('addi', { rd: base, rs1: base, imm: length + 12 - (count & 1) }),
      );
      if (fields.has('imm')) operands.imm = count & 1;
      else if (count & 1) {
        words.pop();
        words.push(instruction('addi', { rd: base, rs1: base, imm: length + 12 }));
      }
    } else operands.imm = length + 4;
    words.push([encode(encoded, operands), length]);
    words.push(instruction('addi', { rd: 29, rs1: 29, imm: 1 << (count % 11) }));
    words.push(instruction('add', { rd: 30, rs1: 30, rs2: row.name.startsWith('c.j') ? 1 : T0 }));
  }
  // Links depend on where the program stands, which is the same in every image that is made alike.
  return words;
}

const LOAD_MIDDLE = instruction('addi', { rd: pointers.s0, rs1: pointers.sp, imm: 0 });
const csr = (name: string): number => set.csrByName(name)!.address;

/** Rows that act on the machine need something around them. */
function acting(row: Instruction): { place: Place; words: Word[] } {
  const { name } = row;
  const own = (operands: Parameters<typeof encode>[1] = {}): Word => instruction(name, operands);
  if (name.startsWith('csr')) {
    const words = ['sscratch', 'fcsr', 'mscratch', 'mhartid', 'mepc'].flatMap((target, index): Word[] =>
      target === 'mscratch'
        ? []
        : [7, 17, 0].flatMap((source) => [
            own({ rd: T0, csr: csr(target), ...(name.endsWith('i') ? { imm: source & ~1 } : { rs1: source }) }),
            instruction('sd', { rs1: pointers.sp, rs2: T0, imm: -2000 + 32 * index + source }),
          ]),
    );
    return { place: 'M', words };
  }
  switch (name) {
    case 'mret':
    case 'sret': {
      const [epc, status, bits] = name === 'mret' ? ['mepc', 'mstatus', 0x800] : ['sepc', 'sstatus', 0x100];
      return {
        place: name === 'mret' ? 'M' : 'S',
        words: [
          instruction('auipc', { rd: T0, imm: 0 }),
          instruction('addi', { rd: T0, rs1: T0, imm: 28 }),
          instruction('csrrw', { rd: 0, csr: csr(epc as string), rs1: T0 }),
          instruction('addi', { rd: T0, rs1: 0, imm: (bits as number) >> 1 }),
          instruction('slli', { rd: T0, rs1: T0, imm: 1 }),
          instruction('csrrs', { rd: 0, csr: csr(status as string), rs1: T0 }),
          own(),
          // Not allowed in the mode that it went to, or back once more.
          own(),
        ],
      };
    }
    case 'wfi':
      // With a pending interrupt that is enabled in mie only.
      return {
        place: 'M',
        words: [
          instruction('csrrsi', { rd: 0, csr: csr('mip'), imm: 2 }),
          instruction('csrrsi', { rd: 0, csr: csr('mie'), imm: 2 }),
          own(),
          instruction('csrrci', { rd: 0, csr: csr('mip'), imm: 2 }),
          instruction('csrrw', { rd: 0, csr: csr('mie'), rs1: 0 }),
        ],
      };
    case 'sfence.vma':
      return { place: 'S', words: [own(), own({ rs1: T0 }), own({ rs2: T0 }), own({ rs1: T0, rs2: T1 })] };
    case 'ecall':
    case 'ebreak':
    case 'c.ebreak':
      return { place: 'U', words: [own(), instruction('addi', { rd: T0, rs1: 0, imm: 1 })] };
    case 'fence.i':
      // Its successor is overwritten before: by addi t0, x0, 77.
      return {
        place: 'M',
        words: [
          instruction('lui', { rd: T0, imm: 0x4d00000 }),
          instruction('addiw', { rd: T0, rs1: T0, imm: 0x293 }),
          instruction('auipc', { rd: T1, imm: 0 }),
          instruction('sw', { rs1: T1, rs2: T0, imm: 12 }),
          own(),
          instruction('addi', { rd: T0, rs1: 0, imm: 11 }),
        ],
      };
    default: {
      const random = createRandom(seedOf(name));
      const words: Word[] = [LOAD_MIDDLE];
      while (words.length < 8) {
        const word = instance(row, random);
        if (word) words.push(word);
      }
      return { place: 'M', words };
    }
  }
}

/** Load-reserved and store-conditional come in pairs. */
function reserving(row: Instruction): Word[] {
  const width = row.name.slice(3);
  const random = createRandom(seedOf(row.name));
  const words: Word[] = [LOAD_MIDDLE];
  for (let count = 0; count < INSTANCES / 2; count++) {
    const aqrl = { aq: random() & 1, rl: random() & 1 };
    words.push(
      instruction('addi', { rd: 28, rs1: pointers.sp, imm: -8 * (count + 1) }),
      instruction('andi', { rd: 28, rs1: 28, imm: -8 }),
    );
    words.push(instruction(`lr.${width}`, { rd: T0, rs1: 28, ...aqrl }));
    words.push(instruction(`sc.${width}`, { rd: T1, rs1: 28, rs2: 10 + (random() % 8), ...aqrl }));
    words.push(instruction('sd', { rs1: pointers.sp, rs2: T0, imm: -2000 + 16 * count }));
    words.push(instruction('sd', { rs1: pointers.sp, rs2: T1, imm: -1992 + 16 * count }));
    // Nothing is reserved any more.
    words.push(instruction(`sc.${width}`, { rd: T1, rs1: 28, rs2: T0 }));
    words.push(instruction('add', { rd: 30, rs1: 30, rs2: T1 }));
  }
  return words;
}

function programOf(row: Instruction): SuiteProgram {
  const { machineOperations } = effectsOf(row);
  const isJump = row.semantics.some(({ kind }) => kind === 'jump' || kind === 'branch');
  if (isJump) return { name: row.name, place: 'M', code: bytesOf(jumping(row)) };
  if (/^(lr|sc)\./.test(row.name)) return { name: row.name, place: 'M', code: bytesOf(reserving(row)) };
  if (machineOperations.length > 0 && !machineOperations.every((name) => name === 'hint')) {
    const { place, words } = acting(row);
    return { name: row.name, place, code: bytesOf(words) };
  }
  const { readsMemory, writesMemory } = effectsOf(row);
  const words = readsMemory || writesMemory ? [LOAD_MIDDLE, ...computing(row)] : computing(row);
  return { name: row.name, place: 'M', code: bytesOf(words) };
}

/** A program for each exception that can happen: with C, no fetch is misaligned, so cause 0 cannot. */
function exceptions(): SuiteProgram[] {
  const to = (value: number): Word[] => [instruction('lui', { rd: T0, imm: value })];
  const list: readonly (readonly [cause: number, place: Place, words: readonly Word[]])[] = [
    [1, 'S', [...to(0x50_0000), instruction('jalr', { rd: T1, rs1: T0, imm: 4 })]],
    [
      2,
      'U',
      [[0, 2], [0xffff_ffff, 4], instruction('csrrw', { rd: T0, csr: csr('sscratch'), rs1: T1 }), instruction('sret')],
    ],
    [3, 'S', [instruction('ebreak'), instruction('c.ebreak')]],
    [4, 'U', [instruction('addi', { rd: T0, rs1: pointers.sp, imm: 1 }), instruction('lr.w', { rd: T1, rs1: T0 })]],
    [5, 'U', [...to(0x50_0000), instruction('ld', { rd: T1, rs1: T0, imm: 8 })]],
    [
      6,
      'U',
      [
        instruction('addi', { rd: T0, rs1: pointers.sp, imm: 2 }),
        instruction('amoadd.d', { rd: T1, rs1: T0, rs2: 10 }),
      ],
    ],
    [7, 'S', [...to(0x50_0000), instruction('sw', { rs1: T0, rs2: T1, imm: -4 })]],
    [8, 'U', [instruction('ecall')]],
    [9, 'S', [instruction('ecall')]],
    [11, 'M', [instruction('ecall')]],
    [12, 'T', [...to(0x4000_3000), instruction('jalr', { rd: T1, rs1: T0, imm: 8 })]],
    [
      13,
      'T',
      [
        ...to(0x4000_3000),
        instruction('ld', { rd: T1, rs1: T0, imm: 8 }),
        instruction('lw', { rd: T1, rs1: T0, imm: -2 }),
      ],
    ],
    [
      15,
      'T',
      [
        ...to(0x4000_2000),
        instruction('sd', { rs1: T0, rs2: T1, imm: 8 }),
        instruction('amoor.w', { rd: T1, rs1: T0, rs2: T1 }),
      ],
    ],
  ];
  return list.map(([cause, place, words]) => ({ name: `cause ${cause}`, place, code: bytesOf(words) }));
}

/** A program for every row of the instruction set, and one for every exception. */
export function suitePrograms(covers: (row: Instruction) => boolean): SuiteProgram[] {
  return [...set.rows.filter(covers).map(programOf), ...exceptions()];
}
