/** Status with which `q` switches the machine off. */
export const ECHO_STATUS = 42;

/**
 * Assembly: prints `k` and echoes what is typed. `q` switches the machine off, `r` resets it, `y` is printed without end. Other harts
 * than the first wait. Runs in machine mode and in supervisor mode, at whatever address.
 */
export const echoKernel = `
    csrr x0, sscratch
    li   s0, 0x10000000
    li   s1, 0x100000
    mv   s2, a0
    bnez s2, wait
    li   a0, 'k'
    sb   a0, 0(s0)
    li   a0, 10
    sb   a0, 0(s0)
poll:
    lbu  t0, 5(s0)
    andi t0, t0, 1
    beqz t0, poll
    lbu  a0, 0(s0)
    li   t0, ${(ECHO_STATUS << 16) | 0x3333}
    li   t1, 'q'
    beq  a0, t1, power
    li   t0, 0x7777
    li   t1, 'r'
    beq  a0, t1, power
print:
    sb   a0, 0(s0)
    li   t1, 'y'
    beq  a0, t1, print
    j    poll
power:
    sw   t0, 0(s1)
    j    power
wait:
    wfi
    j    wait
`;
