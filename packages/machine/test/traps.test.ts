import { Privilege } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/index.ts';
import { firmwareMachine, powerOff } from './rig.ts';

/** Codes restated from the privileged ISA's table of mcause. */
const ECALL_U = 8;
const ILLEGAL = 2;

describe.each(engineNames)('traps on the %s engine', (engine) => {
  const run = (source: string) => {
    const machine = firmwareMachine(source + powerOff, engine);
    const end = machine.run({ maxInstructions: 100_000 });
    machine.dispose();
    return end;
  };

  it('enters machine mode with cause, pc and the interrupt-enable stack', () => {
    const machine = firmwareMachine(
      `
      la   t0, handler
      csrw mtvec, t0
      li   t0, 8
      csrs mstatus, t0
  at: .word 0xffffffff
  handler:
      wfi
      j handler
      `,
      engine,
    );
    machine.run({ maxInstructions: 6 });
    const csr = (address: number) => machine.board.vcpu.readCsr(address);
    expect(csr(0x342)).toBe(BigInt(ILLEGAL));
    expect(csr(0x343)).toBe(0xffff_ffffn);
    expect(csr(0x341)).toBe(0x8000_0014n);
    // MIE moved to MPIE, MPP is machine.
    expect(csr(0x300) & 0x1888n).toBe(0x1880n);
    machine.dispose();
  });

  it('delegates to supervisor mode what medeleg says, and only from below machine mode', () => {
    const source = `
      la   t0, from_machine
      csrw mtvec, t0
      la   t0, from_supervisor
      csrw stvec, t0
      li   t0, 0x104            # breakpoints and user calls... and illegal instructions
      csrw medeleg, t0
      la   t0, user
      csrw mepc, t0
      mret                      # MPP is user
  user:
      ecall
  from_supervisor:
      csrr a0, scause
      csrr a1, sstatus
      andi a1, a1, 0x100        # SPP: came from user
      bnez a1, bad
      ecall                     # from supervisor: not delegated
  from_machine:
      csrr a1, mcause
      slli a1, a1, 8
      or   a0, a0, a1
      j    power_off
  bad: li  a0, 255
      j    power_off
    `;
    expect(run(source)).toMatchObject({ reason: 'poweroff', exitCode: ECALL_U | (9 << 8) });
  });

  it('vectors interrupts and not exceptions in vectored mode', () => {
    const source = `
      la   t0, table
      ori  t0, t0, 1
      csrw mtvec, t0
      csrwi mie, 8              # MSIE
      csrsi mstatus, 8
      li   t0, 0x2000000
      li   t1, 1
      sw   t1, 0(t0)            # msip
      li   a0, 77
      j    power_off
      .align 8
  table:
      j bad
      .word 0, 0
      j software
  software:
      csrr a0, mcause
      andi a0, a0, 63
      j    power_off
  bad: li  a0, 255
      j    power_off
    `;
    expect(run(source)).toMatchObject({ reason: 'poweroff', exitCode: 3 });
  });

  it('goes to BASE for an exception in vectored mode', () => {
    const source = `
      la   t0, table
      ori  t0, t0, 1
      csrw mtvec, t0
      ecall
      .align 8
  table:
      j good
      .word 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      j bad                     # 4 times 11
  good: li a0, 4
      j    power_off
  bad: li  a0, 255
      j    power_off
    `;
    expect(run(source)).toMatchObject({ exitCode: 4 });
  });

  it('keeps interrupt enables and privilege of supervisor mode on their stack, and sret brings them back', () => {
    const source = `
      la   t0, handler
      csrw stvec, t0
      la   t0, bad
      csrw mtvec, t0
      li   t0, 8                # breakpoints
      csrw medeleg, t0
      li   t0, 0x802            # MPP = supervisor, SIE
      csrs mstatus, t0
      la   t0, supervisor
      csrw mepc, t0
      mret
  supervisor:
      .word 0x00100073          # ebreak, in four bytes
      csrr s1, sstatus          # after sret
      mv   a0, s0
      slli a0, a0, 1
      andi t0, s1, 0x2
      or   a0, a0, t0
      j    power_off
  handler:
      csrr s0, sstatus
      andi s0, s0, 0x122        # SPP, SPIE and not SIE
      csrr t0, sepc
      addi t0, t0, 4
      csrw sepc, t0
      sret
  bad: li  a0, 255
      j    power_off
    `;
    expect(run(source)).toMatchObject({ exitCode: (0x120 << 1) | 2 });
  });

  it('takes the machine timer at the same instruction whatever the engine', () => {
    const source = `
      la   t0, handler
      csrw mtvec, t0
      li   t0, 0x2004000
      li   t1, 10
      sd   t1, 0(t0)
      li   t0, 0x80
      csrw mie, t0
      csrsi mstatus, 8
  1:  addi s0, s0, 1
      j 1b
  handler:
      csrr s1, minstret
      csrr s2, time
      li   a0, 5
      j    power_off
    `;
    const machine = firmwareMachine(source + powerOff, engine);
    expect(machine.run({ maxInstructions: 100_000 })).toMatchObject({ reason: 'poweroff', exitCode: 5 });
    // mtime is 10 when 1000 instructions have retired: the handler's first instruction is the 1001st.
    expect(machine.board.vcpu.readX(9)).toBe(1000n);
    expect(machine.board.vcpu.readX(18)).toBe(10n);
    machine.dispose();
  });

  it('makes privileged instructions illegal where TSR, TW and TVM say so', () => {
    // Each is tried in supervisor mode; the handler counts illegal-instruction exceptions and skips.
    const source = `
      la   t0, handler
      csrw mtvec, t0
      li   t0, 0x700000         # TVM, TW, TSR
      csrs mstatus, t0
      li   t0, 0x800            # MPP = supervisor
      csrs mstatus, t0
      la   t0, supervisor
      csrw mepc, t0
      mret
  supervisor:
      csrr t1, satp
      sfence.vma
      wfi
      sret
      csrr t1, mstatus
      csrr t1, 0x5c0            # no such CSR
      csrw 0xc00, x0            # read-only
      .align 2
      li   a7, 1
      ecall
  handler:
      csrr t0, mcause
      li   t1, 2
      bne  t0, t1, done
      addi s0, s0, 1
      csrr t0, mepc
      addi t0, t0, 4
      csrw mepc, t0
      mret
  done:
      mv   a0, s0
      j    power_off
    `;
    expect(run(source)).toMatchObject({ reason: 'poweroff', exitCode: 7 });
  });

  it('does loads and stores under MPRV with the privilege in MPP, through its page table', () => {
    const source = `
      la   t0, handler
      csrw mtvec, t0
      # One 1 GiB leaf at virtual 0 to physical 0x80000000: V R W X A D, and not U.
      li   t0, 0x80100000
      li   t1, 0x200000cf
      sd   t1, 0(t0)
      li   t0, 0x8000000000080100
      csrw satp, t0
      sfence.vma
      li   t0, 0x20800          # MPRV, MPP = supervisor
      csrs mstatus, t0
      li   t1, 0x200000
      li   t2, 0x5a
      sd   t2, 0(t1)
      ld   t3, 0(t1)            # virtual 0x200000 is physical 0x80200000
      li   t0, 0x20000
      csrc mstatus, t0
      li   t1, 0x80200000
      ld   a0, 0(t1)
      bne  a0, t3, bad
      li   t0, 0x1800
      csrc mstatus, t0
      li   t0, 0x20000          # MPRV, MPP = user: the page is not a user page
      csrs mstatus, t0
      li   t1, 0x200000
      ld   t3, 0(t1)
  bad: li  a0, 255
      j    power_off
  handler:
      li   t0, 0x20000
      csrc mstatus, t0
      csrr t1, mcause
      slli t1, t1, 8
      or   a0, a0, t1
      j    power_off
    `;
    expect(run(source)).toMatchObject({ reason: 'poweroff', exitCode: 0x5a | (13 << 8) });
  });

  it('protects physical memory from supervisor mode, and to the byte', () => {
    const source = `
      la   t0, handler
      csrw mtvec, t0
      li   t0, 0x20080000       # pmpaddr0: end of [0, 0x80200000)
      csrw pmpaddr0, t0
      li   t0, 0x20080002       # pmpaddr1: 8 bytes from there
      csrw pmpaddr1, t0
      li   t0, -1
      csrw pmpaddr2, t0
      li   t0, 0x1f090f         # TOR RWX, TOR R, NAPOT RWX
      csrw pmpcfg0, t0
      li   t0, 0x800
      csrs mstatus, t0
      la   t0, supervisor
      csrw mepc, t0
      mret
  supervisor:
      li   t1, 0x80200000
      sd   t1, 8(t1)
      sd   t1, -8(t1)
      ld   t2, 0(t1)
      sd   t1, 0(t1)            # read-only
      li   a0, 255
      j    power_off
  handler:
      csrr a0, mcause
      csrr t0, mtval
      andi t0, t0, 0xff
      slli t0, t0, 8
      or   a0, a0, t0
      j    power_off
    `;
    expect(run(source)).toMatchObject({ reason: 'poweroff', exitCode: 7 });
  });

  it('says what went wrong when the handler itself traps, for ever', () => {
    const end = run('li t0, 0x400\n jr t0\n');
    expect(end.reason).toBe('stuck');
    expect(end.message).toContain('instruction-access-fault (cause 0x1) at pc 0x400');
  });

  it('loads and stores misaligned, across pages, and refuses to at devices', () => {
    const source = `
      la   t0, handler
      csrw mtvec, t0
      li   s0, 0x80200ffd
      li   t1, 0x1122334455667788
      sd   t1, 0(s0)
      ld   t2, 0(s0)
      bne  t1, t2, bad
      lwu  t2, 3(s0)
      li   t3, 0x22334455
      srli t3, t1, 24
      slli t3, t3, 32
      srli t3, t3, 32
      bne  t2, t3, bad
      li   s0, 0xc000001
      lw   t2, 0(s0)
  bad: li a0, 255
      j power_off
  handler:
      csrr a0, mcause
      j power_off
    `;
    expect(run(source)).toMatchObject({ exitCode: 5 });
  });
});

describe('privilege', () => {
  it('starts firmware in machine mode', () => {
    const machine = firmwareMachine('j .');
    expect(machine.board.vcpu.privilege).toBe(Privilege.machine);
    machine.dispose();
  });
});
