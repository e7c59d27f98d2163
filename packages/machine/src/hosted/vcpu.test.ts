import { TranslationMode } from '@worldswitch/contracts';
import {
  assemble,
  builtInExtensions,
  CsrAddress,
  createInstructionSet,
  defaultInstructionSet,
  ExceptionCause,
  type Instruction,
  Privilege,
} from '@worldswitch/isa';
import { createPageTable, createTlb, PteFlag } from '@worldswitch/mmu-tlb';
import { describe, expect, it } from 'vitest';
import { engineNames } from '../engine/create-engine.ts';
import type { ControlOperation } from '../hart/control.ts';
import { DEFAULT_INSTRUCTION_TIME, PARTS_PER_TICK, partsOf } from '../schedule/machine-clock.ts';
import { createHostHardware } from './host-hardware.ts';

const BASE = 0x8000_0000;
const ECALL = 0x0000_0073;
const PER_TICK = PARTS_PER_TICK / partsOf(DEFAULT_INSTRUCTION_TIME, 1);
/** addi rd, rs1, imm */
const addi = (rd: number, rs1: number, imm: number) => ((imm << 20) | (rs1 << 15) | (rd << 7) | 0x13) >>> 0;

function hosted(words: readonly number[], at = BASE) {
  const hardware = createHostHardware({ memoryBytes: 16 * 2 ** 20 });
  words.forEach((word, index) => {
    hardware.memory.write32(at + index * 4, word);
  });
  const vcpu = hardware.createVcpu();
  vcpu.pc = BigInt(at);
  return { hardware, vcpu };
}

describe('a hosted vcpu', () => {
  it('starts in user mode, without translation, and reports an ecall with nothing of it done', () => {
    const { vcpu } = hosted([addi(5, 0, 7), addi(5, 5, -8), ECALL]);
    const exit = vcpu.run(1000);
    expect(exit).toMatchObject({ kind: 'trap', cause: ExceptionCause.environmentCallFromUser, trapValue: 0n });
    expect(exit.privilege).toBe(Privilege.user);
    expect(vcpu.pc).toBe(BigInt(BASE + 8));
    expect(vcpu.readX(5)).toBe(0xffff_ffff_ffff_ffffn);
    expect(vcpu.counters.instructions).toBe(2);
  });

  it('retires exactly what it was allowed to', () => {
    const { vcpu, hardware } = hosted([0x0000_006f]); // j .
    expect(vcpu.run(12345)).toMatchObject({ kind: 'budget' });
    expect(vcpu.counters.instructions).toBe(12345);
    expect(hardware.clock.now()).toBe(Math.floor(12345 / PER_TICK));
    vcpu.run(0);
    expect(vcpu.counters.instructions).toBe(12345);
    hardware.clock.advanceTo(5000);
    expect(hardware.clock.now()).toBe(5000);
    expect(hardware.clock.instructionsUntil(5001)).toBe(PER_TICK - (12345 % PER_TICK));
  });

  it('reports an illegal instruction with its bits, and a jump into nowhere with the address', () => {
    const { vcpu } = hosted([0xffff_ffff]);
    expect(vcpu.run(1)).toMatchObject({ kind: 'trap', cause: 2, trapValue: 0xffff_ffffn });
    vcpu.pc = 0x1234_5678_9abc_def0n;
    expect(vcpu.run(1)).toMatchObject({ kind: 'trap', cause: 1, trapValue: 0x1234_5678_9abc_def0n });
    vcpu.pc = 0x1000n;
    expect(vcpu.run(1)).toMatchObject({ kind: 'trap', cause: 1, trapValue: 0x1000n });
  });

  it('translates by the address space it is given, and counts what the TLB did', () => {
    const { hardware, vcpu } = hosted([0x0005_3583, 0x0085_3603, ECALL], BASE + 0x4000); // ld a1, 0(a0); ld a2, 8(a0)
    let next = BASE / 4096 + 64;
    const table = createPageTable({
      memory: hardware.memory,
      mode: TranslationMode.sv39,
      allocateFrame: () => next++,
      freeFrame() {},
    });
    const user = PteFlag.user | PteFlag.read | PteFlag.execute;
    table.map(0x10, BASE / 4096 + 4, user);
    table.map(0x20, BASE / 4096 + 5, PteFlag.user | PteFlag.read | PteFlag.write);
    hardware.memory.write64(BASE + 0x5008, 0x1122_3344_5566_7788n);
    vcpu.setAddressSpace(TranslationMode.sv39, 3, table.rootFrame);
    vcpu.pc = 0x10000n;
    vcpu.writeX(10, 0x20000n);
    expect(vcpu.run(100)).toMatchObject({ kind: 'trap', cause: 8 });
    expect(vcpu.readX(12)).toBe(0x1122_3344_5566_7788n);
    // Two fetched and retired instructions and two loads; the page of each was missed once, three levels each.
    expect(vcpu.counters.tlb).toEqual({ hits: 2, misses: 2, walkReferences: 6 });

    vcpu.pc = 0x10000n;
    vcpu.writeX(10, 0x30ff9n);
    expect(vcpu.run(100)).toMatchObject({ kind: 'trap', cause: 13, trapValue: 0x30ff9n });

    vcpu.fence(3);
    vcpu.writeX(10, 0x20000n);
    vcpu.run(100);
    expect(vcpu.counters.tlb.misses).toBe(5);
  });

  it('forgets what the TLB model replaced', () => {
    // 1: ld a1, 0(a0); ld a2, 0(a3); j 1b: three pages with that of the code, in a TLB of two entries.
    const words = [0x0005_3583, 0x0006_b603, 0xff9f_f06f];
    const hardware = createHostHardware({ memoryBytes: 2 ** 24, tlb: createTlb({ sets: 1, ways: 2 }) });
    const { memory } = hardware;
    const vcpu = hardware.createVcpu();
    words.forEach((word, index) => {
      memory.write32(BASE + index * 4, word);
    });
    let next = BASE / 4096 + 64;
    const table = createPageTable({ memory, mode: TranslationMode.sv39, allocateFrame: () => next++, freeFrame() {} });
    const flags = PteFlag.user | PteFlag.read | PteFlag.execute;
    table.mapRange(0x10, BASE / 4096, 3, flags);
    vcpu.setAddressSpace(TranslationMode.sv39, 1, table.rootFrame);
    vcpu.writeX(10, 0x11000n);
    vcpu.writeX(13, 0x12000n);
    vcpu.pc = 0x10000n;
    vcpu.run(300);
    // First in, first out: code, a0's page, a3's page in turn replace the one that is needed next.
    expect(vcpu.counters.tlb.misses).toBeGreaterThan(290);
    expect(vcpu.counters.tlb.hits + vcpu.counters.tlb.misses).toBe(500);
  });

  it('serves more address spaces than it has translation sets', () => {
    const { hardware, vcpu } = hosted([0x0005_3583, ECALL], BASE + 0x4000); // ld a1, 0(a0)
    const { memory } = hardware;
    let next = BASE / 4096 + 512;
    const tables = Array.from({ length: 150 }, (_, space) => {
      const table = createPageTable({
        memory,
        mode: TranslationMode.sv39,
        allocateFrame: () => next++,
        freeFrame() {},
      });
      table.map(0x10, BASE / 4096 + 4, PteFlag.user | PteFlag.read | PteFlag.execute);
      const frame = BASE / 4096 + 200 + space;
      table.map(0x20, frame, PteFlag.user | PteFlag.read);
      memory.write64(frame * 4096, BigInt(space));
      return table;
    });
    vcpu.writeX(10, 0x20000n);
    for (const order of [1, 7, 149]) {
      for (let i = 0; i < tables.length; i++) {
        const space = (i * order) % tables.length;
        vcpu.setAddressSpace(TranslationMode.sv39, space, tables[space]!.rootFrame);
        vcpu.pc = 0x10000n;
        expect(vcpu.run(100)).toMatchObject({ kind: 'trap', cause: 8 });
        expect(vcpu.readX(11)).toBe(BigInt(space));
      }
    }
  });

  it('keeps contexts apart and shares the clock', () => {
    const { hardware, vcpu } = hosted([addi(5, 5, 1), 0xffdf_f06f]); // 1: addi t0, t0, 1; j 1b
    const other = hardware.createVcpu();
    other.pc = vcpu.pc;
    for (let turn = 0; turn < 10; turn++) {
      vcpu.run(20);
      other.run(10);
    }
    expect([vcpu.readX(5), other.readX(5)]).toEqual([100n, 50n]);
    expect(hardware.clock.now()).toBe(Math.floor(300 / PER_TICK));
    other.dispose();
  });

  it('honours mcounteren and scounteren for user mode', () => {
    const { vcpu } = hosted([0xc010_2573, ECALL]); // rdtime a0
    expect(vcpu.run(10)).toMatchObject({ kind: 'trap', cause: 2, trapValue: 0xc010_2573n });
    vcpu.writeCsr(CsrAddress.mcounteren, 2n);
    vcpu.writeCsr(CsrAddress.scounteren, 2n);
    expect(vcpu.run(10)).toMatchObject({ kind: 'trap', cause: 8 });
  });

  it('takes the faults of added control operations, noted or raised, and does nothing of the instruction', () => {
    const row = (name: string, funct: string): Instruction => ({
      ...defaultInstructionSet().byName('ebreak')!,
      name,
      encoding: `${funct} 00000 111 00000 0001011`,
      semantics: [{ kind: 'control', operation: name }],
    });
    const rows = [row('try.note', '101010000001'), row('try.raise', '101010000010'), row('try.pass', '101010000011')];
    const instructionSet = createInstructionSet([...builtInExtensions, { name: 'Xtry', rows }]);
    const controls: Record<string, ControlOperation> = {
      'try.note': (hart) => hart.noteFault(24, -2, 0x7fff_ffff),
      'try.raise': (hart) => hart.raise(25, 0x8000_0000_0000_0001n),
      'try.pass': (hart) => hart.writeX(6, 6n),
    };
    for (const engine of engineNames) {
      const hardware = createHostHardware({ memoryBytes: 2 ** 20, engine, instructionSet, controls });
      const source = 'try.note\ntry.raise\ntry.pass\necall';
      hardware.memory.write(BASE, assemble(source, { instructionSet }).bytes);
      const vcpu = hardware.createVcpu();
      vcpu.pc = BigInt(BASE);
      for (const [cause, trapValue] of [
        [24, 0x7fff_ffff_ffff_fffen],
        [25, 0x8000_0000_0000_0001n],
      ] as const) {
        const before = vcpu.pc;
        expect(vcpu.run(10)).toMatchObject({ kind: 'trap', cause, trapValue });
        expect([vcpu.pc, vcpu.counters.instructions]).toEqual([before, 0]);
        vcpu.pc += 4n;
      }
      expect(vcpu.run(10)).toMatchObject({ kind: 'trap', cause: 8, trapValue: 0n });
      expect([vcpu.readX(6), vcpu.counters.instructions]).toEqual([6n, 1]);
    }
  });

  it('keeps the trap value of an exit while another context runs', () => {
    const { hardware, vcpu } = hosted([0x1400_2573, ECALL]); // csrr a0, sscratch
    const other = hardware.createVcpu();
    other.pc = BigInt(BASE + 4);
    const exit = vcpu.run(10);
    other.run(10);
    expect([exit.trapValue, other.exit.trapValue]).toEqual([0x1400_2573n, 0n]);
  });

  it('does not run for ever when a delegated trap has no handler', () => {
    const { vcpu } = hosted([ECALL]);
    vcpu.writeCsr(CsrAddress.medeleg, 0xffffn);
    vcpu.writeCsr(CsrAddress.stvec, 0x40n);
    expect(vcpu.run(1000)).toMatchObject({ kind: 'trap', cause: 16 });
  });
});
