import {
  ElfError,
  ElfType,
  loadSegments,
  readElfHeader,
  readProgramHeaders,
  readSectionHeaders,
  SectionFlag,
  SectionType,
  SegmentFlag,
  sectionData,
} from '@worldswitch/contracts';
import { DebuggerError, readElfSymbols } from '@worldswitch/debugger';
import { disassemble } from '@worldswitch/isa';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readProgram } from '../files/input.ts';
import { writeAll } from '../files/output.ts';
import type { ExtensionFlag } from '../options.ts';

/** Code in a file, and the address that it is linked for. */
interface CodeRange {
  readonly address: bigint;
  readonly data: Uint8Array;
}

/** Prints the code of an ELF file, with the names of its functions where it has them. */
export function disassembleVerb(file: string, { extension }: ExtensionFlag): number {
  const image = readProgram(file);
  const code = codeOf(image, file);
  const names = namesOf(image);
  for (const { address, data } of code) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const lines: string[] = [];
    for (let offset = 0; offset + 2 <= data.length; ) {
      const half = view.getUint16(offset, true);
      const isLong = (half & 3) === 3 && offset + 4 <= data.length;
      const bits = isLong ? view.getUint32(offset, true) : half;
      const pc = address + BigInt(offset);
      const hex = bits.toString(16).padStart(isLong ? 8 : 4, '0');
      for (const name of names.get(pc) ?? []) lines.push(`${pc.toString(16).padStart(16, '0')} <${name}>:`);
      lines.push(`${pc.toString(16).padStart(10)}:  ${hex.padEnd(8)}  ${disassemble(bits, pc, { ...extension })}`);
      offset += isLong ? 4 : 2;
    }
    writeAll(1, `${lines.join('\n')}\n`);
  }
  return ExitCode.ok;
}

/**
 * What an ELF file marks as code, of programs that cannot run here too: by its sections, or, where these were stripped, by its
 * segments, which may hold headers besides.
 */
function codeOf(image: Uint8Array, file: string): readonly CodeRange[] {
  const refusal = (what: string) => new UserError(`'${file}' cannot be disassembled: ${what}`, ExitCode.badInput);
  try {
    const header = readElfHeader(image);
    if (header.type === ElfType.object) throw refusal('expected a linked program, which an object file is not yet');
    const sections = readSectionHeaders(image, header)
      .filter(({ type, flags }) => type === SectionType.program && (flags & SectionFlag.execute) !== 0n)
      .map((section) => ({ address: section.address, data: sectionData(image, section) }));
    const segments = loadSegments(image, readProgramHeaders(image, header))
      .filter(({ flags }) => (flags & SegmentFlag.execute) !== 0)
      .map(({ virtualAddress, data }) => ({ address: virtualAddress, data }));
    const code = (sections.length > 0 ? sections : segments).filter(({ data }) => data.length > 0);
    if (code.length > 0) return code;
  } catch (error) {
    throw error instanceof ElfError ? refusal(error.message) : error;
  }
  throw refusal('none of its sections and segments holds code');
}

function namesOf(image: Uint8Array): ReadonlyMap<bigint, readonly string[]> {
  const names = new Map<bigint, string[]>();
  try {
    for (const { name, address } of readElfSymbols(image)) {
      const others = names.get(address);
      if (others) others.push(name);
      else names.set(address, [name]);
    }
  } catch (error) {
    // Stripped.
    if (!(error instanceof DebuggerError)) throw error;
  }
  return names;
}
