import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  createSeededEntropy,
  createVirtioBalloon,
  createVirtioConsole,
  createVirtioEntropy,
  type EntropySource,
  type VirtioBalloon,
  type VirtioConsole,
  type VirtioDevice,
} from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import type { DeviceDescription, HvcWiring } from '../../machine-file/machine-description.ts';
import { fileReason } from '../files/file-reason.ts';
import { readInput } from '../files/input.ts';
import { writeAll } from '../files/output.ts';

/** Bytes given to a console at once: the driver takes them before there are more. */
const INPUT_CHUNK = 256;

/** Linux throws away what comes between setting the queues up and registering the console: ticks of 100 ns to let it. */
const SETTLING_TICKS = 2e6;

/** The terminal's side of a console on stdio. */
export interface TerminalEnds {
  write(bytes: Uint8Array): void;
  read(maxBytes: number): Uint8Array;
  /** Puts back what was read, to be read again first. */
  unread(bytes: Uint8Array): void;
}

/** A device of the description: its files are opened once, the device is made again at each reset. */
export interface OpenDevice {
  create(terminal: TerminalEnds): VirtioDevice;
  /** Hands on what was typed; true when there was something. @param ticks of virtual time; absent: nothing else will happen. */
  feed(ticks?: number): boolean;
  /** Takes back what the guest has not read. */
  reset(): void;
  readonly balloon?: VirtioBalloon | undefined;
  close(): void;
}

/** Whether the device is the one that the terminal is connected to. */
export const isOnTerminal = (device: DeviceDescription | undefined): boolean =>
  device?.kind === 'hvc' && device.output === 'stdio';

/** @throws UserError when a file cannot be used. */
export function openDevice(device: DeviceDescription): OpenDevice {
  const quiet = { feed: () => false, reset() {}, close() {} };
  if (device.kind === 'hvc') return openConsole(device);
  if (device.kind === 'balloon') {
    let balloon: VirtioBalloon | undefined;
    return {
      ...quiet,
      create: () => (balloon = createVirtioBalloon()),
      get balloon() {
        return balloon;
      },
    };
  }
  if (device.file === undefined) {
    return { ...quiet, create: () => createVirtioEntropy(createSeededEntropy(device.seed ?? 0)) };
  }
  const { source, close } = openSource(device.file);
  return { ...quiet, create: () => createVirtioEntropy(source), close };
}

/** What is typed on a virtio console. */
export const readConsoleInput = (path: string): Uint8Array => readInput(path, "virtio console's input");

function openConsole({ output, inputFile }: HvcWiring): OpenDevice {
  let input = inputFile === undefined ? new Uint8Array(0) : readConsoleInput(inputFile);
  const descriptor = typeof output === 'string' ? undefined : openFor(output.file, 'w');
  const file: TerminalEnds = {
    write: (bytes) => void (descriptor !== undefined && writeAll(descriptor, bytes)),
    read(maxBytes) {
      const bytes = input.subarray(0, maxBytes);
      input = input.subarray(bytes.length);
      return bytes;
    },
    unread: (bytes) => {
      input = Buffer.concat([bytes, input]);
    },
  };
  let ends = file;
  let device: VirtioConsole | undefined;
  let readySince = Number.POSITIVE_INFINITY;
  return {
    create(terminal) {
      ends = output === 'stdio' ? terminal : file;
      device = createVirtioConsole({ transmit: ends.write });
      return device;
    },
    feed(ticks = Number.POSITIVE_INFINITY) {
      // A driver that begins resets the device, and what was typed before would be lost.
      if (!device?.isReady) readySince = Number.POSITIVE_INFINITY;
      if (!device?.isReady || device.pendingInput > 0) return false;
      readySince = Math.min(readySince, ticks);
      if (ticks < readySince + SETTLING_TICKS) return false;
      const bytes = ends.read(INPUT_CHUNK);
      device.receive(bytes);
      return bytes.length > 0;
    },
    reset() {
      const state = device?.save?.() as { readonly input: Uint8Array } | undefined;
      if (state) ends.unread(state.input);
    },
    close: () => void (descriptor !== undefined && closeSync(descriptor)),
  };
}

function openSource(path: string): { source: EntropySource; close(): void } {
  const descriptor = openFor(path, 'r');
  const status = fstatSync(descriptor);
  const isPlain = status.isFile();
  if (!(isPlain ? status.size > 0 : status.isCharacterDevice())) {
    closeSync(descriptor);
    throw new UserError(`'${path}' is no source of random bytes: expected a device or a file`, ExitCode.badInput);
  }
  let position = 0;
  return {
    source: {
      fill(into) {
        let at = 0;
        for (let empty = 0; at < into.length && empty < 2; ) {
          const count = readSync(descriptor, into, at, into.length - at, isPlain ? position : null);
          at += count;
          position = count === 0 ? 0 : position + count;
          empty = count === 0 ? empty + 1 : 0;
        }
      },
    },
    close: () => closeSync(descriptor),
  };
}

function openFor(path: string, flags: 'r' | 'w'): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw new UserError(
      `cannot open '${path}': ${fileReason(error, flags === 'r' ? 'read' : 'write')}`,
      ExitCode.noInput,
    );
  }
}
