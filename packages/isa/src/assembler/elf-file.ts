import type { AssembledProgram, AssembledSection } from './assemble.ts';

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const PAGE = 4096n;
const EXECUTABLE = 2;
const MACHINE_RISCV = 243;
const LOAD = 1;
const READ_WRITE_EXECUTE = 7;
const SectionKind = { program: 1, symbols: 2, strings: 3 } as const;
const SectionFlag = { write: 1n, allocate: 2n, execute: 4n } as const;
const ABSOLUTE = 0xfff1;
const GLOBAL_BINDING = 1 << 4;

/** A section header but for its name, and what it stands for. */
interface Section {
  readonly name: string;
  readonly kind: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly link?: number;
  /** Of symbols: the number of local ones. */
  readonly info?: number;
  readonly entryBytes?: number;
  /** Where it is in the file, when that is not at the end of what came before. */
  readonly offset?: number;
}

/**
 * An assembled program as a static ELF executable (System V gABI 4.1, chapters 4 and 5), with sections and symbols. All of it is one
 * segment that may be read, written and executed, as GNU ld lays it out with -N; addresses are those it was assembled for, virtual and
 * physical.
 */
export function elfFile(program: AssembledProgram): Uint8Array {
  const { origin, bytes, entry } = program;
  // A segment's place in the file and in memory must be the same within a page.
  const headers = BigInt(HEADER_BYTES + PROGRAM_HEADER_BYTES);
  const start = Number(headers + ((((origin - headers) % PAGE) + PAGE) % PAGE));
  const sections = sectionsOf(program, start);
  const names = new StringTable();
  const nameOffsets = sections.map(({ name }) => names.add(name));
  const nameOfNames = names.add('.shstrtab');
  sections.push(strings('.shstrtab', names));
  nameOffsets.push(nameOfNames);

  let end = start + bytes.length;
  const places = sections.map(({ offset, bytes: contents }) => {
    if (offset !== undefined) return offset;
    const place = align8(end);
    end = place + contents.length;
    return place;
  });
  const table = align8(end);
  const file = new Uint8Array(table + (sections.length + 1) * SECTION_HEADER_BYTES);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, EXECUTABLE, true);
  view.setUint16(18, MACHINE_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setBigUint64(40, BigInt(table), true);
  for (const [index, half] of [
    HEADER_BYTES,
    PROGRAM_HEADER_BYTES,
    1,
    SECTION_HEADER_BYTES,
    sections.length + 1,
    sections.length,
  ].entries()) {
    view.setUint16(52 + 2 * index, half, true);
  }
  view.setUint32(HEADER_BYTES, LOAD, true);
  view.setUint32(HEADER_BYTES + 4, READ_WRITE_EXECUTE, true);
  const size = BigInt(bytes.length);
  for (const [index, word] of [BigInt(start), origin, origin, size, size, PAGE].entries()) {
    view.setBigUint64(HEADER_BYTES + 8 + 8 * index, word, true);
  }
  file.set(bytes, start);
  for (const [index, section] of sections.entries()) {
    const place = places[index]!;
    if (section.offset === undefined) file.set(section.bytes, place);
    writeSectionHeader(view, table + (index + 1) * SECTION_HEADER_BYTES, section, place, nameOffsets[index]!);
  }
  return file;
}

const align8 = (offset: number): number => (offset + 7) & ~7;

function writeSectionHeader(view: DataView, at: number, section: Section, place: number, name: number): void {
  const { kind, flags, address, bytes, link = 0, info = 0, entryBytes = 0 } = section;
  view.setUint32(at, name, true);
  view.setUint32(at + 4, kind, true);
  view.setBigUint64(at + 8, flags, true);
  view.setBigUint64(at + 16, address, true);
  view.setBigUint64(at + 24, BigInt(place), true);
  view.setBigUint64(at + 32, BigInt(bytes.length), true);
  view.setUint32(at + 40, link, true);
  view.setUint32(at + 44, info, true);
  view.setBigUint64(at + 48, kind === SectionKind.program ? 2n : 8n, true);
  view.setBigUint64(at + 56, BigInt(entryBytes), true);
}

/** The program's own sections, then its symbols and their names. */
function sectionsOf(program: AssembledProgram, start: number): Section[] {
  const sections: Section[] = program.sections.map(({ name, address, bytes }) => ({
    name,
    kind: SectionKind.program,
    flags: flagsOf(name),
    address,
    bytes,
    offset: start + Number(address - program.origin),
  }));
  const names = new StringTable();
  const isGlobal = (name: string) => program.globals.has(name);
  const symbols = [...program.symbols].sort(([a], [b]) => Number(isGlobal(a)) - Number(isGlobal(b)));
  // The first symbol is none.
  const table = new Uint8Array((symbols.length + 1) * SYMBOL_BYTES);
  const view = new DataView(table.buffer);
  for (const [index, [name, value]] of symbols.entries()) {
    const at = (index + 1) * SYMBOL_BYTES;
    view.setUint32(at, names.add(name), true);
    view.setUint8(at + 4, isGlobal(name) ? GLOBAL_BINDING : 0);
    view.setUint16(at + 6, homeOf(value, program.sections), true);
    view.setBigUint64(at + 8, value, true);
  }
  sections.push({
    name: '.symtab',
    kind: SectionKind.symbols,
    flags: 0n,
    address: 0n,
    bytes: table,
    link: program.sections.length + 2,
    info: 1 + symbols.filter(([name]) => !isGlobal(name)).length,
    entryBytes: SYMBOL_BYTES,
  });
  sections.push(strings('.strtab', names));
  return sections;
}

/** Number of the section that a symbol's value lies in, or ABSOLUTE for a mere number. */
function homeOf(value: bigint, sections: readonly AssembledSection[]): number {
  const index = sections.findIndex(({ address, bytes }) => value >= address && value < address + BigInt(bytes.length));
  return index < 0 ? ABSOLUTE : index + 1;
}

function flagsOf(name: string): bigint {
  if (/^\.text\b/.test(name)) return SectionFlag.allocate | SectionFlag.execute;
  return /^\.rodata\b/.test(name) ? SectionFlag.allocate : SectionFlag.allocate | SectionFlag.write;
}

const strings = (name: string, table: StringTable): Section => ({
  name,
  kind: SectionKind.strings,
  flags: 0n,
  address: 0n,
  bytes: table.bytes(),
});

/** Names one after the other, each ended by 0; the first is empty. */
class StringTable {
  #text = '\0';

  /** Where the name begins. */
  add(name: string): number {
    const at = this.#text.length;
    this.#text += `${name}\0`;
    return at;
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }
}
