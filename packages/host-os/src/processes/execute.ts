import { CsrAddress } from '@worldswitch/isa';
import { Errno } from '../errno.ts';
import { HostOsError } from '../host-os-error.ts';
import { stringArgument } from '../system-calls/path-argument.ts';
import { NO_RESULT } from '../system-calls/system-call.ts';
import { pathOf, walk } from '../vfs/place.ts';
import type { Process } from './process.ts';
import { leaveMemory } from './process-end.ts';
import { loadProgram } from './program.ts';
import { commandName } from './spawn.ts';

const MAX_STRINGS = 4096;
const MAX_INTERPRETERS = 4;

/** A NULL-terminated array of strings, or a negative error number. */
function stringArray(process: Process, address: number): string[] | number {
  if (address === 0) return [];
  const strings: string[] = [];
  for (let at = address; ; at += 8) {
    const pointer = process.kernel.userMemory.read64(process.space, at);
    if (pointer < 0) return -Errno.EFAULT;
    if (pointer === 0) return strings;
    const text = stringArgument(process, pointer);
    if (typeof text === 'number') return text === -Errno.ENAMETOOLONG ? -Errno.E2BIG : text;
    if (strings.push(text) > MAX_STRINGS) return -Errno.E2BIG;
  }
}

/** execve: the same process goes on with another program. A script is run by the interpreter that its first line names. */
export function execute(
  process: Process,
  pathAddress: number,
  argumentsAddress: number,
  environmentAddress: number,
): number {
  const given = stringArgument(process, pathAddress);
  if (typeof given === 'number') return given;
  let args = stringArray(process, argumentsAddress);
  if (typeof args === 'number') return args;
  const environment = stringArray(process, environmentAddress);
  if (typeof environment === 'number') return environment;
  if (args.length === 0) args = [''];
  let path = given;
  for (let depth = 0; depth <= MAX_INTERPRETERS; depth++) {
    const place = walk(process.walker, path, { followsLast: true });
    if (typeof place === 'number') return place;
    const { inode } = place;
    if (inode.type !== 'file' || (inode.mode & 0o111) === 0) return -Errno.EACCES;
    const image = inode.contents(process);
    const interpreter = interpreterOf(image);
    if (interpreter === undefined) {
      return replace(process, { path, executable: pathOf(place) }, image.slice(), args, environment);
    }
    args = [...interpreter, path, ...args.slice(1)];
    path = interpreter[0]!;
  }
  return -Errno.ELOOP;
}

/** Interpreter and its argument of a script: `#! /bin/sh -e`. */
function interpreterOf(image: Uint8Array): string[] | undefined {
  if (image[0] !== 0x23 || image[1] !== 0x21) return undefined;
  const line = new TextDecoder().decode(image.subarray(2, 256)).split('\n')[0]!.trim();
  const words = /^(\S+)(?:\s+(.*))?$/.exec(line);
  if (words === null) return undefined;
  return words[2] === undefined ? [words[1]!] : [words[1]!, words[2]];
}

function replace(
  process: Process,
  { path, executable }: { readonly path: string; readonly executable: string },
  image: Uint8Array,
  args: readonly string[],
  environment: readonly string[],
): number {
  const { kernel, tree, vcpu } = process;
  let program: ReturnType<typeof loadProgram>;
  try {
    program = loadProgram(kernel, tree.frames, image, { arguments: args, environment, fileName: path });
  } catch (error) {
    if (!(error instanceof HostOsError)) throw error;
    if (error.code === 'ENOEXEC') return -Errno.ENOEXEC;
    return error.code === 'EINVAL' ? -Errno.E2BIG : -Errno.ENOMEM;
  }
  leaveMemory(process);
  process.space = program.space;
  process.name = commandName(path);
  process.executable = executable;
  process.image = program.image;
  process.commandLine = args;
  process.environment = environment;
  process.clearChildTid = 0;
  process.files.closeOnExec();
  process.signals.resetHandlers();
  for (let index = 1; index < 32; index++) vcpu.writeXLow(index, 0);
  for (let index = 0; index < 32; index++) vcpu.writeF(index, 0n);
  if (kernel.hasFloat) vcpu.writeCsr(CsrAddress.fcsr, 0n);
  vcpu.writeX(2, BigInt(program.stackPointer));
  vcpu.pc = BigInt(program.entry);
  return NO_RESULT;
}
