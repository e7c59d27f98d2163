import { describe, expect, it } from 'vitest';
import {
  ElfError,
  type ElfFault,
  isElf,
  loadSegments,
  readElfHeader,
  readProgramHeaders,
  readSectionHeaders,
  sectionData,
} from './elf.ts';

/** Two program headers (one PT_LOAD of 8 bytes, 16 in memory; one PT_NOTE far beyond the end), the bytes, one section with them. */
function elf(change: (view: DataView) => void = () => {}): Uint8Array {
  const file = new Uint8Array(64 + 2 * 56 + 8 + 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(24, 0xffff_ffff_8020_1004n, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, 184n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(72, 176n, true);
  view.setBigUint64(80, 0xffff_ffff_8020_1000n, true);
  view.setBigUint64(88, 0x8020_1000n, true);
  view.setBigUint64(96, 8n, true);
  view.setBigUint64(104, 16n, true);
  view.setUint32(120, 4, true);
  view.setBigUint64(128, 0x10_0000n, true);
  view.setBigUint64(152, 8n, true);
  file.set([1, 2, 3, 4, 5, 6, 7, 8], 176);
  view.setUint32(188, 1, true);
  view.setBigUint64(192, 6n, true);
  view.setBigUint64(200, 0x8020_1000n, true);
  view.setBigUint64(208, 176n, true);
  view.setBigUint64(216, 8n, true);
  view.setUint32(224, 3, true);
  change(view);
  return file;
}

const segmentsOf = (file: Uint8Array) => loadSegments(file, readProgramHeaders(file, readElfHeader(file)));
const sectionsOf = (file: Uint8Array) => readSectionHeaders(file, readElfHeader(file));

describe('an ELF file', () => {
  it('has segments to load, wherever the file lies in its buffer', () => {
    const file = new Uint8Array([...new Uint8Array(3), ...elf()]).subarray(3);
    expect(isElf(file)).toBe(true);
    expect(readElfHeader(file)).toMatchObject({ type: 2, entry: 0xffff_ffff_8020_1004n });
    expect(segmentsOf(file)).toEqual([
      {
        index: 0,
        type: 1,
        flags: 5,
        fileOffset: 176,
        virtualAddress: 0xffff_ffff_8020_1000n,
        physicalAddress: 0x8020_1000n,
        fileBytes: 8,
        memoryBytes: 16,
        data: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
      },
    ]);
  });

  it('may have longer program headers than there are today', () => {
    const wide = elf((view) => {
      view.setUint16(54, 57, true);
      view.setUint16(56, 1, true);
    });
    expect(segmentsOf(wide)).toHaveLength(1);
  });

  it('has sections', () => {
    const file = elf();
    const sections = sectionsOf(file);
    expect(sections).toEqual([
      { index: 0, type: 1, flags: 6n, address: 0x8020_1000n, fileOffset: 176, bytes: 8, link: 3 },
    ]);
    expect([...sectionData(file, sections[0]!)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('may have neither, and takes no harm from damage to what is not read', () => {
    const bare = elf((view) => {
      view.setUint16(56, 0, true);
      view.setUint16(60, 0, true);
      view.setBigUint64(40, 0n, true);
    });
    expect(segmentsOf(bare)).toEqual([]);
    expect(sectionsOf(bare)).toEqual([]);
    expect(segmentsOf(elf((view) => view.setBigUint64(40, 2n ** 64n - 1n, true)))).toHaveLength(1);
    expect(sectionsOf(elf((view) => view.setBigUint64(32, 2n ** 64n - 1n, true)))).toHaveLength(1);
    expect(segmentsOf(elf((view) => view.setBigUint64(96, 0n, true)))[0]?.data).toHaveLength(0);
    expect(segmentsOf(elf((view) => new Uint8Array(view.buffer).fill(0, 96, 112)))).toEqual([]);
  });
});

type Broken = readonly [what: string, file: Uint8Array, fault: ElfFault, message: string];

const broken: readonly Broken[] = [
  ['nothing', new Uint8Array(0), 'kind', 'no ELF file: expected 7f 45 4c 46 at offset 0, it has 0 bytes'],
  ['zeros', new Uint8Array(200), 'kind', 'no ELF file: expected 7f 45 4c 46 at offset 0, found 00 00 00 00'],
  ['a header cut short', elf().subarray(0, 63), 'truncated', 'truncated: 63 bytes, the ELF header is cut off'],
  [
    '32 bits',
    elf((view) => view.setUint8(4, 1)),
    'kind',
    'expected a 64-bit file (class 2 at offset 4), found class 1',
  ],
  ['big endian', elf((view) => view.setUint8(5, 2)), 'kind', 'expected little endian (1 at offset 5), found 2'],
  [
    'another architecture',
    elf((view) => view.setUint16(18, 62, true)),
    'kind',
    'expected machine RISC-V (243 at offset 18), found 62 (x86-64)',
  ],
  ['one that nobody knows', elf((view) => view.setUint16(18, 999, true)), 'kind', 'found 999'],
  [
    'program headers cut short',
    elf().subarray(0, 175),
    'truncated',
    'truncated: 2 program headers are cut off: they take bytes 0x40 to 0xb0, the file has 0xaf',
  ],
  [
    'program headers of a wrong size',
    elf((view) => view.setUint16(54, 32, true)),
    'inconsistent',
    'expected program headers of 56 bytes (at offset 54), found 32',
  ],
  [
    'program headers beyond any file',
    elf((view) => view.setBigUint64(32, 2n ** 64n - 1n, true)),
    'inconsistent',
    'expected an offset or size at offset 0x20, found 0xffffffffffffffff: it is beyond any address',
  ],
  ['too many program headers', elf((view) => view.setUint16(56, 0xffff, true)), 'inconsistent', '65,535 or more'],
  [
    'a segment cut short',
    elf().subarray(0, 180),
    'truncated',
    'truncated: segment 0 needs bytes 0xb0 to 0xb8, the file has 0xb4',
  ],
  [
    'a segment that ends beyond 2^53',
    elf((view) => {
      view.setBigUint64(72, 2n ** 53n - 1n, true);
    }),
    'truncated',
    'truncated: segment 0 needs bytes 0x1fffffffffffff',
  ],
  ['a segment larger than its memory', elf((view) => view.setBigUint64(104, 7n, true)), 'inconsistent', 'is larger in'],
  ['a segment without memory', elf((view) => view.setBigUint64(104, 0n, true)), 'inconsistent', 'is larger in'],
];

const brokenSections: readonly Broken[] = [
  [
    'section headers cut short',
    elf().subarray(0, 200),
    'truncated',
    'truncated: 1 section headers are cut off: they take bytes 0xb8 to 0xf8, the file has 0xc8',
  ],
  [
    'section headers of a wrong size',
    elf((view) => view.setUint16(58, 40, true)),
    'inconsistent',
    'expected section headers of 64 bytes (at offset 58), found 40',
  ],
  ['too many sections', elf((view) => view.setUint16(60, 0, true)), 'inconsistent', '65,280 or more sections'],
  [
    'a section cut short',
    elf((view) => view.setBigUint64(216, 100n, true)),
    'truncated',
    'truncated: section 0 needs bytes 0xb0 to 0x114, the file has 0xf8',
  ],
];

const caught = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};

describe('a broken ELF file says what was expected, and where', () => {
  it.each(broken)('%s', (_what, file, fault, message) => {
    const error = caught(() => segmentsOf(file));
    expect(error).toBeInstanceOf(ElfError);
    expect((error as ElfError).message).toContain(message);
    expect((error as ElfError).fault).toBe(fault);
  });

  it.each(brokenSections)('%s', (_what, file, fault, message) => {
    const error = caught(() => sectionsOf(file).map((section) => sectionData(file, section)));
    expect(error).toBeInstanceOf(ElfError);
    expect((error as ElfError).message).toContain(message);
    expect((error as ElfError).fault).toBe(fault);
  });

  it('is refused in no other way, whatever its bytes', () => {
    const seed = Number(process.env.WORLDSWITCH_SEED ?? 20_261);
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 20_000; round++) {
      const file = elf().subarray(0, random(4) === 0 ? random(249) : 248);
      for (let change = 0; change < 3; change++) if (file.length > 6) file[6 + random(file.length - 6)] = random(256);
      for (const read of [segmentsOf, (bytes: Uint8Array) => sectionsOf(bytes).map((one) => sectionData(bytes, one))]) {
        const result = caught(() => read(file));
        const isGood = result instanceof ElfError || Array.isArray(result);
        expect(isGood, `seed ${seed}, round ${round}: ${result}`).toBe(true);
      }
    }
  });
});
