import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linuxFilesIn, missingLinuxFiles } from './linux-files.ts';
import { LINUX_MEMORY_MIB, linuxArguments, writeLinuxInitrd } from './linux-session.ts';
import type { Command } from './measure.ts';
import type { BenchProgram } from './program-table.ts';
import { withWorkSize } from './work-size.ts';

/** Where things are. */
export interface Places {
  /** apps/bench. */
  readonly root: string;
  /** The bundled processes: run-wasm.mjs and so on. */
  readonly bundles: string;
  /** A temporary folder. */
  readonly work: string;
  /** The folder with a `kernel` and an `initrd.cpio` for RV64: what scripts/linux/fetch.mjs makes. */
  readonly linux: string;
}

interface AnySystem {
  /** Key in the JSON document. */
  readonly name: string;
  readonly title: string;
  /** What it needs besides this repository: a sentence when that is missing here. */
  absence(places: Places): string | undefined;
  /** What it is, with its version; for the machine's description. */
  version(): string;
}

/** A way to run the programs, each in a process of its own. */
export interface ProcessSystem extends AnySystem {
  /** The process that does the work of size n. */
  command(places: Places, program: string, n: number): Command;
}

/** A way to run the programs one after another on a booted Linux (linux-session.ts). */
export interface LinuxSystem extends AnySystem {
  /** The process that boots, lets each program run so many times, and switches off. */
  boot(places: Places, programs: readonly BenchProgram[], runs: number): Command;
}

export type System = ProcessSystem | LinuxSystem;

function firstLine(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

const image = (places: Places, kind: string, file: string) => join(places.root, 'images', kind, file);

/** A copy of an image without a command line, with n in it. */
function sizedImage(places: Places, kind: string, program: string, n: number): string {
  const path = join(places.work, `${kind}-${program}-${n}.elf`);
  if (!existsSync(path)) writeFileSync(path, withWorkSize(readFileSync(image(places, kind, `${program}.elf`)), n));
  return path;
}

const inNode = (places: Places, script: string, ...rest: string[]): Command => ({
  file: process.execPath,
  arguments: [join(places.bundles, `${script}.mjs`), ...rest],
});

const notInstalled = (command: string, debianPackage: string) =>
  firstLine(command) ? undefined : `${command} is not installed (Debian: apt install ${debianPackage})`;

/** The same as for the other targets (build.mjs): no vectors, no fused multiply-add, no library calls for loops. */
const nativeFlags =
  '-std=gnu11 -O2 -fno-builtin -ffp-contract=off -fno-math-errno -fno-tree-vectorize -fno-tree-slp-vectorize -fno-tree-loop-distribute-patterns';

const native: ProcessSystem = {
  name: 'native',
  title: 'native',
  absence: () => notInstalled('gcc', 'gcc'),
  version: () => firstLine('gcc') ?? '',
  command(places, program, n) {
    const output = join(places.work, `native-${program}`);
    if (!existsSync(output)) {
      const sources = [join(places.root, 'programs/runtime/native.c'), join(places.root, 'programs', `${program}.c`)];
      const { status, stderr } = spawnSync('gcc', [...nativeFlags.split(' '), ...sources, '-o', output], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`gcc cannot compile ${program}.c: ${stderr}`);
    }
    return { file: output, arguments: [String(n)] };
  },
};

const wasm: ProcessSystem = {
  name: 'wasm',
  title: 'C as wasm',
  absence: () => undefined,
  version: () => `V8 ${process.versions.v8}`,
  command: (places, program, n) => inNode(places, 'run-wasm', image(places, 'wasm', `${program}.wasm`), String(n)),
};

const worldswitch: ProcessSystem = {
  name: 'worldswitch',
  title: 'Worldswitch',
  absence: () => undefined,
  version: () => 'bare machine, compiled engine',
  command: (places, program, n) => inNode(places, 'run-worldswitch', sizedImage(places, 'bare', program, n)),
};

/** A process in user mode on 4 KiB pages: what a program under Linux is. */
const worldswitchProcess: ProcessSystem = {
  name: 'worldswitchProcess',
  title: 'Worldswitch process',
  absence: () => undefined,
  version: () => 'process of the host OS, compiled engine',
  command: (places, program, n) => inNode(places, 'run-process', image(places, 'linux', `${program}.elf`), String(n)),
};

const qemuUser: ProcessSystem = {
  name: 'qemuUser',
  title: 'qemu-riscv64',
  absence: () => notInstalled('qemu-riscv64', 'qemu-user'),
  version: () => firstLine('qemu-riscv64') ?? '',
  command: (places, program, n) => ({
    file: 'qemu-riscv64',
    arguments: [image(places, 'linux', `${program}.elf`), String(n)],
  }),
};

const qemuSystem: ProcessSystem = {
  name: 'qemuSystem',
  title: 'qemu-system',
  absence: () => notInstalled('qemu-system-riscv64', 'qemu-system-misc'),
  version: () => firstLine('qemu-system-riscv64') ?? '',
  command: (places, program, n) => ({
    file: 'qemu-system-riscv64',
    arguments: [
      ...['-machine', 'virt', '-nographic', '-bios', 'none', '-monitor', 'none', '-serial', 'stdio'],
      ...['-kernel', sizedImage(places, 'bare', program, n)],
    ],
  }),
};

const noLinux = ({ linux }: Places) => missingLinuxFiles(linux);

/** The initial RAM disk with these programs. */
function linuxInitrd(places: Places, programs: readonly BenchProgram[]): string {
  const path = join(places.work, 'linux.cpio');
  if (!existsSync(path))
    writeLinuxInitrd(path, linuxFilesIn(places.linux), join(places.root, 'images', 'linux'), programs);
  return path;
}

const timed = (places: Places, command: Command) => inNode(places, 'time-console', command.file, ...command.arguments);

const worldswitchLinux: LinuxSystem = {
  name: 'worldswitchLinux',
  title: 'Worldswitch, Linux',
  absence: noLinux,
  version: () => 'machine with the kernel of the folder, built-in SBI and a RAM disk, compiled engine',
  boot: (places, programs, runs) =>
    timed(
      places,
      inNode(
        places,
        'run-linux-machine',
        ...[
          linuxFilesIn(places.linux).kernel,
          linuxInitrd(places, programs),
          linuxArguments(runs),
          String(LINUX_MEMORY_MIB),
        ],
      ),
    ),
};

const qemuLinux: LinuxSystem = {
  name: 'qemuLinux',
  title: 'QEMU, Linux',
  absence: (places) => noLinux(places) ?? notInstalled('qemu-system-riscv64', 'qemu-system-misc'),
  version: () => 'qemu-system-riscv64 with the same kernel and RAM disk, and OpenSBI',
  boot: (places, programs, runs) =>
    timed(places, {
      file: 'qemu-system-riscv64',
      arguments: [
        ...['-machine', 'virt', '-m', String(LINUX_MEMORY_MIB), '-nographic', '-no-reboot'],
        ...['-monitor', 'none', '-serial', 'stdio', '-kernel', linuxFilesIn(places.linux).kernel],
        ...['-initrd', linuxInitrd(places, programs), '-append', linuxArguments(runs)],
      ],
    }),
};

const v86Package = (places: Places) => join(places.root, 'node_modules', 'v86', 'package.json');

const v86: ProcessSystem = {
  name: 'v86',
  title: 'v86',
  absence: (places) =>
    existsSync(v86Package(places)) ? undefined : 'the package v86 is not installed (a devDependency of apps/bench)',
  version: () => 'i386 build under Multiboot',
  command: (places, program, n) => inNode(places, 'run-v86', sizedImage(places, 'multiboot', program, n)),
};

/** In the order of the table's columns. The first is the measure for the others. */
export const systems: readonly System[] = [
  native,
  wasm,
  worldswitch,
  worldswitchProcess,
  worldswitchLinux,
  qemuUser,
  qemuSystem,
  qemuLinux,
  v86,
];
