import type { FileTree, ProgramSpec } from '@worldswitch/contracts';
import { program, programNames } from '@worldswitch/guest-os';

/** A program that comes with the product. Throws GuestOsError when there is none of that name. */
export function builtInProgram(name: string, args: readonly string[] = []): ProgramSpec {
  return { image: program(name), arguments: [`/bin/${name}`, ...args] };
}

/** What the program may want to run: the shell finds the other built-in programs beside itself. */
export function companions(name: string): FileTree | undefined {
  if (name !== 'sh') return undefined;
  return new Map(programNames.map((other) => [`/bin/${other}`, { type: 'file', mode: 0o755, data: program(other) }]));
}
