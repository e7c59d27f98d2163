import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/index.ts';
import { kernelMachine, powerOff } from './rig.ts';

// Numbers restated from the SBI specification 2.0.
const BASE = 0x10;
const TIME = 0x5449_4d45;
const SRST = 0x5352_5354;
const DBCN = 0x4442_434e;
const HSM = 0x48_534d;
const IPI = 0x73_5049;

const call = (extension: number, functionId: number, ...args: readonly (number | string)[]) =>
  [...args.map((arg, index) => `li a${index}, ${arg}`), `li a6, ${functionId}`, `li a7, ${extension}`, 'ecall'].join(
    '\n',
  );

describe.each(engineNames)('built-in SBI under the %s engine', (engine) => {
  const run = (source: string) => {
    const { machine, output } = kernelMachine(source, engine);
    const end = machine.run({ maxInstructions: 1_000_000 });
    const traps = machine.traps;
    const { vcpu } = machine.board;
    machine.dispose();
    return { end, output: output(), traps, vcpu };
  };

  it('starts the kernel in supervisor mode with hart 0 and a device tree', () => {
    const { vcpu } = run(`
      mv s0, a0
      lwu s1, 0(a1)
      csrr s2, sstatus
      ${call(SRST, 0, 0, 0)}
    `);
    expect([vcpu.readX(8), vcpu.readX(9)]).toEqual([0n, 0xedfe0dd0n]);
  });

  it('says version 2.0 and which extensions there are', () => {
    const { vcpu } = run(`
      ${call(BASE, 0)}
      mv s0, a1
      ${call(BASE, 3, TIME)}
      mv s1, a1
      ${call(BASE, 3, 0x1234)}
      mv s2, a1
      ${call(0x1234, 0)}
      mv s3, a0
      ${call(BASE, 99)}
      mv s4, a0
      ${call(HSM, 2, 0)}
      mv s5, a1
      ${call(HSM, 2, 7)}
      mv s6, a0
      ${call(SRST, 0, 0, 0)}
    `);
    const values = [8, 9, 18, 19, 20, 21, 22].map((register) => BigInt.asIntN(64, vcpu.readX(register)));
    expect(values).toEqual([0x200_0000n, 1n, 0n, -2n, -2n, 0n, -3n]);
  });

  it('prints by the debug console and the legacy console', () => {
    const { output, end } = run(`
      la  a1, message
      mv  a1, a1
      li  a0, 3
      la  a1, message
      li  a2, 0
      li  a6, 0
      li  a7, ${DBCN}
      ecall
      ${call(1, 0, 0x21)}
      ${call(DBCN, 2, 0x0a)}
      ${call(DBCN, 0, 8, 0x1000, 0)}
      mv  s0, a0
      ${call(SRST, 0, 0, 1)}
    message: .ascii "abc"
    `);
    expect(output).toBe('abc!\n');
    expect(end).toEqual({ reason: 'poweroff', exitCode: 1 });
  });

  it('brings timer interrupts to a kernel that waits for them, and time passes at once', () => {
    const { vcpu, end, traps } = run(`
      la   t0, handler
      csrw stvec, t0
      li   t0, 0x20
      csrw sie, t0
      csrsi sstatus, 2
      li   a0, 5000000
      li   a6, 0
      li   a7, ${TIME}
      ecall
  1:  wfi
      j 1b
      .align 2
  handler:
      csrr s0, scause
      csrr s1, time
      li   a0, -1
      li   a6, 0
      li   a7, ${TIME}
      ecall
      csrr s2, sip
      li   a0, 42
      j    power_off
      ${powerOff}
    `);
    expect(end).toEqual({ reason: 'poweroff', exitCode: 42 });
    expect(vcpu.readX(8)).toBe((1n << 63n) | 5n);
    expect(vcpu.readX(9)).toBe(5_000_000n);
    expect(vcpu.readX(18)).toBe(0n);
    expect(traps['supervisor-timer-interrupt']).toBe(1);
  });

  it('sends itself an interrupt, and reboots', () => {
    const { vcpu, end } = run(`
      ${call(IPI, 0, 1, 0)}
      csrr s0, sip
      ${call(IPI, 0, 2, 0)}
      mv s1, a0
      ${call(SRST, 0, 1, 0)}
    `);
    expect([vcpu.readX(8), BigInt.asIntN(64, vcpu.readX(9))]).toEqual([2n, -3n]);
    expect(end.reason).toBe('reset');
  });

  it('says so when the kernel waits for what cannot come', () => {
    expect(run('wfi').end).toMatchObject({ reason: 'idle' });
  });
});
