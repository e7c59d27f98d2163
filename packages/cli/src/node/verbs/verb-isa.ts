import { aliases, defaultInstructionSet, describe, pseudoInstructionNames } from '@worldswitch/isa';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { writeAll } from '../files/output.ts';
import { orNearOnes } from '../near-names.ts';
import type { ExtensionFlag } from '../options.ts';

/** Prints one instruction's page, or one line for each instruction. */
export function isaVerb(name: string | undefined, { extension }: ExtensionFlag): number {
  const set = extension?.instructionSet ?? defaultInstructionSet();
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
