import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/index.ts';
import { firmwareMachine } from './rig.ts';

/**
 * A handler that counts traps in s11, keeps the last cause and value in s9 and s10, and skips the instruction in machine mode
 * from then on.
 */
const handler = `
    la   t0, handler
    csrw mtvec, t0
    li   t0, -1               # everything is allowed by PMP
    csrw pmpaddr0, t0
    li   t0, 31
    csrw pmpcfg0, t0
    j    start
.balign 4
handler:
    addi s11, s11, 1
    csrr s9, mcause
    csrr s10, mtval
    csrr t0, mepc
    addi t0, t0, 4
    jr   t0
start:
`;
const toMode = (mode: 'user' | 'supervisor'): string => `
    la   t0, 9f
    csrw mepc, t0
    li   t0, 0x1800
    csrc mstatus, t0
    ${mode === 'supervisor' ? 'li t0, 0x800\n csrs mstatus, t0' : ''}
    mret
9:
`;
const data = `
1:  j 1b
.balign 64
data: .dword 0x1111111122222222, 0x3333333344444444, 5, 6, 7, 8, 9, 10, 11
`;

describe.each(engineNames)('extensions on the %s engine', (engine) => {
  const run = (source: string): ((name: string) => bigint) => {
    const machine = firmwareMachine(handler + source + data, engine);
    machine.run({ maxInstructions: 3000 });
    const registers = new Map<string, bigint>();
    for (let index = 0; index < 8; index++) registers.set(`a${index}`, machine.board.vcpu.readX(10 + index));
    for (let index = 2; index < 12; index++) registers.set(`s${index}`, machine.board.vcpu.readX(16 + index));
    machine.dispose();
    return (name) => registers.get(name)!;
  };

  it('amocas stores only what it was told to expect, and gives the old value', () => {
    const x = run(`
      la   s2, data
      li   a0, 0x22222222
      li   a1, -7
      amocas.w a0, a1, (s2)       # succeeds
      lw   a2, (s2)
      amocas.w a3, a1, (s2)       # fails: a3 is 0
      ld   a4, 8(s2)
      addi s3, s2, 8
      amocas.d.aqrl a4, a1, (s3)  # succeeds
      ld   a5, 8(s2)
      addi s3, s2, 4
      amocas.d a6, a1, (s3)       # misaligned`);
    expect([x('a0'), x('a2'), x('a3')]).toEqual([0x22222222n, BigInt.asUintN(64, -7n), BigInt.asUintN(64, -7n)]);
    expect([x('a4'), x('a5')]).toEqual([0x3333333344444444n, BigInt.asUintN(64, -7n)]);
    expect([x('s11'), x('s9'), x('s10')]).toEqual([1n, 6n, x('s3')]);
  });

  it('amocas.q compares and stores register pairs, and x0 is a pair of zeros', () => {
    const x = run(`
      la   s2, data
      li   a0, 5
      li   a1, 6
      li   a2, 70
      li   a3, 80
      addi s3, s2, 16
      amocas.q a0, a2, (s3)       # succeeds
      li   a0, 70
      amocas.q a0, zero, (s3)     # fails: a1 is 6
      amocas.q zero, zero, (s3)   # fails: memory is not zero
      ld   a4, 16(s2)
      amocas.q a0, zero, (s3)     # succeeds
      ld   a5, 16(s2)
      ld   a6, 24(s2)
      addi s3, s2, 8
      amocas.q a2, a2, (s3)       # misaligned
    `);
    expect(['a0', 'a1', 'a4', 'a5', 'a6', 's11', 's9'].map(x)).toEqual([70n, 80n, 70n, 0n, 0n, 1n, 6n]);
  });

  it('cbo.zero clears the block around its address', () => {
    const x = run(`
      la   s2, data
      addi s3, s2, 37
      cbo.zero (s3)
      cbo.clean (s3)
      cbo.flush 0(s3)
      cbo.inval (s3)
      ld   a0, (s2)
      ld   a1, 56(s2)
      ld   a2, 64(s2)
      li   s4, 0x12345
      cbo.zero (s4)`);
    expect(['a0', 'a1', 'a2', 's11', 's9', 's10'].map(x)).toEqual([0n, 0n, 11n, 1n, 7n, 0x12345n]);
  });

  it.each([
    // instruction, menvcfg, senvcfg, mode, is allowed
    ['cbo.zero', 0x80, 0, 'supervisor', true],
    ['cbo.zero', 0x70, 0xf0, 'supervisor', false],
    ['cbo.zero', 0x80, 0x70, 'user', false],
    ['cbo.zero', 0x80, 0x80, 'user', true],
    ['cbo.clean', 0x40, 0, 'supervisor', true],
    ['cbo.flush', 0xb0, 0xf0, 'user', false],
    ['cbo.flush', 0x40, 0x40, 'user', true],
    ['cbo.inval', 0x10, 0, 'supervisor', true],
    ['cbo.inval', 0x30, 0x10, 'user', true],
    ['cbo.inval', 0xc0, 0xf0, 'user', false],
    ['cbo.inval', 0x30, 0xc0, 'user', false],
  ] as const)(
    '%s under menvcfg %i and senvcfg %i in %s mode: allowed is %s',
    (name, menvcfg, senvcfg, mode, isAllowed) => {
      const x = run(`li t0, ${menvcfg}\n csrw menvcfg, t0\n li t0, ${senvcfg}\n csrw senvcfg, t0
      la s2, data\n ${toMode(mode)}\n ${name} (s2)`);
      expect([x('s11'), x('s9')]).toEqual(isAllowed ? [0n, 0n] : [1n, 2n]);
    },
  );

  it('cache management needs the right to load, and its faults are those of stores', () => {
    const x = run(`
      li   t0, 0x20000000        # 0x80000000 and up: read and execute only; then everything
      csrw pmpaddr0, t0
      li   t0, -1
      csrw pmpaddr1, t0
      li   t0, 0x0d08
      csrw pmpcfg0, t0
      li   t0, 0xf0
      csrw menvcfg, t0
      la   s2, data
      addi s2, s2, 9
      li   s3, 0x40000001
      ${toMode('supervisor')}
      cbo.clean (s2)
      mv   a0, s11
      cbo.zero (s2)              # no right to store; machine mode from here on
      mv   a1, s9
      mv   a2, s10
      cbo.flush (s3)`);
    expect(['a0', 'a1', 's11', 's9', 's10'].map(x)).toEqual([0n, 7n, 2n, 7n, 0x40000001n]);
    expect(x('a2')).toBe(x('s2'));
  });

  it('wrs.nto traps where it would wait and TW is set; hints never trap; may-be operations give 0', () => {
    const x = run(`
      la   s2, data
      li   t0, 0x200000
      csrs mstatus, t0
      lr.w a0, (s2)
      wrs.nto
      wrs.sto
      li   a1, 1
      li   a2, 1
      mop.r.17 a1, a0
      mop.rr.5 a2, a0, a0
      c.mop.5
      prefetch.w 32(zero)
      prefetch.i -64(zero)
      mv   a3, s11
      sc.w a0, a0, (s2)
      ${toMode('supervisor')}
      wrs.nto                     # nothing is reserved
      mv   a4, s11
      lr.w a0, (s2)
      wrs.sto
      mv   a5, s11
      wrs.nto`);
    expect(['a1', 'a2', 'a3', 'a4', 'a5', 's11', 's9'].map(x)).toEqual([0n, 0n, 0n, 0n, 0n, 1n, 2n]);
  });

  it('Zfa instructions are guarded by mstatus.FS', () => {
    const x = run(`
      fli.d fa0, 1.0
      mv   a0, s11
      li   t0, 0x2000
      csrs mstatus, t0
      fli.d fa0, -1.0
      fmv.x.d a1, fa0
      fcvtmod.w.d a2, fa0, rtz
      fround.s fa1, fa0, rtz      # not boxed: the canonical NaN
      fmv.x.d a3, fa1`);
    expect([x('a0'), x('a1'), x('a2'), x('a3'), x('s9')]).toEqual([
      1n,
      0xbff0n << 48n,
      BigInt.asUintN(64, -1n),
      0xffff_ffff_7fc0_0000n,
      2n,
    ]);
  });
});
