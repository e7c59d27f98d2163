import { assemble } from '@worldswitch/isa';
import { area, descriptor, LOG_ENTRIES, record, recordedCsrs, SLOT, WINDOW_COUNT } from './layout.ts';

/** Offsets in the save area. sp, t0 to t3 of the sequence; then the harness's own state. */
const saved = { t0: 0, t1: 8, t2: 16, t3: 24, sp: 32, log: 40, logEnd: 48, codeEnd: 56, codeStart: 64 };
const state = { descriptor: 72, record: 80, left: 88, scratch: 96 };

const registers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** t0 to t3 and sp, which the handler needs itself, are not among them. */
const plain = registers(1, 31).filter((number) => ![2, 5, 6, 7, 28].includes(number));

/**
 * The program around the sequences. Machine mode starts each from its descriptor, logs every trap (its cause, pc and value), skips
 * the instruction that trapped, and at the sequence's last instruction, or when it went astray or trapped too often, writes down
 * all state. Traps delegated to supervisor mode arrive at an `ecall`, which brings them here.
 * @param count sequences that the image holds
 */
export function harness(count: number): Uint8Array {
  const source = `
_start:
    la   t0, handler
    csrw mtvec, t0
    li   sp, ${area.save}
    li   t0, ${area.descriptors}
    sd   t0, ${state.descriptor}(sp)
    li   t0, ${area.records}
    sd   t0, ${state.record}(sp)
    li   t0, ${count}
    sd   t0, ${state.left}(sp)
    li   t0, -1
    csrw pmpaddr1, t0
    csrw mie, zero
    csrw mideleg, zero
    li   t0, 0xf0              # cache-block instructions are allowed everywhere
    csrs menvcfg, t0
    csrs senvcfg, t0
    j    next

.balign 4
handler:
    csrrw sp, mscratch, sp
    sd   t0, ${saved.t0}(sp)
    sd   t1, ${saved.t1}(sp)
    sd   t2, ${saved.t2}(sp)
    sd   t3, ${saved.t3}(sp)
    csrr t0, mscratch
    sd   t0, ${saved.sp}(sp)
    ld   t0, ${saved.log}(sp)
    csrr t3, mepc
    ld   t2, ${saved.codeEnd}(sp)
    ld   t1, ${saved.logEnd}(sp)
    bgeu t0, t1, finish
    csrr t1, mcause
    sd   t1, 0(t0)
    sd   t3, 8(t0)
    csrr t1, mtval
    sd   t1, 16(t0)
    addi t0, t0, 24
    sd   t0, ${saved.log}(sp)
    beq  t3, t2, finish
    la   t1, supervisor
    beq  t3, t1, delegated
locate:                        # t3: pc of the instruction to skip
    ld   t1, ${saved.codeStart}(sp)
    bltu t3, t1, finish
    bgeu t3, t2, finish
    lhu  t1, 0(t3)
    andi t1, t1, 3
    addi t1, t1, -3
    addi t3, t3, 2
    bnez t1, 1f
    addi t3, t3, 2
1:  csrw mepc, t3
    ld   t0, ${saved.sp}(sp)
    csrw mscratch, t0
    ld   t0, ${saved.t0}(sp)
    ld   t1, ${saved.t1}(sp)
    ld   t2, ${saved.t2}(sp)
    ld   t3, ${saved.t3}(sp)
    csrrw sp, mscratch, sp
    mret

delegated:                     # supervisor mode was entered with a trap: log that, too, and go back to where it came from
    ld   t1, ${saved.logEnd}(sp)
    bgeu t0, t1, finish
    csrr t1, scause
    sd   t1, 0(t0)
    csrr t3, sepc
    sd   t3, 8(t0)
    csrr t1, stval
    sd   t1, 16(t0)
    addi t0, t0, 24
    sd   t0, ${saved.log}(sp)
    csrr t1, sstatus
    andi t1, t1, 0x100         # SPP becomes the low bit of MPP
    slli t1, t1, 3
    li   t0, 0x1800
    csrc mstatus, t0
    csrs mstatus, t1
    j    locate

.balign 4
supervisor:
    ecall

finish:
    ld   t0, ${state.record}(sp)
    csrr t1, mstatus
    li   t2, 0x6000
    csrs mstatus, t2
    ${recordedCsrs
      .filter((name) => name !== 'mstatus')
      .map((name) => `csrr t2, ${name}\n sd t2, ${record.csrs + 8 * recordedCsrs.indexOf(name)}(t0)`)
      .join('\n')}
    sd   t1, ${record.csrs + 8 * recordedCsrs.indexOf('mstatus')}(t0)
    ${plain.map((number) => `sd x${number}, ${record.x + 8 * number}(t0)`).join('\n')}
    ${[
      [2, saved.sp],
      [5, saved.t0],
      [6, saved.t1],
      [7, saved.t2],
      [28, saved.t3],
    ]
      .map(([number, offset]) => `ld t1, ${offset}(sp)\n sd t1, ${record.x + 8 * number!}(t0)`)
      .join('\n')}
    ${registers(0, 31)
      .map((number) => `fsd f${number}, ${record.f + 8 * number}(t0)`)
      .join('\n')}
    li   t2, ${area.leafTable}
    ${registers(0, WINDOW_COUNT - 1)
      .map((index) => `ld t1, ${8 * index}(t2)\n sd t1, ${record.windows + 8 * index}(t0)`)
      .join('\n')}
    ld   t1, ${saved.log}(sp)
    addi t2, t0, ${record.log}
    sub  t1, t1, t2
    sd   t1, ${record.logged}(t0)
    addi t0, t0, ${SLOT}
    sd   t0, ${state.record}(sp)
    ld   t0, ${state.descriptor}(sp)
    addi t0, t0, ${SLOT}
    sd   t0, ${state.descriptor}(sp)
    ld   t0, ${state.left}(sp)
    addi t0, t0, -1
    sd   t0, ${state.left}(sp)

next:
    ld   t0, ${state.left}(sp)
    beqz t0, done
    ld   a0, ${state.descriptor}(sp)
    ld   t1, ${state.record}(sp)
    addi t1, t1, ${record.log}
    sd   t1, ${saved.log}(sp)
    addi t1, t1, ${24 * LOG_ENTRIES}
    sd   t1, ${saved.logEnd}(sp)
    ld   t1, ${descriptor.codeStart}(a0)
    sd   t1, ${saved.codeStart}(sp)
    csrw mepc, t1
    ld   t1, ${descriptor.codeEnd}(a0)
    sd   t1, ${saved.codeEnd}(sp)
    li   t2, ${area.leafTable}
    ${registers(0, WINDOW_COUNT - 1)
      .map((index) => `ld t1, ${descriptor.windows + 8 * index}(a0)\n sd t1, ${8 * index}(t2)`)
      .join('\n')}
    li   t2, ${area.rootTable}
    ld   t1, ${descriptor.codePte}(a0)
    sd   t1, 16(t2)
    ${[
      ['satp', descriptor.satp],
      ['medeleg', descriptor.medeleg],
      ['pmpaddr0', descriptor.pmpaddr],
      ['pmpcfg0', descriptor.pmpcfg],
      ['mcounteren', descriptor.counteren],
      ['scounteren', descriptor.counteren],
    ]
      .map(([name, offset]) => `ld t1, ${offset}(a0)\n csrw ${name}, t1`)
      .join('\n')}
    sfence.vma
    ${['sepc', 'scause', 'stval', 'sscratch', 'mcause', 'mtval'].map((name) => `csrw ${name}, zero`).join('\n')}
    la   t1, supervisor
    csrw stvec, t1
    addi t1, sp, ${state.scratch}
    sc.d zero, zero, (t1)      # drops the reservation
    li   t1, 0x6000
    csrs mstatus, t1
    ${registers(0, 31)
      .map((number) => `fld f${number}, ${descriptor.f + 8 * number}(a0)`)
      .join('\n')}
    ld   t1, ${descriptor.fcsr}(a0)
    csrw fcsr, t1
    csrw mscratch, sp
    ld   t1, ${descriptor.mstatus}(a0)
    csrw mstatus, t1
    fence.i
    ${registers(1, 31)
      .filter((number) => number !== 10)
      .map((number) => `ld x${number}, ${descriptor.x + 8 * number}(a0)`)
      .join('\n')}
    ld   a0, ${descriptor.x + 80}(a0)
    mret

done:
    li   t0, 0x100000
    li   t1, 0x5555
    sw   t1, 0(t0)
1:  j    1b
`;
  return assemble(source, { origin: area.harness }).bytes;
}
