/**
 * Machine-mode code that never ends, on any number of harts: takes timer interrupts, writes pseudo-random memory in every way there is (aligned, across
 * pages, atomics), and writes sectors of the disk in virtio slot 0 with what it reads from others. Register addresses restated
 * from VIRTIO 1.2, table 4.1, and the CLINT's memory map.
 */
export const diskProgram = `
    la   t0, handler
    csrw mtvec, t0
    csrr s11, mhartid
    bnez s11, others
    li   s1, 0x10001000        # virtio-mmio, slot 0
    li   s2, 0x80100000        # descriptors; 0x400 available ring; 0x800 used ring
    li   t1, 15
    sw   t1, 0x70(s1)          # status
    sw   zero, 0x30(s1)        # queue 0
    li   t1, 8
    sw   t1, 0x38(s1)          # of 8
    sw   s2, 0x80(s1)
    addi t2, s2, 0x400
    sw   t2, 0x90(s1)
    addi t2, t2, 0x400
    sw   t2, 0xa0(s1)
    li   t1, 1
    sw   t1, 0x44(s1)          # ready
    li   s3, 0x80101000        # header
    li   s4, 0x80102000        # data
    li   s5, 0x80103000        # outcome
    sd   s3, 0(s2)             # descriptor 0: header, NEXT, 1
    li   t1, 16
    sw   t1, 8(s2)
    li   t1, 0x10001
    sw   t1, 12(s2)
    sd   s4, 16(s2)            # descriptor 1: data
    li   t1, 512
    sw   t1, 24(s2)
    sd   s5, 32(s2)            # descriptor 2: outcome, WRITE
    li   t1, 1
    sw   t1, 40(s2)
    li   t1, 2
    sw   t1, 44(s2)
    li   s6, 12345             # random numbers
    li   s7, 0                 # requests so far
    li   s8, 0x80200000        # memory that is written: 1 MiB
    li   s9, 0x6255
    call set_timer
    li   t0, 0x80
    csrw mie, t0
    csrsi mstatus, 8
loop:
    li   s10, 200
memory:
    li   t0, 1103515245
    mul  s6, s6, t0
    addi s6, s6, 1013
    slli t1, s6, 24
    srli t1, t1, 44            # 20 bits
    add  t2, s8, t1
    andi t3, s6, 7
    beqz t3, across
    li   t4, 1
    beq  t3, t4, atomic
    andi t2, t2, -8
    sd   s6, 0(t2)
    j    next
across:
    li   t4, -4096
    and  t2, t2, t4
    sd   s6, -3(t2)
    j    next
atomic:
    andi t2, t2, -8
    amoadd.d t4, s6, (t2)
    lr.d t4, (t2)
    addi t4, t4, 5
    sc.d t5, t4, (t2)
next:
    addi s10, s10, -1
    bnez s10, memory

    li   t0, 0x20001           # read into data: NEXT, WRITE
    addi t0, t0, 2
    li   a0, 0
    call request
    ld   t1, 0(s4)
    add  t1, t1, s6
    sd   t1, 0(s4)
    li   t0, 0x20001
    li   a0, 1
    call request
    andi t0, s7, 12
    bnez t0, loop
    wfi
    j    loop

others:                        # each waits for its turn in a lock, counts, writes a page of its own, wakes the next
    li   s8, 0x80180000
    slli t0, s11, 12
    add  s9, s8, t0
    li   s6, 1
    li   s10, 0
    csrwi mie, 8
again:
    li   t1, 1
    amoswap.d.aq t0, t1, (s8)
    bnez t0, again
    ld   t2, 8(s8)
    addi t2, t2, 1
    sd   t2, 8(s8)
    amoswap.d.rl zero, zero, (s8)
    addi s10, s10, 1
    andi t0, s10, 255
    slli t0, t0, 3
    add  t0, t0, s9
retry:
    lr.d t1, (t0)
    add  t1, t1, s10
    sc.d t3, t1, (t0)
    bnez t3, retry
    andi t0, s10, 63
    bnez t0, again
    li   t0, 0x2000000         # software interrupt of this hart and of hart 1
    slli t1, s11, 2
    add  t1, t1, t0
    sw   zero, 0(t1)
    sw   s6, 4(t0)
    j    again

request:                       # a0: 0 read, 1 write; t0: flags and next of the data descriptor
    sw   t0, 28(s2)
    sw   a0, 0(s3)
    srli t1, s6, 9
    add  t1, t1, a0
    andi t1, t1, 63
    sd   t1, 8(s3)             # sector
    andi t2, s7, 7
    slli t2, t2, 1
    add  t2, t2, s2
    sh   zero, 0x404(t2)
    addi s7, s7, 1
    sh   s7, 0x402(s2)
    fence
    sw   zero, 0x50(s1)        # notify
    lw   t3, 0x60(s1)
    sw   t3, 0x64(s1)          # acknowledge
    ret

set_timer:
    li   t5, 0x200bff8
    ld   t6, 0(t5)
    addi t6, t6, 700
    li   t5, 0x2004000
    sw   t6, 0(t5)
    srli t6, t6, 32
    sw   t6, 4(t5)
    ret

    .balign 4
handler:
    csrw mscratch, t5
    addi sp, s8, -32
    sd   t6, 0(sp)
    sd   ra, 8(sp)
    call set_timer
    ld   t6, 16(sp)
    addi t6, t6, 1
    sd   t6, 16(sp)
    ld   t6, 0(sp)
    ld   ra, 8(sp)
    csrr t5, mscratch
    mret
`;
