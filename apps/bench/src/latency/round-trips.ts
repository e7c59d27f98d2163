import { program } from '@worldswitch/guest-os';
import { createHostKernel, createProcessWorld } from '@worldswitch/host-os';
import { createHostHardware, type EngineName, type HostedMachine } from '@worldswitch/machine';
import { median } from '../statistics.ts';

const MEMORY_BYTES = 64 * 2 ** 20;
const PAGE_SIZE = 4096;
/** Physical address and virtual page of the code. */
const CODE = 0x8000_0000;
const CODE_PAGE = 0x10;
/** Page tables begin here. */
const TABLES = CODE + 0x10_0000;
const ENTRIES = 512;
/** V, R, X, U, A: of leaves; V alone points to the next level (privileged ISA, "Sv39"). */
const LEAF = 0x5b;
const POINTER = 0x01;

/** satp.MODE. */
const SV39 = 8;
type Vcpu = ReturnType<HostedMachine['createVcpu']>;

const ADDI_A0_1 = 0x0015_0513;
const ECALL = 0x0000_0073;
/** jal x0, -8 */
const JUMP_BACK = 0xff9f_f06f;
const BUDGET = 1000;

/** Microseconds of CPU time, of all threads: other work on the machine does not count, the engine's translation does. */
function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds of one call of `trip`: the median of batches. */
function medianTrip(trip: () => void, batches: number, perBatch: number): number {
  const samples: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const start = cpuMicroseconds();
    for (let count = 0; count < perBatch; count++) trip();
    samples.push((cpuMicroseconds() - start) / perBatch);
  }
  return median(samples)!;
}

/** A hart with a loop that calls its environment in each round. */
function callingLoop(engine: EngineName): { readonly hardware: HostedMachine; readonly vcpu: Vcpu } {
  const hardware = createHostHardware({ memoryBytes: MEMORY_BYTES, engine });
  for (const [index, word] of [ADDI_A0_1, ECALL, JUMP_BACK].entries()) hardware.memory.write32(CODE + index * 4, word);
  const vcpu = hardware.createVcpu();
  vcpu.pc = BigInt(CODE);
  return { hardware, vcpu };
}

function roundTrip(vcpu: Vcpu): void {
  if (vcpu.run(BUDGET).kind !== 'trap') throw new Error('the loop did not trap');
  vcpu.pc += 4n;
}

/** Microseconds from guest code into TypeScript, by a trap, and back. */
export function measureTrap(engine: EngineName, batches: number, perBatch: number): number {
  const { vcpu } = callingLoop(engine);
  medianTrip(() => roundTrip(vcpu), 1, Math.max(perBatch, 20_000));
  return medianTrip(() => roundTrip(vcpu), batches, perBatch);
}

/** An Sv39 table at `address` that maps so many pages from CODE_PAGE on, all of them to the code. The frame of its root. */
function writeTable(hardware: HostedMachine, address: number, pages: number): number {
  const { memory } = hardware;
  const entry = (target: number, flags: number) => (BigInt(target / PAGE_SIZE) << 10n) | BigInt(flags);
  const middle = address + PAGE_SIZE;
  memory.write64(address, entry(middle, POINTER));
  for (let page = CODE_PAGE; page < CODE_PAGE + pages; page++) {
    const last = middle + (1 + Math.floor(page / ENTRIES)) * PAGE_SIZE;
    memory.write64(middle + Math.floor(page / ENTRIES) * 8, entry(last, POINTER));
    memory.write64(last + (page % ENTRIES) * 8, entry(CODE, LEAF));
  }
  return address / PAGE_SIZE;
}

export interface SwitchFigures {
  /** Microseconds of a trip into TypeScript and back with and without a change of the address space. */
  readonly withSwitch: number;
  readonly without: number;
  readonly switches: number;
  /** Lookups of the TLB that missed, and page-table entries read, in all these switches. */
  readonly misses: number;
  readonly walkReferences: number;
}

/** Two address spaces of so many pages each, in turns. */
export function measureSwitch(engine: EngineName, pages: number, batches: number, perBatch: number): SwitchFigures {
  const { hardware, vcpu } = callingLoop(engine);
  const roots = [TABLES, TABLES + 0x100_0000].map((address) => writeTable(hardware, address, pages));
  let turn = 0;
  const change = (): void => {
    turn ^= 1;
    vcpu.setAddressSpace(SV39, 1 + turn, roots[turn]!);
  };
  change();
  vcpu.pc = BigInt(CODE_PAGE * PAGE_SIZE);
  // Every page is used once in each of them: what an address space has used is not to matter.
  for (let page = 0; page < pages; page++) {
    for (let space = 0; space < 2; space++) {
      change();
      vcpu.pc = BigInt((CODE_PAGE + page) * PAGE_SIZE);
      roundTrip(vcpu);
    }
  }
  vcpu.pc = BigInt(CODE_PAGE * PAGE_SIZE);
  const switching = (): void => {
    change();
    roundTrip(vcpu);
  };
  medianTrip(switching, 1, Math.max(perBatch, 20_000));
  const before = vcpu.counters.tlb;
  const withSwitch = medianTrip(switching, batches, perBatch);
  const after = vcpu.counters.tlb;
  return {
    withSwitch,
    without: medianTrip(() => roundTrip(vcpu), batches, perBatch),
    switches: batches * perBatch,
    misses: after.misses - before.misses,
    walkReferences: after.walkReferences - before.walkReferences,
  };
}

/** Microseconds of a system call that our host OS handles: the cheapest one, less what the loop around it takes. */
export function measureSystemCall(engine: EngineName, runs: number, calls: number): number {
  const run = (count: number): number => {
    const hardware = createHostHardware({ memoryBytes: MEMORY_BYTES, engine });
    const world = createProcessWorld(createHostKernel(hardware), {
      name: 'latency',
      program: { image: program('syscall-loop'), arguments: ['/bin/syscall-loop', String(count)] },
      memoryBytes: MEMORY_BYTES,
    });
    const start = cpuMicroseconds();
    const result = world.run(Number.POSITIVE_INFINITY);
    const time = cpuMicroseconds() - start;
    if (result?.reason !== 'exited' || result.exitCode !== 0) throw new Error('syscall-loop failed');
    return time;
  };
  run(calls);
  const least = Math.floor(calls / 10);
  return median(Array.from({ length: runs }, () => (run(calls) - run(least)) / (calls - least)))!;
}
