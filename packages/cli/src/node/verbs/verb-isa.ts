import {
  AssemblerError,
  aliases,
  assemble,
  defaultInstructionSet,
  describe,
  pseudoInstructionNames,
} from '@worldswitch/isa';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readText } from '../files/input.ts';
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
