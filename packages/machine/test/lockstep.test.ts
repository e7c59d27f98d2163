import { type Exit, type PhysicalMemory, TranslationMode } from '@worldswitch/contracts';
import { CsrAddress, Privilege } from '@worldswitch/isa';
import { createPageTable, createTlb, lru, PteFlag } from '@worldswitch/mmu-tlb';
import { describe, expect, it } from 'vitest';
import { type CompiledEngine, createCompiledEngine } from '../src/engine/compiler/index.ts';
import { createHostHardware } from '../src/hosted/host-hardware.ts';
import type { HostedVcpu } from '../src/hosted/vcpu.ts';
import { createRandom, physicalLayout, randomProgram, layout as translatedLayout } from './random-program.ts';

/**
 * The reference engine and the one that interprets and compiles run the same random programs in slices of random length; after each slice everything
 * that software can see must be equal. `WORLDSWITCH_SEED=N WORLDSWITCH_LOCKSTEP_PROGRAMS=1` repeats
 * one program; more of them make a longer search.
 */
const BASE = 0x8000_0000;
const FIRST_FRAME = BASE / 4096;
const MEMORY = 2 ** 20;
const CODE_FRAME = FIRST_FRAME + 16;
const DATA_FRAME = FIRST_FRAME + 64;
const TABLE_FRAME = FIRST_FRAME + 128;
const STACK_FRAME = FIRST_FRAME + 100;
/** Aligned to four frames. */
const GUEST_TABLES = FIRST_FRAME + 200;
const SLICES = 30;

interface Setup {
  readonly program: Uint8Array;
  readonly registers: readonly bigint[];
  /** Without translation: addresses are physical. */
  readonly isPhysical: boolean;
  readonly isLru: boolean;
  readonly sets: number;
  readonly ways: number;
  readonly threshold: number;
  readonly maxFunctions: number;
  readonly coldStart: number;
  /** Context 0 is a hypervisor that enters its guest and leaves it, context 1 a guest whose hypervisor is the test. */
  readonly hasGuests: boolean;
}

/** G-stage: the identity, where some of the program's data pages lack permissions or are missing. */
function mapGuestMemory(memory: PhysicalMemory, turn: number): void {
  const put = (frame: number, index: number, target: number, flags: number) =>
    memory.write64(frame * 4096 + index * 8, (BigInt(target) << 10n) | BigInt(flags | PteFlag.valid));
  // A root of four frames, one table below it, and the leaves of the first 2 MiB of RAM.
  put(GUEST_TABLES, 2, GUEST_TABLES + 4, 0);
  put(GUEST_TABLES + 4, 0, GUEST_TABLES + 5, 0);
  const { read, write, execute, user, accessed } = PteFlag;
  const all = read | write | execute | user;
  for (let index = 0; index < MEMORY / 4096; index++) {
    const data = FIRST_FRAME + index - DATA_FRAME;
    if (data < 0 || data >= translatedLayout.dataPages) put(GUEST_TABLES + 5, index, FIRST_FRAME + index, all);
    else {
      const flags = [all, all & ~write, all | accessed, undefined, execute | user, all, all, all][
        (data * 5 + turn) % 8
      ];
      if (flags !== undefined) put(GUEST_TABLES + 5, index, FIRST_FRAME + index, flags);
    }
  }
}

/** A context that is in the guest at once, or that can enter it: both translate by the same tables as without. */
function prepareGuest(vcpu: HostedVcpu, isGuest: boolean): void {
  const write = (name: string, value: bigint) =>
    vcpu.writeCsr(vcpu.hart.instructionSet.csrByName(name)!.address, BigInt.asUintN(64, value));
  write('medeleg', isGuest ? 0xb1ffn : 0xf0_f7ffn);
  write('hgatp', (8n << 60n) | ((isGuest ? 1n : 2n) << 44n) | BigInt(GUEST_TABLES));
  write('vsatp', vcpu.readCsr(CsrAddress.satp));
  write('henvcfg', (1n << 63n) | (1n << 61n));
  write('hcounteren', 7n);
  write('htimedelta', -3000n);
  write('vsstatus', 0x46022n);
  if (!isGuest) return;
  write('hedeleg', 0xb1ffn);
  write('hideleg', 0x444n);
  vcpu.isVirtual = true;
}

/** Maps the places of the translated layout; returns the table's root frame. */
function buildPageTable(memory: PhysicalMemory): number {
  const layout = translatedLayout;
  let nextFrame = TABLE_FRAME;
  const table = createPageTable({
    memory,
    mode: TranslationMode.sv39,
    allocateFrame: () => nextFrame++,
    freeFrame() {},
  });
  const { read, write, execute, user, accessed, dirty } = PteFlag;
  const codeFlags = read | write | execute | accessed;
  const page = (address: number | bigint): number => Number(address) / 4096;
  table.mapRange(page(layout.code), CODE_FRAME, layout.codePages, codeFlags);
  table.mapRange(page(layout.userCode), CODE_FRAME, layout.codePages, codeFlags | user);
  const beforeData = nextFrame;
  for (let i = 0; i < layout.dataPages; i++) {
    const flags = [read | write | user | accessed | dirty, read | write | user, read | user, read | write, 0][
      [0, 0, 0, 1, 1, 0, 2, 2, 3, 3, 0, 4, 0, 1, 4, 0][i]!
    ]!;
    // No two pages in a row are so in physical memory.
    if (flags !== 0) table.map(page(layout.data) + i, DATA_FRAME + ((i * 7) % layout.dataPages), flags);
  }
  // The program finds the leaf table of its data pages at `tables`.
  const leafTable = nextFrame - 1;
  if (leafTable < beforeData) throw new Error('the data pages share a page table with something else');
  table.map(page(layout.tables), leafTable, read | write | user | accessed | dirty);
  table.mapRange(page(layout.stacks), STACK_FRAME, 8, read | write | user);
  return table.rootFrame;
}

/** A machine with one hart and two contexts that run the program in supervisor mode, in address spaces of their own. */
function createMachine(setup: Setup, isCompiled: boolean) {
  const { sets, ways } = setup;
  const layout = setup.isPhysical ? physicalLayout : translatedLayout;
  const hardware = createHostHardware({
    memoryBytes: MEMORY,
    tlb: createTlb(setup.isLru ? { sets, ways, policy: lru } : { sets, ways }),
  });
  const { memory, hart } = hardware;
  let engine: CompiledEngine | undefined;
  if (isCompiled) {
    const { threshold, maxFunctions, coldStart } = setup;
    engine = createCompiledEngine(hart.group, { threshold, maxFunctions, coldStart });
    hart.group.engine = engine;
  }
  memory.write(CODE_FRAME * 4096, setup.program);
  const rootFrame = setup.isPhysical ? 0 : buildPageTable(memory);
  if (setup.hasGuests) mapGuestMemory(memory, setup.sets);
  const vcpus = [0, 1].map((index) => {
    const vcpu = hardware.createVcpu() as HostedVcpu;
    for (const [register, value] of setup.registers.entries()) if (register > 0) vcpu.writeX(register, value);
    vcpu.privilege = Privilege.supervisor;
    vcpu.writeCsr(CsrAddress.medeleg, 0xf7ffn);
    vcpu.writeCsr(CsrAddress.mideleg, 0x222n);
    vcpu.writeCsr(CsrAddress.menvcfg, (1n << 63n) | (1n << 61n));
    vcpu.writeCsr(CsrAddress.mcounteren, 7n);
    vcpu.writeCsr(CsrAddress.scounteren, 7n);
    if (setup.isPhysical) vcpu.setAddressSpace(TranslationMode.bare, 0, 0);
    else vcpu.setAddressSpace(TranslationMode.sv39, index + 1, rootFrame);
    vcpu.writeX(4, BigInt(layout.stacks + index * 0x4000));
    vcpu.writeX(24, BigInt(layout.stacks + index * 0x4000 + 0x3ff0));
    vcpu.writeX(25, BigInt(layout.data + 0x100));
    vcpu.writeX(26, BigInt(layout.data + 0x800));
    vcpu.pc = BigInt(layout.code);
    if (setup.hasGuests) {
      prepareGuest(vcpu, index === 1);
      memory.write64((STACK_FRAME + index * 4) * 4096 + 32, index === 0 ? 1n : 0n);
    }
    return vcpu;
  });
  return { hardware, vcpus, engine };
}

const csrs = [
  'sstatus',
  'sepc',
  'scause',
  'stval',
  'sscratch',
  'stvec',
  'stimecmp',
  'sip',
  'satp',
  'mstatus',
  'fcsr',
] as const;

function stateOf(vcpu: HostedVcpu): string {
  const lines: string[] = [`pc ${vcpu.pc.toString(16)} privilege ${vcpu.privilege}`];
  for (let register = 1; register < 32; register++) lines.push(`x${register} ${vcpu.readX(register).toString(16)}`);
  for (let register = 0; register < 32; register++) lines.push(`f${register} ${vcpu.readF(register).toString(16)}`);
  for (const name of csrs) lines.push(`${name} ${vcpu.readCsr(CsrAddress[name]).toString(16)}`);
  const { instructions, tlb } = vcpu.counters;
  lines.push(
    `retired ${instructions} accesses ${vcpu.context.dataAccesses} reservation ${vcpu.context.memory.i64[vcpu.context.quad + 72]}`,
  );
  lines.push(`hits ${tlb.hits} misses ${tlb.misses} references ${tlb.walkReferences}`);
  for (const { name, address } of vcpu.hart.instructionSet.csrs) {
    if (/^(v?s|h|mt|ms)/.test(name) && !/hpm|stateen/.test(name))
      lines.push(`${name} ${vcpu.readCsr(address).toString(16)}`);
  }
  lines.push(`virtual ${vcpu.isVirtual}`);
  lines.push(`traps ${vcpu.context.traps.join()}`);
  return lines.join('\n');
}

/** Byte offset of the first 8 bytes that differ, or -1. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const [wordsA, wordsB] = [a, b].map(
    ({ buffer, byteOffset, length }) => new BigUint64Array(buffer, byteOffset, length / 8),
  );
  for (let index = 0; index < wordsA!.length; index++) if (wordsA![index] !== wordsB![index]) return index * 8;
  return -1;
}

/** Runs one program to its end or to the first difference. Returns figures, for tests that the search finds something. */
function runLockstep(seed: number) {
  const random = createRandom(seed);
  const isPhysical = random() % 3 === 0;
  const { codePages } = isPhysical ? physicalLayout : translatedLayout;
  const hasGuests = !isPhysical && random() % 2 === 0;
  const program = randomProgram(random, isPhysical ? physicalLayout : translatedLayout, hasGuests).bytes;
  const setup: Setup = {
    program,
    registers: Array.from({ length: 32 }, () =>
      random() & 1 ? BigInt(random()) : (BigInt(random()) << 32n) | BigInt(random()),
    ),
    isPhysical,
    isLru: random() % 8 === 0,
    sets: [1, 4, 64][random() % 3]!,
    ways: [3, 4, 8][random() % 3]!,
    // What is never compiled runs in the interpreter alone.
    threshold: [0, 1, 4, 24, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY][random() % 6]!,
    maxFunctions: random() & 1 ? 64 : 1024,
    hasGuests,
    coldStart: random() % 4 === 0 ? 500 : 0,
  };
  if (program.length > codePages * 4096) return undefined;
  const reference = createMachine(setup, false);
  const compiled = createMachine(setup, true);
  for (let slice = 0; slice < SLICES; slice++) {
    const length = [1 + (random() % 20), 1 + (random() % 300), 1 + (random() % 4000)][random() % 3]!;
    const index = random() % 4 === 0 ? 1 : 0;
    const about = `seed ${seed} slice ${slice} of ${length} on context ${index}, threshold ${setup.threshold}`;
    const expectedExit = exitOf(reference.vcpus[index]!.run(length));
    const foundExit = exitOf(compiled.vcpus[index]!.run(length));
    expect(foundExit, about).toEqual(expectedExit);
    // What the guest's hypervisor does not mend it skips.
    if (hasGuests && expectedExit.kind === 'trap') {
      for (const { vcpus } of [reference, compiled]) vcpus[index]!.pc += 4n;
    }
    expect(stateOf(compiled.vcpus[index]!), about).toBe(stateOf(reference.vcpus[index]!));
    expect(compiled.hardware.clock.now(), about).toBe(reference.hardware.clock.now());
    const at = firstDifference(compiled.hardware.memory.bytes, reference.hardware.memory.bytes);
    expect(at, `${about}: offset in memory of the first difference`).toBe(-1);
  }
  const [first, second] = reference.vcpus.map(({ context }) => context);
  const traps = Array.from(first!.traps, (count, cause) => count + second!.traps[cause]!);
  return { instret: first!.instret, traps, statistics: compiled.engine!.statistics };
}

/** What an exit says, kept: the object itself is used again. */
function exitOf({ kind, cause, trapValue, privilege }: Exit) {
  return { kind, cause, trapValue, privilege };
}

// The tests run in Node; the package itself knows nothing of it.
declare const process: { readonly env: Readonly<Record<string, string | undefined>> };
const firstSeed = Number(process.env.WORLDSWITCH_SEED);
const wantedPrograms = Number(process.env.WORLDSWITCH_LOCKSTEP_PROGRAMS ?? 40);
/** A search that is no repetition goes on until it has come across everything it must, or has done this many programs. */
const MOST_PROGRAMS = 2000;
const isSearch = wantedPrograms > 5;
const wantedTraps = [2, 3, 5, 7, 8, 9, 10, 13, 15, 21, 22, 23, 64 + 5, 64 + 6];

describe('the reference and the compiled engine in lockstep', () => {
  it(`agree on random programs (seed ${firstSeed})`, () => {
    let programs = 0;
    let instructions = 0;
    let regions = 0;
    let invalidations = 0;
    let evictions = 0;
    const traps = new Array<number>(128).fill(0);
    const isComplete = () =>
      regions > 100 && invalidations > 5 && evictions > 5 && wantedTraps.every((cause) => traps[cause]! > 0);
    const isOver = () => programs >= wantedPrograms && (!isSearch || isComplete() || programs >= MOST_PROGRAMS);
    for (let seed = firstSeed; !isOver(); seed++) {
      const result = runLockstep(seed);
      if (!result) continue;
      programs++;
      instructions += result.instret;
      regions += result.statistics.regions;
      invalidations += result.statistics.invalidations;
      evictions += result.statistics.evictedModules;
      for (const [cause, count] of result.traps.entries()) traps[cause]! += count;
    }
    const seen = traps.flatMap((count, cause) => (count > 0 ? [`${cause}:${count}`] : []));
    console.log(
      `lockstep: seeds from ${firstSeed}, ${programs} programs, ${instructions} instructions, ${regions} regions, ` +
        `${invalidations} invalidations, ${evictions} evictions, traps by cause ${seen.join(' ')}`,
    );
    if (!isSearch) return;
    expect(regions).toBeGreaterThan(100);
    expect(invalidations).toBeGreaterThan(5);
    expect(evictions).toBeGreaterThan(5);
    for (const cause of wantedTraps) expect(traps[cause], `traps of cause ${cause}`).toBeGreaterThan(0);
  });
});
