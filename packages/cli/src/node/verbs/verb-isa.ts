import { ElfError, loadSegments, readElfHeader, readProgramHeaders, SegmentFlag } from '@worldswitch/contracts';
import {
  AssemblerError,
  aliases,
  assemble,
  defaultInstructionSet,
  describe,
  disassemble,
  pseudoInstructionNames,
} from '@worldswitch/isa';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readProgram, readText } from '../files/input.ts';
import { writeAll } from '../files/output.ts';
import { orNearOnes } from '../near-names.ts';

/** Prints one instruction's page, or one line for each instruction. */
export function isaVerb(name: string | undefined): number {
  const set = defaultInstructionSet();
  if (name !== undefined) {
    const wanted = name.toLowerCase();
    const row = set.byName(wanted);
    if (row) {
      writeAll(1, `${describe(row)}\n`);
      return ExitCode.ok;
    }
    const others = aliases.filter((alias) => alias.name === wanted && set.byName(alias.of));
    const isSeveral = pseudoInstructionNames.includes(wanted);
    const [first] = others;
    if (first) {
      const line = (form: string, of: string) => `${form.trimEnd().padEnd(24)} stands for ${of}\n`;
      const forms = new Set(others.map(({ of, syntax }) => line(`${wanted} ${syntax}`, of)));
      if (isSeveral) forms.add(line(wanted, 'several where it needs them'));
      writeAll(1, `${[...forms].join('')}\n${describe(set.byName(first.of)!)}\n`);
      return ExitCode.ok;
    }
    const names = set.rows.map((candidate) => candidate.name);
    const rest = isSeveral
      ? ': it stands for several; worldswitch assemble shows them'
      : `${orNearOnes(name, names)}; 'worldswitch isa' lists all`;
    throw new UserError(`there is no instruction '${name}'${rest}`, ExitCode.usage);
  }
  const lines = set.rows.map((row) => `${row.name.padEnd(12)} ${row.extension.padEnd(10)} ${row.summary}`);
  writeAll(1, `${lines.join('\n')}\n`);
  return ExitCode.ok;
}

export function assembleVerb(file: string, flags: { readonly origin: string }): number {
  const source = readText(file, 'source', 'the syntax of the GNU assembler');
  try {
    const { sections } = assemble(source, { origin: originOf(flags.origin) });
    for (const section of sections) {
      writeAll(1, `${section.name}:\n`);
      for (let offset = 0; offset < section.bytes.length; offset += 16) {
        const bytes = [...section.bytes.subarray(offset, offset + 16)].map((byte) =>
          byte.toString(16).padStart(2, '0'),
        );
        writeAll(1, `${(section.address + BigInt(offset)).toString(16).padStart(16, '0')}  ${bytes.join(' ')}\n`);
      }
    }
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof AssemblerError) throw new UserError(`${file}: ${error.message}`, ExitCode.badInput);
    throw error;
  }
}

function originOf(text: string): bigint {
  if (/^(0x[\da-f]{1,16}|\d{1,19})$/i.test(text)) return BigInt(text);
  throw new UserError(`--origin: expected an address such as 0x80000000, got '${text}'`, ExitCode.usage);
}

export function disassembleVerb(file: string): number {
  for (const { virtualAddress, data } of codeSegments(file)) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const lines: string[] = [];
    for (let offset = 0; offset + 2 <= data.length; ) {
      const half = view.getUint16(offset, true);
      const isLong = (half & 3) === 3 && offset + 4 <= data.length;
      const bits = isLong ? view.getUint32(offset, true) : half;
      const pc = virtualAddress + BigInt(offset);
      const hex = bits.toString(16).padStart(isLong ? 8 : 4, '0');
      lines.push(`${pc.toString(16).padStart(10)}:  ${hex.padEnd(8)}  ${disassemble(bits, pc)}`);
      offset += isLong ? 4 : 2;
    }
    writeAll(1, `${lines.join('\n')}\n`);
  }
  return ExitCode.ok;
}

/** What an ELF file marks as code: of programs that cannot run here too, such as a kernel or one that is linked dynamically. */
function codeSegments(file: string) {
  const image = readProgram(file);
  const refusal = (what: string) => new UserError(`'${file}' cannot be disassembled: ${what}`, ExitCode.badInput);
  try {
    const segments = loadSegments(image, readProgramHeaders(image, readElfHeader(image)));
    const code = segments.filter(({ flags, data }) => (flags & SegmentFlag.execute) !== 0 && data.length > 0);
    if (code.length > 0) return code;
  } catch (error) {
    throw error instanceof ElfError ? refusal(error.message) : error;
  }
  throw refusal('none of its segments holds code; expected a linked program, which an object file is not yet');
}
