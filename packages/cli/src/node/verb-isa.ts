import { program as builtInProgram, programNames } from '@worldswitch/guest-os';
import { executableSections } from '@worldswitch/host-os';
import { AssemblerError, assemble, defaultInstructionSet, describe, disassemble } from '@worldswitch/isa';
import { ExitCode, UserError } from '../exit-codes.ts';
import { readInput } from './input.ts';
import { writeAll } from './output.ts';

/** Prints one instruction's page, or one line for each instruction. */
export function isaVerb(name: string | undefined): number {
  const set = defaultInstructionSet();
  if (name !== undefined) {
    const row = set.byName(name);
    if (row === undefined) {
      throw new UserError(`there is no instruction '${name}'; 'worldswitch isa' lists all`, ExitCode.usage);
    }
    writeAll(1, `${describe(row)}\n`);
    return ExitCode.ok;
  }
  const lines = set.rows.map((row) => `${row.name.padEnd(12)} ${row.extension.padEnd(10)} ${row.summary}`);
  writeAll(1, `${lines.join('\n')}\n`);
  return ExitCode.ok;
}

export function assembleVerb(file: string, flags: { readonly origin: string }): number {
  const source = new TextDecoder().decode(readInput(file, 'source'));
  try {
    const { sections } = assemble(source, { origin: BigInt(flags.origin) });
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
    if (error instanceof SyntaxError)
      throw new UserError(`--origin: expected an address such as 0x80000000, got '${flags.origin}'`, ExitCode.usage);
    throw error;
  }
}

export function disassembleVerb(file: string): number {
  const image = programNames.includes(file) ? builtInProgram(file) : readInput(file, 'program');
  let sections: ReturnType<typeof executableSections>;
  try {
    sections = executableSections(image);
  } catch (error) {
    throw new UserError(`'${file}' cannot be disassembled: ${(error as Error).message}`, ExitCode.badInput);
  }
  for (const { address, bytes } of sections) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lines: string[] = [];
    for (let offset = 0; offset + 2 <= bytes.length; ) {
      const half = view.getUint16(offset, true);
      const isLong = (half & 3) === 3 && offset + 4 <= bytes.length;
      const bits = isLong ? view.getUint32(offset, true) : half;
      const pc = address + BigInt(offset);
      lines.push(
        `${pc.toString(16).padStart(10)}:  ${bits
          .toString(16)
          .padStart(isLong ? 8 : 4, '0')
          .padEnd(8)}  ${disassemble(bits, pc)}`,
      );
      offset += isLong ? 4 : 2;
    }
    writeAll(1, `${lines.join('\n')}\n`);
  }
  return ExitCode.ok;
}
