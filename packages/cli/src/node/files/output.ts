import { closeSync, openSync, writeSync } from 'node:fs';
import type { TraceSink } from '@worldswitch/contracts';
import { chromeTraceSink, jsonLinesSink } from '../../compare/trace-file.ts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { fileReason } from './file-reason.ts';

/**
 * Writes all of a text or of bytes to a descriptor, however slowly its reader takes them. A reader that is gone ends the command.
 * @param what the file, as the user is told of it.
 * @throws UserError when it cannot be written, as on a full disk.
 */
export function writeAll(descriptor: number, data: string | Uint8Array, what = nameOf(descriptor)): void {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN')
        throw new UserError(`cannot write ${what}: ${fileReason(error, 'write')}`, ExitCode.noInput);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function nameOf(descriptor: number): string {
  if (descriptor === 1) return 'the standard output';
  return descriptor === 2 ? 'the standard error output' : 'an output file';
}

/**
 * Makes or overwrites a file.
 * @throws UserError when it cannot be written.
 */
export function writeOutput(path: string, bytes: Uint8Array, what: string): void {
  const name = `the ${what} '${path}'`;
  let descriptor: number;
  try {
    descriptor = openSync(path, 'w');
  } catch (error) {
    throw new UserError(`cannot write ${name}: ${fileReason(error, 'write')}`, ExitCode.noInput);
  }
  try {
    writeAll(descriptor, bytes, name);
  } finally {
    closeSync(descriptor);
  }
}

const bufferedCharacters = 1 << 20;

/** A sink that writes a trace file: Chrome's format for names that end in `.json`, JSON lines for all others. */
export function traceFile(path: string): TraceSink & { close(): void } {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'w');
  } catch (error) {
    throw new UserError(`cannot write the trace file '${path}': ${fileReason(error, 'write')}`, ExitCode.noInput);
  }
  let pending: string[] = [];
  let characters = 0;
  const flush = () => {
    writeAll(descriptor, pending.join(''), `the trace file '${path}'`);
    pending = [];
    characters = 0;
  };
  const write = (text: string) => {
    pending.push(text);
    characters += text.length;
    if (characters > bufferedCharacters) flush();
  };
  const chrome = path.endsWith('.json') ? chromeTraceSink(write) : undefined;
  const sink = chrome ?? jsonLinesSink(write);
  return {
    emit: (event) => sink.emit(event),
    close() {
      try {
        chrome?.close();
        flush();
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

/** One line on stderr that is written over; nothing unless a person looks at it. */
export function progressLine(): { show(text: string): void; clear(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { show() {}, clear() {} };
  return {
    show: (text) => void stderr.write(`\r\u001b[2K${text}`),
    clear: () => void stderr.write('\r\u001b[2K'),
  };
}
