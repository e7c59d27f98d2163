import type { HostKernel, TraceSink, World } from '@worldswitch/contracts';
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import {
  createFullWorld,
  createVirtualMachine,
  type VirtualMachineOptions,
  type VirtualMachineTask,
} from '../src/index.ts';

export const KERNEL = 0x8020_0000;

/** SBI calls and the end, for guests in assembly. */
const macros = `
.equ UART, 0x10000000
.equ TEST, 0x100000
`;

/** A small supervisor-mode guest, entered at its first instruction. */
export function assembleGuest(source: string): Uint8Array {
  return assemble(`${macros}\n${source}`, { origin: KERNEL }).bytes;
}

/** A machine with an assembled guest in it, not among the host's tasks yet. */
export function createGuest(
  host: HostKernel,
  source: string,
  options: Partial<VirtualMachineOptions> = {},
): VirtualMachineTask {
  return createVirtualMachine(host, {
    name: 'guest',
    kernel: assembleGuest(source),
    memoryBytes: 4 << 20,
    ...options,
  });
}

/** Runs it to its end, or for so many instructions. */
export function runGuest(host: HostKernel, guest: VirtualMachineTask, maxInstructions = 1_000_000) {
  const task = guest.vm.task ?? guest.start();
  const ended = host.run({ maxInstructions, until: () => guest.vm.end !== undefined, task });
  return { ended, result: guest.vm.end, output: new TextDecoder().decode(guest.vm.console.output()) };
}

export interface ProgramOptions {
  readonly name?: string;
  readonly arguments?: readonly string[];
  readonly image?: Uint8Array;
  readonly trace?: TraceSink;
  readonly maxOutputBytes?: number;
  readonly onOutput?: (bytes: Uint8Array) => void;
  readonly kernel?: Uint8Array;
  readonly input?: Uint8Array;
}

/** The world of a program under the unmodified guest OS. */
export function createProgramWorld(host: HostKernel, programName: string, options: ProgramOptions = {}): World {
  const { name = 'full', arguments: args = [], trace, maxOutputBytes, onOutput, input } = options;
  const image = options.image ?? program(programName);
  const path = `/${programName}`;
  return createFullWorld(host, {
    name,
    memoryBytes: 16 << 20,
    program: { image, arguments: [path, ...args] },
    guest: guestFor(path, image, args, options.kernel),
    ...(trace && { trace }),
    ...(maxOutputBytes !== undefined && { maxOutputBytes }),
    ...(onOutput && { onOutput }),
    ...(input && { input }),
  });
}

export function guestFor(path: string, image: Uint8Array, args: readonly string[] = [], kernel?: Uint8Array) {
  return {
    kernel: kernel ?? guestKernel('full'),
    initrd: createInitrd({ program: { path, data: image } }),
    bootArguments: bootArguments({ init: path, args, quiet: true, noEcho: true }),
  };
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
