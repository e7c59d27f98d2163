import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The file of a command, to be run by Node. */
export const commandFile = (name: 'worldswitch' | 'worldswitch-qemu') =>
  join(import.meta.dirname, '..', 'bin', `${name}.mjs`);

/** Ends what hangs for good; no computer is so slow. */
const HANG_MS = 300_000;

/** Runs a command to its end, with `input` as all that is typed. */
export function runCommand(name: 'worldswitch' | 'worldswitch-qemu', args: readonly string[], input = '') {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [commandFile(name), ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout: HANG_MS,
  });
  // A command that ends without reading its input is no failure of its own.
  if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  return { status, stdout, stderr };
}

const MACHINE_FIELD = 18;
const X86_64 = 62;

/** The ELF file as one for x86-64 (ELF specification, "ELF Header": e_machine). */
export function ofAnotherArchitecture(elf: Uint8Array): Uint8Array {
  const copy = elf.slice();
  copy[MACHINE_FIELD] = X86_64;
  copy[MACHINE_FIELD + 1] = 0;
  return copy;
}
