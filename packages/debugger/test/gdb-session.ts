/// <reference types="node" />
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine } from '@worldswitch/machine';
import { createDebugger, GdbStub, type GdbStubOptions } from '../src/index.ts';

/** Debian's package gdb-multiarch; tests that need it are skipped without. */
export const hasGdb = spawnSync('gdb-multiarch', ['--version']).status === 0;

/** Ends what hangs for good; no computer is so slow. */
const HANG_MS = 300_000;

export interface GdbRun {
  readonly output: string;
  readonly state: GdbStub['state'];
}

/** Runs gdb with these commands against a machine that is halted at first, until gdb ends. */
export async function runGdb(
  machine: Machine,
  commands: readonly string[],
  options: { readonly elf?: Uint8Array; readonly stub?: Omit<GdbStubOptions, 'debugger' | 'send'> } = {},
): Promise<GdbRun> {
  const folder = mkdtempSync(join(tmpdir(), 'gdb-session-'));
  const machineDebugger = createDebugger(machine);
  let stub: GdbStub | undefined;
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const mine = new GdbStub({ ...options.stub, debugger: machineDebugger, send: (bytes) => socket.write(bytes) });
    stub = mine;
    socket.on('data', (bytes) => {
      mine.receive(bytes);
      drive();
    });
    socket.on('close', () => mine.disconnect());
    socket.on('error', () => {});
    let isDriving = false;
    const drive = () => {
      if (isDriving || mine.state !== 'running') return;
      isDriving = true;
      setImmediate(() => {
        isDriving = false;
        mine.advance({ maxInstructions: 200_000 });
        drive();
      });
    };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const args = ['-nx', '-batch', '-iex', 'set debuginfod enabled off', '-iex', 'set architecture riscv:rv64'];
  if (options.elf) {
    writeFileSync(join(folder, 'program.elf'), options.elf);
    args.push(join(folder, 'program.elf'));
  }
  const all = [
    'set pagination off',
    'set confirm off',
    `set remotetimeout ${HANG_MS / 1000}`,
    `target remote 127.0.0.1:${port}`,
    ...commands,
  ];
  for (const command of all) args.push('-ex', command);
  try {
    const output = await new Promise<string>((resolve, reject) => {
      const child = spawn('gdb-multiarch', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`gdb did not end:\n${text}`));
      }, HANG_MS);
      child.stdout.on('data', (bytes: Uint8Array) => {
        text += new TextDecoder().decode(bytes);
      });
      child.stderr.on('data', (bytes: Uint8Array) => {
        text += new TextDecoder().decode(bytes);
      });
      child.on('close', () => {
        clearTimeout(timer);
        resolve(text);
      });
    });
    return { output, state: stub?.state ?? 'detached' };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}
