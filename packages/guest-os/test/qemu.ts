/// <reference types="node" />
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bootArguments,
  createInitrd,
  guestKernel,
  guestKernelElf,
  program,
  programNames,
  rogueKernel,
} from '../src/index.ts';

export interface Outcome {
  /** Bytes of standard output as text, the firmware's banner taken off. */
  readonly output: string;
  /** Exit code; 128 + signal when a signal ended it; undefined when its time ran out. */
  readonly code: number | undefined;
}

const signals: Readonly<Record<string, number>> = { SIGILL: 4, SIGSEGV: 11 };

export function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

function run(command: string, args: readonly string[], input: string, seconds: number, cwd: string): Outcome {
  const result = spawnSync(command, args, {
    input,
    cwd,
    encoding: 'utf8',
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  });
  const signal = result.signal === null ? undefined : signals[result.signal];
  return { output: result.stdout, code: result.status ?? (signal === undefined ? undefined : 128 + signal) };
}

function inTemporaryFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'guest-os-qemu-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** OpenSBI's banner ends with this line. */
const bannerEnd = /^[\s\S]*Boot HART MEDELEG[^\n]*\n/;

export interface SystemOptions {
  readonly args?: readonly string[];
  readonly input?: string;
  readonly quiet?: boolean;
  readonly memory?: string;
  readonly harts?: number;
  readonly seconds?: number;
  readonly form?: 'image' | 'elf';
}

function machineArguments(folder: string, kernel: Uint8Array, options: SystemOptions): string[] {
  writeFileSync(join(folder, 'kernel'), kernel);
  const { memory = '64M', harts = 1 } = options;
  const machine = ['-machine', 'virt', '-bios', 'default', '-nographic', '-m', memory, '-smp', String(harts)];
  return [...machine, '-kernel', 'kernel'];
}

function systemArguments(folder: string, name: string, options: SystemOptions): string[] {
  const files = programNames.map((file) => ({ path: `/bin/${file}`, data: program(file), mode: 0o755 }));
  files.push({ path: '/etc/motd', data: new TextEncoder().encode('welcome\n'), mode: 0o644 });
  writeFileSync(join(folder, 'initrd'), createInitrd({ files }));
  const { args = [], quiet = true } = options;
  const append = bootArguments({ init: `/bin/${name}`, args, quiet, noEcho: true });
  const kernel = options.form === 'elf' ? guestKernelElf('full') : guestKernel('full');
  return [...machineArguments(folder, kernel, options), '-initrd', 'initrd', '-append', append];
}

function boot(folder: string, args: readonly string[], options: SystemOptions): Outcome {
  const outcome = run('qemu-system-riscv64', args, options.input ?? '', options.seconds ?? 30, folder);
  return { ...outcome, output: outcome.output.replace(bannerEnd, '') };
}

/** Boots the guest kernel with all programs in /bin, running one of them. */
export function runInSystem(name: string, options: SystemOptions = {}): Outcome {
  return inTemporaryFolder((folder) => boot(folder, systemArguments(folder, name, options), options));
}

/** Boots the shell and types each text once the one before it has brought the expected output. */
export async function typeToShell(
  steps: readonly { readonly until: string; readonly type: string }[],
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'guest-os-qemu-'));
  try {
    const args = systemArguments(folder, 'sh', {});
    const child = spawn('qemu-system-riscv64', args, {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
    });
    let output = '';
    let next = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const step = steps[next];
      if (step === undefined || !output.replace(bannerEnd, '').endsWith(step.until)) return;
      next++;
      child.stdin.write(step.type);
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { output: output.replace(bannerEnd, ''), code: code ?? undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function runRogue(name: string, seconds: number): Outcome {
  return inTemporaryFolder((folder) => boot(folder, machineArguments(folder, rogueKernel(name), {}), { seconds }));
}

/** Runs a program as a Linux process under user-mode emulation, in an empty folder. */
export function runAsProcess(name: string, options: Pick<SystemOptions, 'args' | 'input'> = {}): Outcome {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, name), program(name), { mode: 0o755 });
    return run('qemu-riscv64', [name, ...(options.args ?? [])], options.input ?? '', 30, folder);
  });
}
