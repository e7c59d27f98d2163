import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';

const command = join(import.meta.dirname, '../../packages/cli/bin/worldswitch.mjs');

/** A running command, and what is said on its machine's console. */
export interface MachineSession {
  /** Waits for a text after those that were waited for before. Rejects when the command ends first. */
  expect(text: string): Promise<string>;
  type(text: string): void;
  /** Waits for the end. */
  ended(): Promise<{ readonly code: number | null; readonly console: string; readonly stderr: string }>;
}

/** Starts `worldswitch run` with a pipe as terminal, which does not outlive the test. */
export function startMachine(args: readonly string[]): MachineSession {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(process.execPath, [command, 'run', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let console = '';
  let stderr = '';
  let position = 0;
  let isEnded = false;
  let wake = () => {};
  const stir = () => wake();
  child.stdout.on('data', (bytes: Buffer) => {
    console += bytes.toString('latin1');
    stir();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('latin1');
  });
  const end = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      isEnded = true;
      resolve(code);
      stir();
    });
  });
  return {
    async expect(text) {
      for (;;) {
        const at = console.indexOf(text, position);
        if (at >= 0) {
          const before = console.slice(position, at);
          position = at + text.length;
          return before;
        }
        if (isEnded) {
          throw new Error(`'${text}' did not come; ${stderr.trim()}; the console ended with:\n${console.slice(-2000)}`);
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    type: (text) => void child.stdin.write(text),
    ended: async () => ({ code: await end, console, stderr }),
  };
}
