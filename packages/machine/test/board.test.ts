import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { engineNames, Machine, type MachineOptions } from '../src/index.ts';
import { powerOff } from './rig.ts';

const firmware = (source: string, options: Partial<MachineOptions> = {}): Machine =>
  Machine.create({
    firmware: assemble(source, { origin: 0x8000_0000 }).bytes,
    memoryBytes: 4 * 2 ** 20,
    ...options,
  });

// Addresses restated from QEMU's virt board.
const RTC = 0x10_1000;
const PLIC = 0xc00_0000;
const SSWI = 0x2f0_0000;

describe.each(engineNames)('devices of the board under the %s engine', (engine) => {
  it('the real-time clock tells the time of day that it was given, and goes on with the clock', () => {
    const machine = firmware(
      `
      li   t0, ${RTC}
      lwu  s0, 0(t0)
      lwu  s1, 4(t0)
      li   t1, 100000
  1:  addi t1, t1, -1
      bnez t1, 1b
      lwu  s2, 0(t0)
      lwu  s3, 4(t0)
      # Setting it: 5 s after the epoch.
      sw   zero, 4(t0)
      li   t1, 705032704
      sw   t1, 0(t0)
      li   t1, 1
      sw   t1, 4(t0)
      lwu  s4, 0(t0)
      lwu  s5, 4(t0)
      li   a0, 0
      ${powerOff}
  `,
      { engine, startTime: Date.UTC(2030, 5, 1) },
    );
    expect(machine.run()).toEqual({ reason: 'poweroff', exitCode: 0 });
    const { vcpu } = machine.board;
    const time = (low: number, high: number) => (vcpu.readX(high) << 32n) | vcpu.readX(low);
    const start = BigInt(Date.UTC(2030, 5, 1)) * 1_000_000n;
    expect(Number(time(8, 9) - start)).toBeLessThan(1000);
    // 200,000 instructions are 0.2 ms.
    expect(Number(time(18, 19) - start) / 1e6).toBeCloseTo(0.2, 3);
    expect(Number(time(20, 21)) / 1e9).toBeCloseTo(5, 3);
    machine.dispose();
  });

  it('its alarm interrupts a hart that waits, by way of the PLIC context of that hart', () => {
    const machine = firmware(
      `
      csrr s0, mhartid
      li   t0, 1
      bne  s0, t0, sleep
      la   t0, handler
      csrw mtvec, t0
      li   t0, 0x800
      csrw mie, t0
      csrsi mstatus, 8
      li   t0, ${PLIC}
      li   t1, 1
      sw   t1, 44(t0)              # priority of source 11
      li   t0, ${PLIC + 0x2000 + 2 * 0x80}
      li   t1, 0x800
      sw   t1, 0(t0)               # enabled for context 2: machine mode of hart 1
      li   t0, ${RTC}
      li   t1, 1
      sw   t1, 16(t0)
      lwu  t1, 0(t0)
      lwu  t2, 4(t0)
      li   t3, 300000000           # in 0.3 s, carry included
      add  t1, t1, t3
      srli t3, t1, 32
      add  t2, t2, t3
      sw   t2, 12(t0)
      sw   t1, 8(t0)
  sleep:
      wfi
      j    sleep
  handler:
      li   t0, ${PLIC + 0x20_0000 + 2 * 0x1000}
      lw   a0, 4(t0)               # claim: 11
      ${powerOff}
  `,
      { engine, harts: 2 },
    );
    expect(machine.run({ maxInstructions: 100_000 })).toEqual({ reason: 'poweroff', exitCode: 11 });
    expect(machine.board.group.clock.now() / 1e7).toBeCloseTo(0.3, 3);
    machine.dispose();
  });

  it('the SSWI device, where there is one, sets the other hart its SSIP', () => {
    const source = `
      csrr s0, mhartid
      bnez s0, other
      li   t0, ${SSWI}
      li   t1, 1
      sw   t1, 4(t0)
  sleep:
      wfi
      j    sleep
  other:
      csrr a0, mip
      beqz a0, other
      ${powerOff}
  `;
    const machine = firmware(source, { engine, harts: 2, aclint: true });
    expect(machine.run({ maxInstructions: 100_000 })).toEqual({ reason: 'poweroff', exitCode: 2 });
    machine.dispose();
    const without = firmware(source, { engine, harts: 2 });
    // The store faults, and nothing handles that.
    expect(without.run({ maxInstructions: 50_000 }).reason).not.toBe('poweroff');
    without.dispose();
  });

  it('accesses where nothing is raise access faults, in every kind of access', () => {
    const machine = firmware(
      `
      la   t0, handler
      csrw mtvec, t0
      li   s0, 0
      li   t1, 0x40000000
      lw   t2, 0(t1)
      sd   t2, 8(t1)
      lr.w t2, (t1)
      amoadd.w t2, t2, (t1)
      la   s1, back
      jr   t1
  back:
      mv   a0, s0
      ${powerOff}
  handler:
      csrr t2, mcause
      slli s0, s0, 3
      or   s0, s0, t2
      csrr t2, mepc
      addi t2, t2, 4
      csrr t3, mcause
      li   t4, 1
      bne  t3, t4, 1f
      mv   t2, s1
  1:  csrw mepc, t2
      mret
  `,
      { engine },
    );
    // Causes 5 (load), 7 (store), 5 (lr), 7 (amo), 1 (fetch), three bits each.
    expect(machine.run({ maxInstructions: 1000 })).toEqual({ reason: 'poweroff', exitCode: 0o57571 });
    machine.dispose();
  });
});

it('3 GiB of RAM are there, to the last byte, and the guest OS boots in them', () => {
  const output: number[] = [];
  const machine = Machine.create({
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program('hello') } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 3 * 2 ** 30,
    harts: 2,
    console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
  });
  expect(machine.run({ maxInstructions: 400_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
  expect(String.fromCharCode(...output)).toContain('Hello');
  machine.dispose();
  const last = firmware(
    `
      li   t0, 0x13ffffff8
      li   t1, 0x5a
      sd   t1, 0(t0)
      amoadd.d t2, t1, (t0)
      ld   a0, 0(t0)
      ${powerOff}
  `,
    { memoryBytes: 3 * 2 ** 30 },
  );
  expect(last.run({ maxInstructions: 100 })).toEqual({ reason: 'poweroff', exitCode: 0xb4 });
  last.dispose();
});
