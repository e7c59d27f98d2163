import { type AssembledProgram, AssemblerError, assemble, elfFile } from '@worldswitch/isa';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readText } from '../files/input.ts';
import { writeAll, writeOutput } from '../files/output.ts';
import type { ExtensionFlag } from '../options.ts';

export interface AssembleFlags extends ExtensionFlag {
  readonly origin?: string;
  readonly output?: string;
}

/** Where kernels begin that run in machine mode: the start of RAM. */
const RAM_START = 0x8000_0000n;
/** Where GNU ld links programs for an OS. */
const PROGRAM_START = 0x1_0000n;

/** Assembles a source, and prints what became of it or writes a program that can be run. */
export function assembleVerb(file: string, flags: AssembleFlags): number {
  const { output } = flags;
  const origin =
    flags.origin === undefined ? (output === undefined ? RAM_START : PROGRAM_START) : originOf(flags.origin);
  const program = assembled(file, origin, flags);
  if (output === undefined) print(program);
  else writeOutput(output, elfFile(program), 'program');
  return ExitCode.ok;
}

function assembled(file: string, origin: bigint, { extension }: ExtensionFlag): AssembledProgram {
  const source = readText(file, 'source', 'the syntax of the GNU assembler');
  try {
    return assemble(source, { origin, ...extension });
  } catch (error) {
    if (error instanceof AssemblerError) throw new UserError(`${file}: ${error.message}`, ExitCode.badInput);
    throw error;
  }
}

function print({ sections }: AssembledProgram): void {
  for (const section of sections) {
    writeAll(1, `${section.name}:\n`);
    for (let offset = 0; offset < section.bytes.length; offset += 16) {
      const bytes = [...section.bytes.subarray(offset, offset + 16)].map((byte) => byte.toString(16).padStart(2, '0'));
      writeAll(1, `${(section.address + BigInt(offset)).toString(16).padStart(16, '0')}  ${bytes.join(' ')}\n`);
    }
  }
}

function originOf(text: string): bigint {
  if (/^(0x[\da-f]{1,16}|\d{1,19})$/i.test(text)) return BigInt(text);
  throw new UserError(`--origin: expected an address such as 0x80000000, got '${text}'`, ExitCode.usage);
}
