import { defaultInstructionSet, disassemble, effectsOf, encode, type Instruction } from '@worldswitch/isa';

/**
 * A sequence is a list of items, each of one or a few instructions that belong together. Jumps go to items, so that a sequence
 * stays meaningful when items are taken out of it.
 */
export interface Item {
  /** Instructions at an address, once it is known where every item stands. */
  words(at: number, addressOf: (item: Item) => number): readonly Word[];
  /** Items that it refers to. When one of them is gone, so is this. */
  readonly targets: readonly Item[];
}

/** One instruction: its bits, and 2 or 4 bytes. */
export type Word = readonly [bits: number, length: 2 | 4];

export interface Start {
  /** 0, 1 or 3. */
  readonly mode: number;
  readonly isTranslated: boolean;
  readonly mstatus: bigint;
  readonly medeleg: bigint;
  readonly pmpRights: number;
  readonly fcsr: bigint;
  readonly counteren: bigint;
  readonly x: readonly bigint[];
  readonly f: readonly bigint[];
  /** Flags of the windows' page-table entries; a window with `isOutside` shows an address without memory. */
  readonly windows: readonly { readonly flags: bigint; readonly isOutside: boolean }[];
}

export interface Sequence {
  readonly start: Start;
  readonly items: readonly Item[];
  /** What the data page holds first: a seed. */
  readonly dataSeed: number;
}

const set = defaultInstructionSet();

/**
 * Registers with a purpose, which random instructions do not write: sp, s0 and s1 point into windows or the data page; s2 to where
 * something is wrong; s9 to s11 are for items.
 */
export const pointers = { sp: 2, s0: 8, s1: 9, s2: 18, second: 25, scratch: 26, loop: 27 } as const;
const reserved: ReadonlySet<number> = new Set(Object.values(pointers));

export const bitsOf = (name: string, operands: Parameters<typeof encode>[1] = {}): number => {
  const row = set.encodedByName(name);
  if (!row) throw new Error(`there is no row ${name}`);
  return encode(row, operands);
};
const long = (name: string, operands: Parameters<typeof encode>[1] = {}): Word => [bitsOf(name, operands), 4];

/** Extensions that QEMU 7.2 has in its default CPU. */
const everywhere = ['I', 'M', 'A', 'F', 'D', 'C', 'Zcd', 'Zba', 'Zbb', 'Zbc', 'Zbs'];
/** Those that later versions have, with the property that turns each on, and the first version. */
export const laterExtensions: Readonly<Record<string, readonly [property: string, version: number]>> = {
  Zicond: ['zicond', 8],
  Zfa: ['zfa', 8],
  Zacas: ['zacas', 9],
  Zicbom: ['zicbom', 8],
  Zicboz: ['zicboz', 8],
  Zimop: ['zimop', 10],
  Zcmop: ['zcmop', 10],
  Svinval: ['svinval', 8],
};

interface Kinds {
  readonly computing: readonly Instruction[];
  readonly floating: readonly Instruction[];
  readonly accessing: readonly Instruction[];
  readonly branching: readonly Instruction[];
}

const isJump = (row: Instruction): boolean => row.semantics.some(({ kind }) => kind === 'jump' || kind === 'branch');

function kindsOf(version: number): Kinds {
  const extensions = new Set(everywhere);
  for (const [name, [, first]] of Object.entries(laterExtensions)) if (version >= first) extensions.add(name);
  // QEMU 7.2 looks at the upper word in ctzw when the lower one is zero; the manual's result is 32 then (Zbb, "ctzw").
  const rows = set.rows.filter((row) => extensions.has(row.extension) && !(row.name === 'ctzw' && version < 8));
  const touches = (row: Instruction): boolean => {
    const { readsMemory, writesMemory, machineOperations } = effectsOf(row);
    return readsMemory || writesMemory || machineOperations.some((name) => name.startsWith('cbo.'));
  };
  const plain = rows.filter(
    (row) =>
      !touches(row) && !isJump(row) && effectsOf(row).machineOperations.every((name) => /^(hint|fence)/.test(name)),
  );
  return {
    computing: plain.filter((row) => !effectsOf(row).usesFloatState),
    floating: plain.filter((row) => effectsOf(row).usesFloatState),
    accessing: rows.filter((row) => touches(row) && !/^(lr|sc)\./.test(row.name)),
    branching: rows.filter((row) => row.semantics.some(({ kind }) => kind === 'branch')),
  };
}

const interesting = [
  ...[0n, 1n, 2n, 3n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n],
  ...[0xffff_ffffn, 1n << 32n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 2n, 0xffff_ffff_8000_0000n],
];
const interestingFloats = [
  ...[
    0n,
    1n << 63n,
    0x3ff0n << 48n,
    0xbff8n << 48n,
    0x7ff0n << 48n,
    0xfff0n << 48n,
    0x7ff8n << 48n,
    1n,
    0x000fn << 48n,
  ],
  ...[
    0x7ff0_0000_0000_0001n,
    0xfff8_0000_0000_0001n,
    0x7fef_ffff_ffff_ffffn,
    0x0010n << 48n,
    0x43e0n << 48n,
    0xc3e0n << 48n,
  ],
  ...[0x41df_ffff_ffc0_0000n, 0xc1e0_0000_0020_0000n, 0x3fdf_ffff_ffff_ffffn, 0x36a0n << 48n, 0x47ef_ffff_f000_0000n],
];
const interestingSingles = [
  ...[0, 0x8000_0000, 0x3f80_0000, 0xbfc0_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001, 0xffc0_0001, 1],
  ...[0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x4f00_0000, 0xcf00_0000, 0x5f00_0000, 0x4eff_ffff, 0x3eff_ffff],
];

/** CSRs to read and write at random, as far as a mode may; the counters are only read, and the value is not kept. */
// Not causes and values of traps, which QEMU does not always have right (see image.ts): the log has them.
const readableCsrs = [
  ...['fflags', 'frm', 'fcsr', 'sstatus', 'stvec', 'sscratch', 'sepc', 'scounteren', 'satp', 'mstatus', 'mepc'],
  ...['mhartid', 'medeleg', 'pmpaddr0', 'pmpcfg0'],
];
// Nor sepc and mepc, whose lowest bit QEMU 7.2 lets be written: trap returns write them.
const writableCsrs = ['fflags', 'frm', 'fcsr', 'sscratch'];
const countingCsrs = ['cycle', 'time', 'instret', 'hpmcounter3', 'mcycle'];
const absentCsrs = [0x5c0, 0x800, 0xcc0, 0x7c0, 0xfc0, 0x0ff, 0x1ff];
/** Bits of mstatus that sequences set and clear: MPRV, FS as a whole, SUM, MXR, TVM, TW, TSR, SPP, MPP and SPIE. */
const statusBits = [
  1n << 17n,
  0x6000n,
  1n << 18n,
  1n << 19n,
  0x10_0000n,
  0x20_0000n,
  0x40_0000n,
  0x100n,
  0x1800n,
  0x20n,
];
const supervisorStatusBits = [0x6000n, 1n << 18n, 1n << 19n, 0x100n, 0x20n];

const PTE = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, A: 64n, D: 128n } as const;

/** Makes random sequences, the same for the same source of numbers. */
export function createGenerator(random: () => number, version: number) {
  const kinds = kindsOf(version);
  const pick = <Element>(elements: readonly Element[]): Element => elements[random() % elements.length]!;
  const chance = (percent: number): boolean => random() % 100 < percent;
  const between = (low: number, high: number): number => low + (random() % (high - low + 1));
  const random64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
  const integer = (): bigint =>
    chance(40) ? pick(interesting) : BigInt.asUintN(64, BigInt.asIntN(between(1, 64), random64()));
  const float = (): bigint => {
    if (chance(30)) return pick(interestingFloats);
    if (chance(30)) return 0xffff_ffff_0000_0000n | BigInt(pick(interestingSingles));
    if (chance(40)) return 0xffff_ffff_0000_0000n | BigInt((0x3000_0000 + (random() % 0x2000_0000)) >>> 0);
    if (chance(50)) return (BigInt(between(0x370, 0x480)) << 52n) | (random64() >> 12n);
    return random64();
  };
  const freeRegister = (): number => {
    for (;;) {
      const register = between(1, 31);
      if (!reserved.has(register)) return register;
    }
  };

  /** Random operands of a row, with memory operands based on a pointer; undefined when that row cannot take such. */
  function encodeRow(row: Instruction, base?: number): Word | undefined {
    const { layout } = set.encodedByName(row.name)!;
    let bits = ((random() & ~layout.mask & ~layout.ignored) | layout.match) >>> 0;
    if (layout.width === 16) bits &= 0xffff;
    const baseField = layout.fields.get('rs1');
    if (base !== undefined && baseField) {
      const [segment] = baseField.segments;
      const stored = base - baseField.base;
      if (segment === undefined || stored < 0 || stored >= 2 ** baseField.size) return undefined;
      bits = (bits & ~((2 ** baseField.size - 1) << segment.low)) | (stored << segment.low);
      bits >>>= 0;
    }
    const decoded = set.decode(bits);
    if (decoded?.instruction !== row) return undefined;
    // Writing a reserved register; rd of a floating-point destination is another file.
    const writesX = row.semantics.some(({ kind }) => kind === 'setX') || row.name === 'amocas.q';
    if (writesX && (reserved.has(decoded.rd) || (row.name === 'amocas.q' && reserved.has(decoded.rd + 1))))
      return undefined;
    return [bits, decoded.length];
  }

  const single = (word: Word): Item => ({ words: () => [word], targets: [] });
  function fromRows(rows: readonly Instruction[], base?: () => number): Item {
    for (;;) {
      const word = encodeRow(pick(rows), base?.());
      if (word) return single(word);
    }
  }
  const pointer = (): number => pick(chance(80) ? [pointers.s0, pointers.s1, pointers.sp] : [pointers.s2]);

  /** li of a 32-bit number into a register. */
  function load32(register: number, value: bigint): Word[] {
    const low = Number(BigInt.asIntN(12, value));
    const high = Number(BigInt.asIntN(32, value - BigInt(low)));
    return [long('lui', { rd: register, imm: high }), long('addiw', { rd: register, rs1: register, imm: low })];
  }

  function csrItem(mode: number, changesRights: boolean): Item {
    const operation = pick(['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci']);
    const isImmediate = operation.endsWith('i');
    const rd = chance(20) ? 0 : freeRegister();
    const kind = random() % 10;
    const at = (name: string): number => set.csrByName(name)!.address;
    if (kind < 3) {
      const name = pick(writableCsrs);
      return single(
        long(operation, { rd, csr: at(name), ...(isImmediate ? { imm: random() % 32 } : { rs1: between(0, 31) }) }),
      );
    }
    if (kind < 5) {
      return single(long('csrrs', { rd, csr: at(pick(readableCsrs)), rs1: 0 }));
    }
    if (kind < 6) return single(long(pick(['csrrs', 'csrrsi']), { rd: 0, csr: at(pick(countingCsrs)) }));
    if (kind < 7) return single(long(operation, { rd, csr: pick(absentCsrs) }));
    const isMachine = mode === 3 && chance(70);
    const mask = pick(isMachine ? (changesRights ? statusBits : statusBits.slice(1)) : supervisorStatusBits);
    const csr = at(isMachine ? 'mstatus' : 'sstatus');
    const words = [
      ...load32(pointers.scratch, mask),
      long(random() % 2 ? 'csrrs' : 'csrrc', { rd, csr, rs1: pointers.scratch }),
    ];
    return { words: () => words, targets: [] };
  }

  /** mret or sret to the next instruction, in another mode. */
  function returnItem(mode: number): Item {
    const isMachine = mode === 3;
    const [name, epc, status, bits] = isMachine
      ? (['mret', 'mepc', 'mstatus', 0x1800n] as const)
      : (['sret', 'sepc', 'sstatus', 0x100n] as const);
    const previous = isMachine ? pick([0n, 0x800n, 0x1800n]) : pick([0n, 0x100n]);
    const csr = set.csrByName(status)!.address;
    const words = [
      ...load32(pointers.scratch, bits),
      long('csrrc', { rd: 0, csr, rs1: pointers.scratch }),
      ...load32(pointers.scratch, previous),
      long('csrrs', { rd: 0, csr, rs1: pointers.scratch }),
      // To the end of this item, whatever the address.
      long('auipc', { rd: pointers.scratch, imm: 0 }),
      long('addi', { rd: pointers.scratch, rs1: pointers.scratch, imm: 16 }),
      long('csrrw', { rd: 0, csr: set.csrByName(epc)!.address, rs1: pointers.scratch }),
      long(name),
    ];
    return { words: () => words, targets: [] };
  }

  function illegalItem(mode: number): Item {
    const kind = random() % 6;
    if (kind === 0) return single([0, 2]);
    if (kind === 1) return single([0xffff_ffff, 4]);
    // Custom opcodes, and the reserved one beside them.
    if (kind === 2) return single([((random() << 7) | pick([0x0b, 0x2b, 0x5b, 0x7b])) >>> 0, 4]);
    if (kind === 3) return single(long(pick(['ecall', 'ebreak'])));
    if (kind === 4) {
      // A rounding mode that is reserved.
      const row = pick(['fadd.d', 'fmul.s', 'fcvt.w.d', 'fsqrt.d']);
      return single([(bitsOf(row, { rd: between(1, 31) }) | (pick([5, 6]) << 12)) >>> 0, 4]);
    }
    // A return in the mode that may make it goes where the last trap was: from machine mode that may never end, and in supervisor
    // mode a store-conditional is carried out again without its reservation (see reservationItem).
    const others: Word[] = [[bitsOf('c.ebreak'), 2], long('sfence.vma', { rs1: pointers.s0 })];
    return single(pick([...others, ...(mode < 3 ? [long('mret')] : []), ...(mode === 0 ? [long('sret')] : [])]));
  }

  function reservationItem(): Item {
    const width = pick(['w', 'd']);
    const [rs1, rd, rs2] = [pick([pointers.s0, pointers.s1]), freeRegister(), between(0, 31)];
    const aqrl = { aq: random() & 1, rl: random() & 1 };
    const middle = chance(30) ? [encodeRow(pick(kinds.computing)) ?? long('addi')] : [];
    const words = [
      long('andi', { rd: pointers.scratch, rs1, imm: -8 }),
      long('addi', { rd, rs1: 0, imm: -1365 }),
      long('addi', { rd: pointers.second, rs1: 0, imm: -1365 }),
      long(`lr.${width}`, { rd, rs1: pointers.scratch, ...aqrl }),
      // Without a reservation QEMU lets a store-conditional fail before it looks at the address, which the manual allows.
      long('beq', { rs1: rd, rs2: pointers.second, imm: 8 + middle.reduce((sum, [, length]) => sum + length, 0) }),
      ...middle,
      long(`sc.${width}`, { rd: freeRegister(), rs1: pointers.scratch, rs2, ...aqrl }),
    ];
    return { words: () => words, targets: [] };
  }

  function jumpTo(target: Item): Item {
    const kind = random() % 4;
    const rd = chance(50) ? 0 : freeRegister();
    if (kind === 0) {
      const row = pick(kinds.branching);
      const encoded = set.encodedByName(row.name)!;
      const operands = { rs1: encoded.layout.width === 16 ? between(8, 15) : between(0, 31), rs2: between(0, 31) };
      return {
        words(at, addressOf) {
          const imm = addressOf(target) - at;
          const given = encoded.layout.width === 16 ? { rs1: operands.rs1, imm } : { ...operands, imm };
          return [[encode(encoded, given), encoded.layout.width === 16 ? 2 : 4]];
        },
        targets: [target],
      };
    }
    if (kind === 1)
      return { words: (at, addressOf) => [long('jal', { rd, imm: addressOf(target) - at })], targets: [target] };
    if (kind === 2)
      return { words: (at, addressOf) => [[bitsOf('c.j', { imm: addressOf(target) - at }), 2]], targets: [target] };
    return {
      words: (at, addressOf) => [
        long('auipc', { rd: pointers.scratch, imm: 0 }),
        long('jalr', { rd, rs1: pointers.scratch, imm: addressOf(target) - at }),
      ],
      targets: [target],
    };
  }

  /** Overwrites an instruction of four bytes by another one. */
  function patchOf(target: Item): Item {
    const [bits] = (() => {
      for (;;) {
        const word = encodeRow(pick(chance(70) ? kinds.computing : kinds.floating));
        if (word?.[1] === 4) return word;
      }
    })();
    const register = freeRegister();
    return {
      words: (at, addressOf) => [
        ...load32(register, BigInt(bits)),
        long('auipc', { rd: pointers.scratch, imm: 0 }),
        long('sw', { rs1: pointers.scratch, rs2: register, imm: addressOf(target) - at - 8 }),
        long('fence.i'),
      ],
      targets: [target],
    };
  }

  function wildJump(): Item {
    return single(long('jalr', { rd: freeRegister(), rs1: pick([pointers.s2, 0]), imm: between(-64, 64) }));
  }

  function itemsOf({ mode, isTranslated, pmpRights, windows }: Start): Item[] {
    // QEMU finds a page without memory, or without rights, before it finds that an atomic operation may not write to it, and does
    // not look at memory or its rights for cache-block management as the manual says.
    const hasMemory = isTranslated && mode < 3 && !windows.some(({ isOutside }) => isOutside);
    const isAtomicExact = !isTranslated || (pmpRights === 7 && hasMemory);
    const accessing = kinds.accessing.filter(
      ({ name }) =>
        (isAtomicExact || !name.startsWith('amo')) && ((hasMemory && pmpRights === 7) || !/^cbo\.[^z]/.test(name)),
    );
    // In QEMU 7.2, MPRV outlives a return to a lower mode (privileged ISA, "Memory Privilege in mstatus Register"), and does not
    // reach pages that instructions were fetched from.
    const changesRights = mode === 3 && chance(50);
    const count = between(12, 45);
    const items: Item[] = [];
    // From the end to the beginning, so that jumps know what they go to.
    const later = (): Item | undefined => items[random() % Math.min(items.length, 8)];
    let loopEnd: { item: Item; left: number } | undefined;
    while (items.length < count) {
      if (loopEnd && loopEnd.left-- <= 0) {
        const { item } = loopEnd;
        items.unshift(item.targets[0]!);
        loopEnd = undefined;
        continue;
      }
      const kind = random() % 100;
      const target = later();
      if (kind < 30) items.unshift(fromRows(kinds.computing));
      else if (kind < 48) items.unshift(fromRows(kinds.floating));
      else if (kind < 70) items.unshift(fromRows(accessing, pointer));
      else if (kind < 73) items.unshift(reservationItem());
      else if (kind < 79) items.unshift(csrItem(mode, changesRights));
      else if (kind < 82) items.unshift(illegalItem(mode));
      else if (kind < 91 && target) items.unshift(jumpTo(target));
      else if (kind < 94 && target && !changesRights && isPatchable(target)) items.unshift(patchOf(target));
      else if (kind < 96 && mode > 0 && !changesRights) items.unshift(returnItem(mode));
      else if (kind < 98 && !loopEnd) {
        const begin = single(long('addi', { rd: pointers.loop, rs1: 0, imm: between(1, 6) }));
        const end: Item = {
          words: (at, addressOf) => [
            long('addi', { rd: pointers.loop, rs1: pointers.loop, imm: -1 }),
            long('blt', { rs1: 0, rs2: pointers.loop, imm: addressOf(begin) + 4 - at - 4 }),
          ],
          targets: [begin],
        };
        items.unshift(end);
        loopEnd = { item: end, left: between(2, 10) };
      } else if (kind === 98 && chance(20)) items.unshift(wildJump());
    }
    if (loopEnd) items.unshift(loopEnd.item.targets[0]!);
    return items;
  }

  function start(): Start {
    const mode = pick([0, 0, 1, 1, 3]);
    const isTranslated = chance(60);
    const status = (percent: number, bits: bigint): bigint => (chance(percent) ? bits : 0n);
    const windows = Array.from({ length: 8 }, () => {
      const user = chance(85) === (mode === 0) ? PTE.U : 0n;
      const all = PTE.V | PTE.R | PTE.W | PTE.A | PTE.D | user;
      const flags = chance(50)
        ? all
        : pick([
            all & ~PTE.D,
            all & ~PTE.A & ~PTE.D,
            all & ~PTE.W,
            all & ~PTE.V,
            all ^ PTE.U,
            all & ~PTE.R,
            PTE.V | PTE.X | PTE.A | user,
            all | PTE.X,
            all | (1n << 58n),
            0n,
          ]);
      return { flags, isOutside: false };
    });
    // Nothing is stored across into it: QEMU would store the part before it.
    if (chance(30)) {
      windows[6] = { flags: 0n, isOutside: false };
      windows[7] = { flags: windows[7]!.flags, isOutside: true };
    }
    return {
      mode,
      isTranslated,
      mstatus:
        (BigInt(mode) << 11n) |
        status(94, 0x6000n) |
        status(40, 1n << 18n) |
        status(30, 1n << 19n) |
        status(10, 1n << 20n) |
        status(10, 1n << 21n) |
        status(10, 1n << 22n) |
        status(30, 0x100n) |
        status(30, 0x20n) |
        status(30, 0x80n),
      // Not the failed fetches, for supervisor mode may not be able to fetch at all; nor its own calls. Faults of loads and of stores
      // go the same way (see image.ts).
      medeleg: chance(40) ? delegation(random()) : 0n,
      pmpRights: pick([7, 7, 7, 7, 7, 1, 3, 0, 5]),
      fcsr: BigInt(chance(90) ? (between(0, 4) << 5) | (random() & 31) : random() & 0xff),
      counteren: BigInt(random() & 7),
      x: Array.from({ length: 32 }, integer),
      f: Array.from({ length: 32 }, float),
      windows,
    };
  }

  return {
    sequence(): Sequence {
      const first = start();
      return { start: first, items: itemsOf(first), dataSeed: random() };
    },
  };
}

/** Random exceptions of 2 to 8, 13 and 15, where 4 and 6, 5 and 7, 13 and 15 are delegated together. */
function delegation(bits: number): bigint {
  const loads = bits & 0x2030;
  return BigInt((bits & 0x10c) | loads | (loads << 2));
}

function isPatchable(item: Item): boolean {
  if (item.targets.length > 0) return false;
  const words = item.words(0, () => 0);
  return words.length === 1 && words[0]![1] === 4;
}

/** The items as code at an address. Jumps that do not reach their target, or whose target is gone, are left out. */
export function link(items: readonly Item[], origin: number): Uint8Array {
  let kept = items;
  for (;;) {
    const present = new Set(kept);
    const addresses = new Map<Item, number>();
    let at = origin;
    // Lengths do not depend on addresses; a distance that every form can hold gives the length.
    for (const item of kept) {
      addresses.set(item, at);
      at += lengthOf(item);
    }
    const unfit = new Set<Item>();
    const bytes: number[] = [];
    for (const item of kept) {
      const from = addresses.get(item)!;
      if (!item.targets.every((target) => present.has(target))) {
        unfit.add(item);
        continue;
      }
      try {
        for (const [bits, length] of item.words(from, (target) => addresses.get(target)!)) {
          for (let index = 0; index < length; index++) bytes.push((bits >>> (8 * index)) & 0xff);
        }
      } catch {
        unfit.add(item);
      }
    }
    if (unfit.size === 0) return new Uint8Array(bytes);
    kept = kept.filter((item) => !unfit.has(item));
  }
}

const lengths = new WeakMap<Item, number>();

function lengthOf(item: Item): number {
  let length = lengths.get(item);
  if (length === undefined) {
    length = item.words(0, () => 0).reduce((sum, [, bytes]) => sum + bytes, 0);
    lengths.set(item, length);
  }
  return length;
}

/** The code of a sequence, one instruction a line. */
export function listing(code: Uint8Array, origin: number): string[] {
  const lines: string[] = [];
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (let offset = 0; offset + 1 < code.length; ) {
    const low = view.getUint16(offset, true);
    const isLong = (low & 3) === 3 && offset + 3 < code.length;
    const bits = isLong ? view.getUint32(offset, true) : low;
    const at = origin + offset;
    lines.push(`  ${at.toString(16)}  ${bits.toString(16).padStart(isLong ? 8 : 4, '0')}  ${disassemble(bits, at)}`);
    offset += isLong ? 4 : 2;
  }
  return lines;
}
