#!/usr/bin/env node
/**
 * Builds the benchmark's programs for every system they run on, the same bytes from the same sources anywhere.
 *
 *   node build.mjs            writes images/
 *   node build.mjs --check    builds into a temporary folder and fails, naming the files that differ
 *
 * A target whose compiler is not installed is left as it is, and said so. Debian has them all:
 * gcc-riscv64-linux-gnu, gcc-multilib (or gcc alone), clang-14 and lld-14.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));

/** The same for every compiler: no vectors, no fused multiply-add, no loop turned into a library call. */
const language = [
  '-std=gnu11',
  '-O2',
  '-ffreestanding',
  '-fno-builtin',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Iprograms',
];
const gcc = [
  ...language,
  '-fno-tree-vectorize',
  '-fno-tree-slp-vectorize',
  '-fno-tree-loop-distribute-patterns',
  '-fno-pie',
  '-no-pie',
  '-fno-ident',
  '-nostdlib',
  '-static',
  '-Wl,--build-id=none',
  '-Wl,-z,noexecstack',
];
const riscv = ['-march=rv64gc', '-mabi=lp64d', '-mcmodel=medany'];

/** One system each: its compiler, the arguments that make `output` of `source`, and what takes the symbols away. */
const targets = [
  {
    folder: 'linux',
    compiler: 'riscv64-linux-gnu-gcc',
    strip: 'riscv64-linux-gnu-strip',
    arguments: (source, output) => [
      ...gcc,
      ...riscv,
      '-Wl,-T,programs/runtime/linux.lds',
      'programs/runtime/linux.c',
      source,
      '-o',
      output,
    ],
    suffix: '.elf',
  },
  {
    folder: 'bare',
    compiler: 'riscv64-linux-gnu-gcc',
    strip: 'riscv64-linux-gnu-strip',
    arguments: (source, output) => [
      ...gcc,
      ...riscv,
      '-Wl,-T,programs/runtime/bare.lds',
      'programs/runtime/bare.c',
      source,
      '-o',
      output,
    ],
    suffix: '.elf',
  },
  {
    folder: 'wasm',
    compiler: 'clang-14',
    linker: 'wasm-ld-14',
    arguments: (source, output) => [
      '--target=wasm32',
      ...language,
      '-fno-vectorize',
      '-fno-slp-vectorize',
      '-nostdlib',
      '-Wl,--no-entry',
      '-Wl,--export=work',
      '-Wl,--strip-all',
      source,
      '-o',
      output,
    ],
    suffix: '.wasm',
  },
  {
    folder: 'multiboot',
    compiler: 'gcc',
    strip: 'strip',
    arguments: (source, output) => [
      ...gcc,
      '-m32',
      '-march=pentium4',
      '-mfpmath=sse',
      '-Wl,-T,programs/runtime/multiboot.lds',
      'programs/runtime/multiboot.c',
      source,
      '-o',
      output,
    ],
    suffix: '.elf',
  },
];

function run(command, args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function isInstalled(command) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const programs = readdirSync(join(root, 'programs'))
  .filter((name) => name.endsWith('.c'))
  .sort()
  .map((name) => name.slice(0, -2));

/** What the soak's guest runs, as a process of Linux like the programs. */
const soakProgram = 'soak/churn.c';

/** Builds what can be built here into `output`; returns the paths of the files, relative to it. */
function build(output) {
  const built = [];
  for (const target of targets) {
    const missing = [target.compiler, target.strip ?? target.linker].find((tool) => !isInstalled(tool));
    if (missing) {
      console.error(`${target.folder}: left out, ${missing} is not installed`);
      continue;
    }
    const sources = programs.map((program) => [`programs/${program}.c`, `${target.folder}/${program}${target.suffix}`]);
    if (target.folder === 'linux') sources.push([soakProgram, 'soak/churn.elf']);
    for (const [source, file] of sources) {
      mkdirSync(dirname(join(output, file)), { recursive: true });
      run(target.compiler, target.arguments(source, join(output, file)));
      if (target.strip) run(target.strip, ['--strip-all', join(output, file)]);
      built.push(file);
    }
  }
  return built;
}

const fresh = mkdtempSync(join(tmpdir(), 'worldswitch-bench-'));
try {
  const built = build(fresh);
  const images = join(root, 'images');
  if (process.argv.includes('--check')) {
    const differs = (file) =>
      !existsSync(join(images, file)) || !readFileSync(join(images, file)).equals(readFileSync(join(fresh, file)));
    const differing = built.filter(differs);
    for (const file of differing) console.error(`differs from its source: apps/bench/images/${file}`);
    if (differing.length > 0) {
      console.error('Run `pnpm bench:build` and commit the result.');
      process.exitCode = 1;
    } else console.log(`${built.length} built files agree with their sources`);
  } else {
    for (const file of built) {
      mkdirSync(dirname(join(images, file)), { recursive: true });
      copyFileSync(join(fresh, file), join(images, file));
    }
    console.log(`${built.length} files in apps/bench/images`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
