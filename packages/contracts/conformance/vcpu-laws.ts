import type { HostHardware, Vcpu } from '../src/index.ts';
import { type Law, requireEqual, requireThat, requireThrow } from './law.ts';
import * as code from './machine-code.ts';
import {
  benchOf,
  CODE,
  CODE_PAGE,
  DATA,
  DATA_PAGE,
  PTE,
  userAll,
  userCode,
  userData,
  type VcpuBench,
} from './vcpu-bench.ts';

const { addi, bne, ECALL, jal, ld, lw, sd, sw } = code;

/** Exception codes of mcause, restated from the privileged ISA's table. */
const Cause = {
  fetchAccess: 1,
  illegal: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  ecallFromUser: 8,
  ecallFromSupervisor: 9,
  fetchPage: 12,
  loadPage: 13,
  storePage: 15,
} as const;

/**
 * What every Vcpu does, shown by small programs in machine code.
 * @param create gives hardware with at least 8 MiB of free memory. It may be the same each time: laws clean up after themselves.
 */
export function vcpuLaws(create: () => HostHardware): Law[] {
  const law = (name: string, check: (bench: VcpuBench, vcpu: Vcpu, hardware: HostHardware) => void): Law => ({
    name,
    check() {
      const hardware = create();
      const bench = benchOf(hardware);
      try {
        check(bench, bench.vcpu, hardware);
      } finally {
        bench.dispose();
      }
    },
  });

  return [...registerLaws(law), ...sliceLaws(law), ...trapLaws(law), ...addressSpaceLaws(law), ...coherenceLaws(law)];
}

type Define = (name: string, check: (bench: VcpuBench, vcpu: Vcpu, hardware: HostHardware) => void) => Law;

function registerLaws(law: Define): Law[] {
  return [
    law('integer registers hold 64 bits, x0 holds 0', (_bench, vcpu) => {
      for (let index = 0; index < 32; index++) vcpu.writeX(index, 0xfedc_ba98_0000_0000n + BigInt(index));
      requireEqual(vcpu.readX(0), 0n, 'x0');
      for (let index = 1; index < 32; index++)
        requireEqual(vcpu.readX(index), 0xfedc_ba98_0000_0000n + BigInt(index), `x${index}`);
      vcpu.writeX(5, -1n);
      requireEqual(vcpu.readX(5), 2n ** 64n - 1n, 'x5 after writing -1');
      vcpu.writeX(5, 2n ** 64n + 3n);
      requireEqual(vcpu.readX(5), 3n, 'x5 after writing 2^64 + 3');
    }),
    law('writeXLow extends the sign, readXLow reads the low half', (_bench, vcpu) => {
      vcpu.writeXLow(5, -2);
      requireEqual(vcpu.readX(5), 2n ** 64n - 2n, 'x5');
      vcpu.writeX(6, 0x1234_5678_8000_0001n);
      requireEqual(vcpu.readXLow(6), -0x7fff_ffff, 'low half of x6');
      vcpu.writeXLow(0, 7);
      requireEqual(vcpu.readX(0), 0n, 'x0');
    }),
    law('floating-point registers hold raw bits', (_bench, vcpu) => {
      vcpu.writeF(0, 0x7ff0_0000_0000_0001n);
      vcpu.writeF(31, 0xffff_ffff_7fa0_0000n);
      requireEqual([vcpu.readF(0), vcpu.readF(31)], [0x7ff0_0000_0000_0001n, 0xffff_ffff_7fa0_0000n], 'f0 and f31');
    }),
    law('there is no CSR without a number in the table', (_bench, vcpu) => {
      requireThrow(
        () => vcpu.readCsr(0x8ff),
        (error) => error instanceof RangeError,
        'RangeError for CSR 0x8ff',
      );
      requireEqual(vcpu.readCsr(0x301) >> 62n, 2n, 'misa.MXL');
    }),
    law('contexts do not share registers', (bench, vcpu) => {
      const other = bench.createVcpu();
      vcpu.writeX(7, 1n);
      other.writeX(7, 2n);
      vcpu.pc = 0x10n;
      other.pc = 0x20n;
      vcpu.writeCsr(0x340, 5n);
      other.writeCsr(0x340, 6n);
      requireEqual([vcpu.readX(7), other.readX(7), vcpu.pc, other.pc], [1n, 2n, 0x10n, 0x20n], 'x7 and pc of both');
      requireEqual([vcpu.readCsr(0x340), other.readCsr(0x340)], [5n, 6n], 'mscratch of both');
    }),
  ];
}

function sliceLaws(law: Define): Law[] {
  /** x5 and x6 count turns; three instructions a turn, for ever. */
  const endless = [addi(5, 5, 1), addi(6, 6, 2), jal(0, -8)];
  return [
    law('arithmetic, ended by an environment call', (bench, vcpu) => {
      bench.program([
        addi(5, 0, -7),
        code.slli(6, 5, 40),
        code.lui(7, 0x8_0000),
        code.mul(8, 6, 5),
        code.divu(9, 5, 7),
        code.addw(11, 7, 7),
        code.sub(12, 0, 5),
        addi(0, 0, 5),
        code.auipc(13, 1),
        ECALL,
      ]);
      const exit = bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 36n);
      requireEqual(exit.privilege, 0, 'privilege of the exit');
      const expected = {
        x0: 0n,
        x5: 2n ** 64n - 7n,
        x6: BigInt.asUintN(64, -7n << 40n),
        x7: 0xffff_ffff_8000_0000n,
        x8: 49n << 40n,
        x9: 1n,
        x11: 0n,
        x12: 7n,
        x13: CODE + 32n + 0x1000n,
      };
      for (const [name, value] of Object.entries(expected))
        requireEqual(vcpu.readX(Number(name.slice(1))), value, name);
    }),
    law('a slice retires exactly as many instructions as it was given', (bench, vcpu) => {
      bench.program(endless);
      let retired = 0;
      for (const budget of [1, 2, 3, 4, 5, 7, 100, 1, 1000, 9999, 1, 100_003, 2, 50_000, 11]) {
        const before = vcpu.counters.instructions;
        const exit = vcpu.run(budget);
        retired += budget;
        requireEqual({ kind: exit.kind, cause: exit.cause }, { kind: 'budget', cause: 0 }, `exit of run(${budget})`);
        requireEqual(vcpu.counters.instructions - before, budget, `instructions of run(${budget})`);
        requireEqual(vcpu.pc, CODE + BigInt(4 * (retired % 3)), `pc after ${retired} instructions`);
        requireEqual(vcpu.readX(5), BigInt(Math.ceil(retired / 3)), `x5 after ${retired} instructions`);
        requireEqual(vcpu.readX(6), BigInt(2 * Math.ceil((retired - 1) / 3)), `x6 after ${retired} instructions`);
      }
    }),
    law('a slice of nothing changes nothing', (bench, vcpu) => {
      bench.program([ECALL]);
      requireEqual(vcpu.run(0).kind, 'budget', 'exit of run(0)');
      requireEqual([vcpu.pc, vcpu.counters.instructions], [CODE, 0], 'pc and instructions');
    }),
    law('the budget ends before an instruction that would trap, and a trap does not use it', (bench, vcpu) => {
      bench.program([addi(5, 0, 1), ECALL]);
      requireEqual(vcpu.run(1).kind, 'budget', 'exit of run(1)');
      requireEqual(vcpu.pc, CODE + 4n, 'pc');
      requireEqual(vcpu.run(1).kind, 'trap', 'exit of the next run(1)');
      requireEqual(vcpu.counters.instructions, 1, 'instructions: the environment call does not retire');
    }),
    law('run returns the exit that the context also shows', (bench, vcpu) => {
      bench.program([ECALL]);
      requireThat(vcpu.run(5) === vcpu.exit, 'run() to return vcpu.exit');
    }),
    law('contexts take turns without disturbing one another', (bench, vcpu) => {
      const other = bench.createVcpu();
      bench.program(endless, { asid: 1 });
      bench.program([addi(5, 5, 3), jal(0, -4)], { asid: 2, vcpu: other });
      for (let turn = 0; turn < 20; turn++) {
        vcpu.run(300);
        other.run(200);
      }
      requireEqual([vcpu.readX(5), other.readX(5)], [2000n, 6000n], 'x5 of both');
      requireEqual([vcpu.counters.instructions, other.counters.instructions], [6000, 4000], 'instructions of both');
    }),
    law('translated accesses are counted: one for each instruction, load, store and atomic', (bench, vcpu) => {
      bench.program([ld(5, 0, 10), sd(5, 8, 10), code.amoaddW(5, 6, 10), addi(6, 6, -1), jal(0, -16)]);
      const before = { ...vcpu.counters.tlb };
      vcpu.run(5000);
      const { hits, misses, walkReferences } = vcpu.counters.tlb;
      const missed = misses - before.misses;
      requireEqual(hits - before.hits + missed, 5000 + 3000, 'hits and misses together');
      requireThat(missed >= 2, `at least one miss for each of two pages, not ${missed}`);
      const references = walkReferences - before.walkReferences;
      requireThat(
        references >= missed && references <= 3 * missed,
        `one to three references for each of ${missed} walks of Sv39, not ${references} in all`,
      );
    }),
  ];
}

function trapLaws(law: Define): Law[] {
  return [
    law('a load from an unmapped page: cause, exact address, and nothing happened', (bench, vcpu) => {
      bench.program([addi(5, 0, 77), lw(5, 0x123, 11), addi(5, 0, 1), ECALL]);
      vcpu.writeX(11, 0x5000_0000n);
      bench.runToTrap(Cause.loadPage, 0x5000_0123n, CODE + 4n);
      requireEqual(vcpu.readX(5), 77n, 'the destination register');
      requireEqual(vcpu.counters.instructions, 1, 'instructions');
    }),
    law('a load resumes after its page was mapped', (bench, vcpu) => {
      const { space } = bench.program([ld(5, 8, 11), ECALL]);
      vcpu.writeX(11, 0x5000_0000n);
      bench.runToTrap(Cause.loadPage, 0x5000_0008n, CODE);
      const frame = bench.frame();
      bench.memory.write32(frame * 4096 + 8, 0x1234);
      space.map(0x5_0000, frame, userData);
      vcpu.fence(space.asid, 0x5_0000);
      bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 4n);
      requireEqual(vcpu.readX(5), 0x1234n, 'what was loaded');
    }),
    law('a store into a page that may only be read', (bench, vcpu) => {
      const { space } = bench.program([lw(5, 0, 11), sw(5, 4, 11), ECALL]);
      const frame = bench.frame();
      space.map(0x5_0000, frame, userData & ~PTE.W);
      vcpu.writeX(11, 0x5000_0000n);
      vcpu.writeX(5, 1n);
      bench.runToTrap(Cause.storePage, 0x5000_0004n, CODE + 4n);
      requireEqual(bench.memory.read32(frame * 4096 + 4), 0, 'memory behind it');
      vcpu.pc = CODE;
      bench.memory.write32(frame * 4096, 3);
      bench.runToTrap(Cause.storePage, 0x5000_0004n, CODE + 4n);
    }),
    law('an atomic on a page that may only be read is a store', (bench, vcpu) => {
      const { space } = bench.program([code.amoaddW(5, 6, 11), ECALL]);
      space.map(0x5_0000, bench.frame(), userData & ~PTE.W);
      vcpu.writeX(11, 0x5000_0010n);
      bench.runToTrap(Cause.storePage, 0x5000_0010n, CODE);
    }),
    law('a fetch from an unmapped page, and from one that may not be executed', (bench, vcpu) => {
      bench.program([code.jalr(1, 0x20, 10), ECALL]);
      bench.runToTrap(Cause.fetchPage, DATA + 0x20n, DATA + 0x20n);
      requireEqual(vcpu.readX(1), CODE + 4n, 'the link register: the jump itself has retired');
      vcpu.pc = 0x7777_0000n;
      bench.runToTrap(Cause.fetchPage, 0x7777_0000n, 0x7777_0000n);
    }),
    law('user code does not reach supervisor pages', (bench, vcpu) => {
      const { space } = bench.program([lw(5, 0, 11), ECALL]);
      space.map(0x5_0000, bench.frame(), userAll & ~PTE.U);
      vcpu.writeX(11, 0x5000_0000n);
      bench.runToTrap(Cause.loadPage, 0x5000_0000n, CODE);
      vcpu.pc = 0x5000_0000n;
      bench.runToTrap(Cause.fetchPage, 0x5000_0000n, 0x5000_0000n);
    }),
    law('addresses that are not canonical fault with all their bits', (bench, vcpu) => {
      bench.program([ld(5, 0, 11), ECALL]);
      vcpu.writeX(11, 0x8000_0040_0000_0008n);
      bench.runToTrap(Cause.loadPage, 0x8000_0040_0000_0008n, CODE);
      vcpu.writeX(11, 0x0000_0040_0000_0000n);
      bench.runToTrap(Cause.loadPage, 0x0000_0040_0000_0000n, CODE);
      vcpu.writeX(11, 0xffff_ffff_ffff_fff8n);
      bench.runToTrap(Cause.loadPage, 0xffff_ffff_ffff_fff8n, CODE);
    }),
    law('a load over the end of its page faults at the next page', (bench, vcpu) => {
      const { space, data } = bench.program([ld(5, -3, 11), ECALL]);
      vcpu.writeX(11, DATA + 0x1000n);
      const exit = vcpu.run(10);
      // A machine may refuse misaligned accesses altogether; if it does them, the address is that of the part that faults.
      const found = { cause: exit.cause, trapValue: exit.trapValue };
      if (exit.cause === Cause.loadMisaligned) requireEqual(exit.trapValue, DATA + 0xffdn, 'trap value');
      else requireEqual(found, { cause: Cause.loadPage, trapValue: DATA + 0x1000n }, 'the exit');
      if (exit.cause !== Cause.loadPage) return;
      const next = bench.frame();
      space.map(DATA_PAGE + 1, next, userData);
      vcpu.fence(space.asid, DATA_PAGE + 1);
      bench.memory.write(data * 4096 + 0xffd, new Uint8Array([1, 2, 3]));
      bench.memory.write(next * 4096, new Uint8Array([4, 5, 6, 7, 8]));
      bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 4n);
      requireEqual(vcpu.readX(5), 0x0807_0605_0403_0201n, 'what was loaded from two pages');
    }),
    law('an instruction over the end of its page needs both pages', (bench, vcpu) => {
      const { space, code: frame } = bench.program([]);
      const word = addi(5, 0, 42);
      bench.memory.write(frame * 4096 + 4094, new Uint8Array([word & 0xff, (word >>> 8) & 0xff]));
      vcpu.pc = CODE + 4094n;
      bench.runToTrap(Cause.fetchPage, CODE + 4096n, CODE + 4094n);
      const next = bench.frame();
      bench.memory.write(next * 4096, new Uint8Array([(word >>> 16) & 0xff, word >>> 24, ECALL, 0, 0, 0]));
      space.map(CODE_PAGE + 1, next, userCode);
      vcpu.fence(space.asid, CODE_PAGE + 1);
      bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 4098n);
      requireEqual(vcpu.readX(5), 42n, 'x5');
    }),
    law('illegal instructions show their bits', (bench, vcpu) => {
      const illegal = [code.WRITE_MSTATUS, code.READ_SATP, code.SRET, code.MRET, code.SFENCE_VMA, 0xffff_ffff];
      bench.program([...illegal, 0]);
      illegal.forEach((bits, index) => {
        vcpu.pc = CODE + BigInt(4 * index);
        bench.runToTrap(Cause.illegal, BigInt(bits), CODE + BigInt(4 * index));
      });
      vcpu.pc = CODE + BigInt(4 * illegal.length);
      bench.runToTrap(Cause.illegal, 0n, vcpu.pc);
    }),
    law('a breakpoint is its own cause', (bench) => {
      bench.program([addi(5, 0, 1), code.EBREAK]);
      const exit = bench.vcpu.run(10);
      requireEqual(
        { kind: exit.kind, cause: exit.cause, pc: bench.vcpu.pc },
        { kind: 'trap', cause: 3, pc: CODE + 4n },
        'the exit',
      );
    }),
    law('supervisor code calls as supervisor, and is kept from user pages', (bench, vcpu) => {
      bench.program([ECALL, lw(5, 0, 10)], { codeFlags: userCode & ~PTE.U });
      vcpu.privilege = 1;
      const exit = bench.runToTrap(Cause.ecallFromSupervisor, 0n, CODE);
      requireEqual(exit.privilege, 1, 'privilege of the exit');
      vcpu.pc = CODE + 4n;
      bench.runToTrap(Cause.loadPage, DATA, CODE + 4n);
    }),
    law('atomics do what they say', (bench, vcpu) => {
      const { data } = bench.program([
        code.amoaddW(5, 6, 10),
        addi(11, 10, 8),
        code.lrD(7, 11),
        addi(7, 7, 1),
        code.scD(8, 7, 11),
        code.scD(9, 7, 11),
        ECALL,
      ]);
      bench.memory.write32(data * 4096, 0xffff_fff0);
      bench.memory.write32(data * 4096 + 8, 41);
      vcpu.writeX(6, 0x20n);
      bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 24n);
      requireEqual(vcpu.readX(5), 0xffff_ffff_ffff_fff0n, 'old value of amoadd.w');
      requireEqual([bench.memory.read32(data * 4096), bench.memory.read32(data * 4096 + 8)], [0x10, 42], 'memory');
      requireEqual(vcpu.readX(8), 0n, 'sc.d after lr.d');
      requireThat(vcpu.readX(9) !== 0n, 'sc.d without a reservation to fail');
    }),
  ];
}

function addressSpaceLaws(law: Define): Law[] {
  return [
    law('address spaces with ASIDs of their own need no fence between them', (bench, vcpu) => {
      const spaces = [3, 4].map((asid) => {
        const { space, data } = bench.program([ld(5, 0, 10), sd(6, 8, 10), ECALL], { asid });
        bench.memory.write32(data * 4096, asid * 100);
        return { space, data, asid };
      });
      for (let turn = 1; turn <= 50; turn++) {
        for (const { space, data, asid } of spaces) {
          bench.enter(space);
          vcpu.pc = CODE;
          vcpu.writeX(6, BigInt(turn * asid));
          bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 8n);
          requireEqual(vcpu.readX(5), BigInt(asid * 100), `what ASID ${asid} loads`);
          requireEqual(bench.memory.read32(data * 4096 + 8), turn * asid, `what ASID ${asid} stored`);
        }
      }
    }),
    law('the same page of two address spaces may hold different code', (bench, vcpu) => {
      const spaces = [3, 4].map((asid) =>
        bench.program([addi(5, 5, asid), addi(6, 6, -1), bne(6, 0, -8), ECALL], { asid }),
      );
      for (let turn = 0; turn < 20; turn++) {
        for (const { space } of spaces) {
          bench.enter(space);
          vcpu.pc = CODE;
          vcpu.writeX(5, 0n);
          vcpu.writeX(6, 200n);
          bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 12n);
          requireEqual(vcpu.readX(5), BigInt(space.asid * 200), `what the code of ASID ${space.asid} computed`);
        }
      }
    }),
    ...(
      [
        ['fence()', (vcpu: Vcpu) => vcpu.fence()],
        ['fence(asid)', (vcpu: Vcpu) => vcpu.fence(9)],
        ['fence(undefined, page)', (vcpu: Vcpu) => vcpu.fence(undefined, DATA_PAGE)],
        ['fence(asid, page)', (vcpu: Vcpu) => vcpu.fence(9, DATA_PAGE)],
      ] as const
    ).map(([name, fence]) =>
      law(`after ${name} a changed mapping of data is seen`, (bench, vcpu) => {
        const { space, data } = bench.program([lw(5, 0, 10), sw(6, 4, 10), ECALL], { asid: 9 });
        const other = bench.frame();
        bench.memory.write32(data * 4096, 1);
        bench.memory.write32(other * 4096, 2);
        for (const [frame, value] of [
          [data, 1n],
          [other, 2n],
          [data, 1n],
        ] as const) {
          space.map(DATA_PAGE, frame, userData);
          fence(vcpu);
          vcpu.writeX(6, value + 10n);
          vcpu.pc = CODE;
          bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 8n);
          requireEqual(vcpu.readX(5), value, 'what is loaded');
          requireEqual(BigInt(bench.memory.read32(frame * 4096 + 4)), value + 10n, 'what was stored');
        }
        space.map(DATA_PAGE, other, userData & ~PTE.W);
        fence(vcpu);
        vcpu.pc = CODE;
        bench.runToTrap(Cause.storePage, DATA + 4n, CODE + 4n);
        space.map(DATA_PAGE, 0, 0);
        fence(vcpu);
        vcpu.pc = CODE;
        bench.runToTrap(Cause.loadPage, DATA, CODE);
      }),
    ),
    law('after a fence a changed mapping of code is seen', (bench, vcpu) => {
      const { space, code: first } = bench.program([addi(5, 0, 1), ECALL], { asid: 9 });
      const second = bench.frame();
      bench.memory.write(second * 4096, code.bytesOf([addi(5, 0, 2), ECALL]));
      for (const [frame, value] of [
        [first, 1n],
        [second, 2n],
        [first, 1n],
      ] as const) {
        space.map(CODE_PAGE, frame, userCode);
        vcpu.fence(9, CODE_PAGE);
        vcpu.pc = CODE;
        bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 4n);
        requireEqual(vcpu.readX(5), value, 'what the code computed');
      }
      space.map(CODE_PAGE, 0, 0);
      vcpu.fence(9, CODE_PAGE);
      vcpu.pc = CODE;
      bench.runToTrap(Cause.fetchPage, CODE, CODE);
    }),
    law('a fence for a page of a superpage reaches all of it', (bench, vcpu, { freeMemory }) => {
      const { space } = bench.program([lw(5, 0, 11), lw(6, 0, 12), ECALL], { asid: 9 });
      // The first 2 MiB hold the bench's own frames; the two leaves are the next ones.
      const one = Math.ceil(freeMemory.start / 2 ** 21 + 1) * 512;
      const two = one + 512;
      requireThat((two + 512) * 4096 <= freeMemory.end, '8 MiB of free memory for the laws');
      space.map(0x6_0000, 0, 0);
      const middle = superpageEntry(bench, space.rootFrame, 0x6_0000);
      for (const page of [1, 300]) {
        bench.memory.write32((one + page) * 4096, 1000 + page);
        bench.memory.write32((two + page) * 4096, 2000 + page);
      }
      vcpu.writeX(11, 0x6000_1000n);
      vcpu.writeX(12, 0x6000_0000n + 300n * 4096n);
      for (const [frame, base] of [
        [one, 1000n],
        [two, 2000n],
      ] as const) {
        bench.memory.write32(middle, ((frame << 10) | userData | 1) >>> 0);
        bench.memory.write32(middle + 4, Math.floor(frame / 2 ** 22));
        vcpu.fence(9, 0x6_0000 + 5);
        vcpu.pc = CODE;
        bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 8n);
        requireEqual([vcpu.readX(5), vcpu.readX(6)], [base + 1n, base + 300n], 'what is loaded from the superpage');
      }
    }),
    law('two contexts share memory through one address space', (bench, vcpu) => {
      const other = bench.createVcpu();
      const { space } = bench.program([sd(6, 0, 10), ECALL]);
      bench.enter(space, other);
      const reader = bench.frame();
      bench.memory.write(reader * 4096, code.bytesOf([ld(5, 0, 10), ECALL]));
      space.map(CODE_PAGE + 4, reader, userCode);
      other.writeX(10, DATA);
      for (let turn = 1n; turn <= 5n; turn++) {
        vcpu.pc = CODE;
        vcpu.writeX(6, turn);
        bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 4n);
        other.pc = CODE + 0x4000n;
        bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 0x4004n, other);
        requireEqual(other.readX(5), turn, 'what the other context reads');
      }
    }),
  ];
}

/** Address of the level-1 entry for a page whose tables exist. */
function superpageEntry({ memory }: VcpuBench, rootFrame: number, page: number): number {
  const table = memory.read32(rootFrame * 4096 + ((page >>> 18) & 511) * 8) >>> 10;
  return table * 4096 + ((page >>> 9) & 511) * 8;
}

function coherenceLaws(law: Define): Law[] {
  /** Adds a constant to x5, x6 times: hot enough for any engine to have translated it. */
  const loop = [addi(5, 5, 1), addi(6, 6, -1), bne(6, 0, -8), ECALL];
  const runLoop = (bench: VcpuBench, turns: bigint) => {
    bench.vcpu.pc = CODE;
    bench.vcpu.writeX(5, 0n);
    bench.vcpu.writeX(6, turns);
    bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 12n);
    return bench.vcpu.readX(5);
  };
  const patched = addi(5, 5, 16);
  return [
    ...(
      [
        ['write32', (bench: VcpuBench, address: number) => bench.memory.write32(address, patched)],
        [
          'write8',
          ({ memory }: VcpuBench, address: number) =>
            code.bytesOf([patched]).forEach((byte, index) => {
              memory.write8(address + index, byte);
            }),
        ],
        ['write', (bench: VcpuBench, address: number) => bench.memory.write(address, code.bytesOf([patched]))],
        [
          'bytes and noteWrite',
          ({ memory }: VcpuBench, address: number) => {
            memory.bytes.set(code.bytesOf([patched]), address - memory.base);
            memory.noteWrite(address, 4);
          },
        ],
      ] as const
    ).map(([name, patch]) =>
      law(`code that the host changes by ${name} runs as changed`, (bench) => {
        const { code: frame } = bench.program(loop);
        requireEqual(runLoop(bench, 5000n), 5000n, 'x5 before');
        patch(bench, frame * 4096);
        requireEqual(runLoop(bench, 5000n), 80_000n, 'x5 after');
      }),
    ),
    law('a frame that is filled and used for other code runs that', (bench) => {
      const { code: frame } = bench.program(loop);
      requireEqual(runLoop(bench, 5000n), 5000n, 'x5 before');
      bench.memory.fill(frame * 4096, 4096, 0);
      bench.vcpu.pc = CODE;
      bench.runToTrap(Cause.illegal, 0n, CODE);
    }),
    ...(
      [
        ['its own page', CODE, userAll],
        ['another mapping of its page', 0x5000_0000n, userCode],
      ] as const
    ).map(([name, target, codeFlags]) =>
      law(`code that changes itself through ${name} runs as changed after fence.i`, (bench, vcpu) => {
        const words = [
          addi(5, 5, 1),
          addi(6, 6, -1),
          bne(6, 0, -8),
          bne(7, 0, 24),
          sw(11, 0, 10),
          code.FENCE_I,
          addi(7, 0, 1),
          addi(6, 8, 0),
          jal(0, -32),
          ECALL,
        ];
        const { space, code: frame } = bench.program(words, { codeFlags });
        space.map(0x5_0000, frame, userData);
        vcpu.writeX(10, target);
        vcpu.writeX(11, BigInt(patched));
        vcpu.writeX(6, 3000n);
        vcpu.writeX(8, 2000n);
        bench.runToTrap(Cause.ecallFromUser, 0n, CODE + 36n);
        requireEqual(vcpu.readX(5), 3000n + 16n * 2000n, 'x5');
        requireEqual(vcpu.counters.instructions, 3 * 3000 + 6 + 3 * 2000 + 1, 'instructions');
      }),
    ),
  ];
}
