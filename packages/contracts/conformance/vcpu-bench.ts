import { type Exit, type HostHardware, type PhysicalMemory, TranslationMode, type Vcpu } from '../src/index.ts';
import { requireEqual } from './law.ts';
import { bytesOf } from './machine-code.ts';

/** PTE bits (privileged ISA, Sv39 page table entry), restated. */
export const PTE = { R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 } as const;
export const userCode = PTE.R | PTE.X | PTE.U | PTE.A | PTE.D;
export const userData = PTE.R | PTE.W | PTE.U | PTE.A | PTE.D;
export const userAll = userCode | userData;

export interface AddressSpace {
  readonly asid: number;
  readonly rootFrame: number;
  /** Maps a 4 KiB page; flags 0 unmaps it. Fences nothing. */
  map(page: number, frame: number, flags: number): void;
}

/** Where a law's program lies. */
export const CODE = 0x1_0000n;
export const CODE_PAGE = 0x10;
export const DATA = 0x4020_0000n;
export const DATA_PAGE = 0x4_0200;

export interface BenchHardware {
  readonly memory: PhysicalMemory;
  createVcpu(): Vcpu;
  allocateFrame(): number;
}

/** Takes frames from a machine that has no owner yet; no two of them are neighbours. */
export function benchOf(hardware: HostHardware): VcpuBench {
  let next = Math.ceil(hardware.freeMemory.start / 4096) - 2;
  const allocateFrame = () => {
    next += 2;
    return next;
  };
  return new VcpuBench({ memory: hardware.memory, createVcpu: () => hardware.createVcpu(), allocateFrame });
}

/**
 * A host's hardware set up for one law: frames, Sv39 tables written by hand, contexts, programs. Nothing in it is the code of an
 * implementation.
 */
export class VcpuBench {
  readonly hardware: BenchHardware;
  readonly vcpu: Vcpu;
  readonly #vcpus: Vcpu[] = [];

  constructor(hardware: BenchHardware) {
    this.hardware = hardware;
    this.vcpu = this.createVcpu();
    // The same hardware may have served another law.
    this.vcpu.fence();
  }

  get memory() {
    return this.hardware.memory;
  }

  createVcpu(): Vcpu {
    const vcpu = this.hardware.createVcpu();
    vcpu.privilege = 0;
    this.#vcpus.push(vcpu);
    return vcpu;
  }

  /** A zeroed frame. */
  frame(): number {
    const frame = this.hardware.allocateFrame();
    this.memory.fill(frame * 4096, 4096, 0);
    return frame;
  }

  addressSpace(asid: number): AddressSpace {
    const rootFrame = this.frame();
    const write = (address: number, frame: number, flags: number) => {
      this.memory.write32(address + 4, Math.floor(frame / 2 ** 22));
      this.memory.write32(address, ((frame << 10) | flags) >>> 0);
    };
    return {
      asid,
      rootFrame,
      map: (page, frame, flags) => {
        let table = rootFrame;
        for (const level of [2, 1]) {
          const address = table * 4096 + ((page >>> (9 * level)) & 511) * 8;
          if (this.memory.read32(address) === 0) write(address, this.frame(), 1);
          table = (this.memory.read32(address) >>> 10) + this.memory.read32(address + 4) * 2 ** 22;
        }
        write(table * 4096 + (page & 511) * 8, frame, flags === 0 ? 0 : flags | 1);
      },
    };
  }

  enter(space: AddressSpace, vcpu = this.vcpu): void {
    vcpu.setAddressSpace(TranslationMode.sv39, space.asid, space.rootFrame);
  }

  /** A program at CODE in an address space with a data page at DATA, entered and ready to run. */
  program(
    words: readonly number[],
    options: { readonly asid?: number; readonly codeFlags?: number; readonly vcpu?: Vcpu } = {},
  ) {
    const { asid = 1, codeFlags = userCode, vcpu = this.vcpu } = options;
    const space = this.addressSpace(asid);
    const code = this.frame();
    const data = this.frame();
    this.memory.write(code * 4096, bytesOf(words));
    space.map(CODE_PAGE, code, codeFlags);
    space.map(DATA_PAGE, data, userData);
    this.enter(space, vcpu);
    vcpu.pc = CODE;
    vcpu.writeX(10, DATA);
    return { space, code, data, vcpu };
  }

  /** Runs until something other than the budget ends it; the exit must be this trap, at this pc. */
  runToTrap(cause: number, trapValue: bigint, pc: bigint, vcpu = this.vcpu): Exit {
    const exit = vcpu.run(10_000_000);
    requireEqual(
      { kind: exit.kind, cause: exit.cause, trapValue: exit.trapValue, pc: vcpu.pc },
      { kind: 'trap', cause, trapValue, pc },
      'the exit',
    );
    return exit;
  }

  dispose(): void {
    for (const vcpu of this.#vcpus) vcpu.dispose();
  }
}
