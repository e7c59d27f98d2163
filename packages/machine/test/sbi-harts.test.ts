import { guestSpace } from '@worldswitch/contracts';
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { engineNames, Machine } from '../src/index.ts';
import { powerOff } from './rig.ts';

// Numbers restated from the SBI specification 2.0.
const IPI = 0x73_5049;
const RFENCE = 0x5246_4e43;
const HSM = 0x48_534d;

const call = (extension: number, functionId: number, ...args: readonly (number | string)[]) =>
  [
    ...args.map((arg, index) => (typeof arg === 'number' ? `li a${index}, ${arg}` : `mv a${index}, ${arg}`)),
    `li a6, ${functionId}`,
    `li a7, ${extension}`,
    'ecall',
  ].join('\n');

describe.each(engineNames)('built-in SBI for several harts under the %s engine', (engine) => {
  const start = (source: string, harts: number) =>
    Machine.create({
      kernel: assemble(source, { origin: 0x8020_0000 }).bytes,
      memoryBytes: 4 * 2 ** 20,
      harts,
      engine,
    });

  it('harts stay stopped until they are started, and find number and argument in a0 and a1, untranslated', () => {
    const machine = start(
      `
      mv   s0, a0
      ${call(HSM, 2, 3)}
      mv   s1, a1                  # stopped: 1
      la   t0, other
      ${call(HSM, 0, 3, 't0', 0x77)}
      mv   s2, a0                  # 0
      ${call(HSM, 0, 3, 't0', 0)}
      mv   s3, a0                  # already available: -6
      ${call(HSM, 0, 4, 't0', 0)}
      mv   s4, a0                  # invalid parameter: -3
      li   t0, 0x1000000
      ${call(HSM, 0, 2, 't0', 0)}
      mv   s5, a0                  # invalid address: -5
      ${call(HSM, 0, 0, 't0', 0)}
      mv   s6, a0                  # -6
      la   t0, results
      li   t1, 1
      sd   t1, 16(t0)
  wait:
      ${call(HSM, 2, 3)}
      li   t0, 1
      bne  a1, t0, wait            # until it has stopped again
      la   t0, results
      ld   s7, 0(t0)
      ld   s8, 8(t0)
      li   a0, 0
      ${powerOff}
  other:
      la   t0, results
      sd   a0, 0(t0)
      csrr t1, satp
      bnez t1, other
      csrr t1, sstatus
      andi t1, t1, 2
      bnez t1, other
      sd   a1, 8(t0)
  hold:
      ld   t1, 16(t0)
      beqz t1, hold
      ${call(HSM, 1)}
      j    other
      .align 3
  results: .dword 0
      .dword 0
      .dword 0
  `,
      4,
    );
    expect(machine.harts.map(({ state }) => state)).toEqual(['started', 'stopped', 'stopped', 'stopped']);
    expect(machine.run({ maxInstructions: 100_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
    const { vcpu } = machine.board;
    const values = [8, 9, 18, 19, 20, 21, 22, 23, 24].map((register) => BigInt.asIntN(64, vcpu.readX(register)));
    expect(values).toEqual([0n, 1n, 0n, -6n, -3n, -5n, -6n, 3n, 0x77n]);
    expect(machine.harts[3]?.state).toBe('stopped');
    expect(machine.harts[1]?.vcpu.counters.instructions).toBe(0);
    machine.dispose();
  });

  it('an IPI wakes a suspended hart, which goes on after its call or at the address it gave', () => {
    // Hart 1 suspends keeping its state, hart 2 without; each reports what it found.
    const machine = start(
      `
      la   t0, other
      ${call(HSM, 0, 1, 't0', 0)}
      la   t0, other
      ${call(HSM, 0, 2, 't0', 0)}
  wait:
      ${call(HSM, 2, 1)}
      li   t0, 4
      bne  a1, t0, wait
      ${call(HSM, 2, 2)}
      li   t0, 4
      bne  a1, t0, wait
      ${call(IPI, 0, 3, 1)}        # harts 1 and 2
      mv   s1, a0
      ${call(IPI, 0, 1, 3)}        # no such hart
      mv   s2, a0
      ${call(IPI, 0, 0, -1)}       # all harts, this one too
      mv   s3, a0
      csrr s4, sip
      la   t0, results
  wait_results:
      ld   s5, 8(t0)
      beqz s5, wait_results
      ld   s6, 16(t0)
      beqz s6, wait_results
      li   a0, 0
      ${powerOff}
  other:
      mv   s0, a0
      csrwi sie, 2
      li   s1, 0x1234
      li   t0, 2
      beq  s0, t0, without
      ${call(HSM, 3, 0)}
      bnez a0, other
      la   t0, results
      sd   s1, 8(t0)
      j    done
  without:
      la   a1, resumed
      li   a2, 0x5678
      li   a0, 0x80000000
      li   a6, 3
      li   a7, ${HSM}
      ecall
      j    without
  resumed:
      slli a0, a0, 16
      or   a1, a1, a0
      la   t0, results
      sd   a1, 16(t0)
  done:
      csrwi sie, 0
      wfi
      j    done
      .align 3
  results: .dword 0
      .dword 0
      .dword 0
  `,
      3,
    );
    expect(machine.run({ maxInstructions: 100_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
    const { vcpu } = machine.board;
    const values = [9, 18, 19, 20, 21, 22].map((register) => BigInt.asIntN(64, vcpu.readX(register)));
    expect(values).toEqual([0n, -3n, 0n, 2n, 0x1234n, 0x2_5678n]);
    machine.dispose();
  });

  it('a remote fence makes another hart forget its translations, and a local one does not', () => {
    // Hart 1 reads through a mapping that hart 0 changes: the old page until hart 0 fences remotely.
    const machine = start(
      `
      la   s0, table
      # 1 GiB identity leaf for code at 0x80000000, and a 4 KiB page at 0x1000 by way of two tables.
      li   t0, ${(0x8000_0000 / 4096) * 1024 + 0xef}
      sd   t0, 16(s0)
      la   s1, middle
      srli t0, s1, 2
      ori  t0, t0, 1
      sd   t0, 0(s0)
      la   s2, leaf
      srli t0, s2, 2
      ori  t0, t0, 1
      sd   t0, 0(s1)
      la   s3, first
      srli t0, s3, 2
      ori  t0, t0, 0xe7
      sd   t0, 8(s2)
      la   t0, other
      ${call(HSM, 0, 1, 't0', 's0')}
      la   s5, cell
  wait_first:
      ld   t0, 0(s5)
      li   t1, 1
      bne  t0, t1, wait_first
      # A new page and a fence of this hart alone: hart 1 still sees the old one.
      la   s4, second
      srli t0, s4, 2
      ori  t0, t0, 0xe7
      sd   t0, 8(s2)
      sfence.vma
      li   t0, 1
      sd   t0, 8(s5)
      li   s6, 100000
  linger:
      addi s6, s6, -1
      bnez s6, linger
      ld   s7, 0(s5)
      ${call(RFENCE, 1, 2, 0, 0x1000, 0x1000)}
      mv   s8, a0
      li   s6, 100000
  linger_again:
      addi s6, s6, -1
      bnez s6, linger_again
      ld   s9, 0(s5)
      ${call(RFENCE, 1, 4, 0, 0, 0)}
      mv   s10, a0
      ${call(RFENCE, 0, 3, 0)}
      mv   s11, a0
      li   a0, 0
      ${powerOff}
  other:
      srli t0, a1, 12
      li   t1, 8
      slli t1, t1, 60
      or   t0, t0, t1
      csrw satp, t0
      li   t1, 0x1000
      la   t2, cell
  look:
      ld   t0, 0(t1)
      sd   t0, 0(t2)
      j    look
      .align 12
  table:  .space 4096
  middle: .space 4096
  leaf:   .space 4096
  first:  .dword 1
      .align 12
  second: .dword 2
      .align 12
  cell:   .dword 0
      .dword 0
  `,
      2,
    );
    expect(machine.run({ maxInstructions: 2_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
    const { vcpu } = machine.board;
    const values = [23, 24, 25, 26, 27].map((register) => BigInt.asIntN(64, vcpu.readX(register)));
    expect(values).toEqual([1n, 0n, 2n, -3n, 0n]);
    machine.dispose();
  });

  it('remote fences of guests forget a virtual machine, one of its address spaces, or one page of them', () => {
    const fences: readonly (readonly [name: string, call: string, left: readonly string[]])[] = [
      ['gvma_vmid', call(RFENCE, 3, 2, 0, 0, 0, 6), ['vm 5 asid 1', 'vm 5 asid 2', 'vm 5 page 9', 'host']],
      ['gvma', call(RFENCE, 4, 2, 0, 0, 0), ['host']],
      ['vvma_asid', call(RFENCE, 5, 2, 0, 0, 0, 2), ['vm 5 asid 1', 'vm 5 page 9', 'vm 6', 'host']],
      ['vvma, one page', call(RFENCE, 6, 2, 0, 0x9000, 0x1000), ['vm 5 asid 1', 'vm 5 asid 2', 'vm 6', 'host']],
      ['vvma, of no hart', call(RFENCE, 6, 0, 0, 0, 0), ['vm 5 asid 1', 'vm 5 asid 2', 'vm 5 page 9', 'vm 6', 'host']],
    ];
    for (const [name, fence, left] of fences) {
      const machine = start(
        `
        li   t0, 5 << 44
        csrw hgatp, t0               # VMID 5, no translation
        ${fence}
        ${powerOff}
        `,
        2,
      );
      const { tlb } = machine.harts[1]!.hart;
      const entries = {
        'vm 5 asid 1': { asid: guestSpace(5, 1), page: 7 },
        'vm 5 asid 2': { asid: guestSpace(5, 2), page: 7 },
        'vm 5 page 9': { asid: guestSpace(5, 1), page: 9 },
        'vm 6': { asid: guestSpace(6, 1), page: 7 },
        host: { asid: 1, page: 7 },
      };
      for (const entry of Object.values(entries)) tlb.insert({ ...entry, frame: 0x80000, flags: 0xcf, level: 0 });
      expect(machine.run({ maxInstructions: 1000 }), name).toMatchObject({ reason: 'poweroff', exitCode: 0 });
      const held = Object.entries(entries).filter(([, { asid, page }]) => tlb.lookup(asid, page) !== undefined);
      expect(
        held.map(([entry]) => entry),
        name,
      ).toEqual(left);
      machine.dispose();
    }
  });
});
