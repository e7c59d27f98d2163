import { describe, expect, it } from 'vitest';
import { createRogueWorld } from './rogue-guest.ts';

/** Runs a rogue kernel; its exit code is the negated result of its last hypercall, or what it chose. */
function exitCodeOf(body: string): number | undefined {
  const { world } = createRogueWorld(body);
  const result = world.run(1_000_000);
  expect(result?.message).toBeUndefined();
  world.dispose();
  return result?.exitCode;
}

/** a0 = -a0 at the end, so that an error number becomes an exit code. */
const negate = 'neg a0, a0';
/** t0 = machine frame number of the domain's first, t1 = PTE bits of that frame, t2 = machine address of the leaf table array. */
const locate = `
  ld t0, 0x10(s0)
  slli t1, t0, 10
  ld t2, 0x30(s0)
  ld t3, 0x18(s0)
  sub t2, t2, t3
  slli t3, t0, 12
  add t2, t2, t3
`;
/** One mmu_update of {entry: t2 + offset, value: t4}. */
const update = (entryOffset: number) => `
  li t5, ${entryOffset}
  add t2, t2, t5
  la a0, list
  sd t2, 0(a0)
  sd t4, 8(a0)
  li a1, 1
  li a7, MMU_UPDATE
  ecall
`;
const FAULT = 14;
const BUSY = 16;
const INVALID = 22;
const PERMISSION = 1;
const NOT_BUILT = 38;

describe('a hostile guest', () => {
  it('may change its own pages', () => {
    // Frame 1024 read-only: one entry written.
    expect(
      exitCodeOf(`${locate} li t4, ${1024 << 10} \n add t4, t4, t1 \n ori t4, t4, 0xd3 \n ${update(1024 * 8)}`),
    ).toBe(1);
  });

  it.each([
    ['a frame below its memory', -1],
    ['a frame above its memory', 2048],
    ['frame 0 of the machine', undefined],
  ])('cannot map %s', (_, frame) => {
    const value = frame === undefined ? 'li t4, 0xd7' : `li t4, ${frame * 1024} \n add t4, t4, t1 \n ori t4, t4, 0xd7`;
    expect(exitCodeOf(`${locate} ${value} \n ${update(1024 * 8)} ${negate}`)).toBe(PERMISSION);
  });

  it('cannot map a page table writable, at any level', () => {
    // Frames 2 to 5: root, middle, leaf of the last page, first leaf table.
    for (const frame of [2, 3, 4, 5]) {
      const value = `li t4, ${frame << 10} \n add t4, t4, t1 \n ori t4, t4, 0xd7`;
      expect(exitCodeOf(`${locate} ${value} \n ${update(frame * 8)} ${negate}`), `frame ${frame}`).toBe(BUSY);
    }
  });

  it('cannot store to a page table', () => {
    const { world } = createRogueWorld('ld t2, 0x30(s0) \n sd zero, 0(t2)');
    expect(world.run(1_000_000)).toMatchObject({
      reason: 'fault',
      message: expect.stringContaining('store-page-fault'),
    });
  });

  it('cannot make the shared-info page a page table', () => {
    const pin = `ld t0, 0x10(s0) \n addi t0, t0, 1 \n la a0, list \n sd zero, 0(a0) \n sd t0, 8(a0) \n li a1, 1 \n li a7, MMUEXT \n ecall`;
    expect(exitCodeOf(`${pin} \n ${negate}`)).toBe(BUSY);
  });

  it('cannot load a frame as root that maps something foreign', () => {
    // Frame 1024, writable now: its first entry names a foreign frame; then it is made read-only and pinned as a root.
    const body = `
      ${locate}
      ld t3, 0x18(s0)
      li t5, ${1024 * 4096}
      add t3, t3, t5
      li t5, 1
      sd t5, 0(t3)
      li t4, ${1024 << 10}
      add t4, t4, t1
      ori t4, t4, 0xd3
      ${update(1024 * 8)}
      la a0, list
      li t5, 2
      sd t5, 0(a0)
      ld t0, 0x10(s0)
      addi t0, t0, 1024
      sd t0, 8(a0)
      li a1, 1
      li a7, MMUEXT
      ecall
    `;
    expect(exitCodeOf(`${body} ${negate}`)).toBe(PERMISSION);
  });

  it.each([
    ['set_trap_table', 'li a0, 0x1000 \n li a7, SET_TRAP_TABLE', FAULT],
    ['mmu_update', 'li a0, 0x1000 \n li a1, 1 \n li a7, MMU_UPDATE', FAULT],
    ['mmuext_op', 'li a0, -8 \n li a1, 2 \n li a7, MMUEXT', FAULT],
    ['multicall with a read-only list', 'la a0, start \n li a1, 1 \n li a7, MULTICALL', FAULT],
    ['console_io', 'li a0, 0 \n li a1, 5 \n li a2, 1 \n slli a2, a2, 40 \n li a7, CONSOLE', FAULT],
    ['a list without end', 'la a0, list \n li a1, -1 \n li a7, MMU_UPDATE', 7],
    ['an unknown hypercall', 'li a7, 99', NOT_BUILT],
    ['a hypercall number beyond 32 bits', 'li a7, 1 \n slli a7, a7, 40', NOT_BUILT],
    ['an unknown command', 'li a0, 77 \n li a7, SCHED', NOT_BUILT],
    ['a grant table operation', 'li a0, 0 \n li a7, GRANT', NOT_BUILT],
    ['an event channel to another domain', 'li a0, 0 \n li a7, EVENT', NOT_BUILT],
    ['an unknown virtual interrupt', 'li a0, 1 \n li a1, 7 \n li a7, EVENT', INVALID],
    ['a kick of a port that is not bound', 'li a0, 4 \n li a1, 3 \n li a7, EVENT', INVALID],
    ['iret to a user context that there is not', 'li t0, 1 \n sd t0, -2016(zero) \n li a7, IRET', INVALID],
  ])('gets an error number for %s', (_, call, error) => {
    expect(exitCodeOf(`${call} \n ecall \n ${negate}`)).toBe(error);
  });

  it('may not iret, block or nest in a multicall', () => {
    for (const call of ['IRET', 'SCHED', 'MULTICALL']) {
      const body = `la a0, list \n li t0, ${call} \n sd t0, 0(a0) \n li a1, 1 \n li a7, MULTICALL \n ecall \n la t0, list \n ld a0, 8(t0)`;
      expect(exitCodeOf(`${body} \n ${negate}`), call).toBe(INVALID);
    }
  });

  it.each([
    ['a jump to nowhere', 'li t0, 0x5550 \n jr t0', 'instruction-page-fault at pc 0x5550'],
    ['an illegal instruction', '.word 0', 'illegal-instruction'],
    ['a privileged instruction', 'csrr t0, sstatus', 'illegal-instruction'],
    ['a return from a trap by sret', 'sret', 'illegal-instruction'],
  ])('that makes %s and has no handler ends with a fault', (_, body, message) => {
    const { world } = createRogueWorld(body);
    expect(world.run(1_000_000)).toMatchObject({ reason: 'fault', message: expect.stringContaining(message) });
    expect(world.run(1_000_000)?.reason).toBe('fault');
    world.dispose();
  });

  it.each([
    // The handler's address is not mapped: each delivery faults at once.
    [
      'whose trap handler cannot be run',
      'la a0, list \n li t0, 0x4000 \n sd t0, 0(a0) \n sd t0, 8(a0) \n sd t0, 16(a0) \n li a7, SET_TRAP_TABLE \n ecall \n ebreak \n li t0, 8 \n jr t0',
    ],
    // iret to its own ecall.
    [
      'that irets to its own iret',
      'li a7, IRET \n sd a7, -1992(zero) \n sd zero, -2016(zero) \n la t0, again \n sd t0, -2024(zero) \n again: ecall',
    ],
  ])('%s does not hang the host', (_, body) => {
    const { world } = createRogueWorld(body);
    expect(world.run(1_000_000)?.reason).toBe('fault');
    world.dispose();
  });

  it('that waits for nothing ends with a fault', () => {
    const { world } = createRogueWorld('li a0, 1 \n li a7, SCHED \n ecall');
    expect(world.run(1_000_000)).toMatchObject({ reason: 'fault', message: expect.stringContaining('never come') });
    world.dispose();
  });

  it('that loops for ever runs out of budget', () => {
    const { world } = createRogueWorld('spin: j spin');
    expect(world.run(123_456)).toBeUndefined();
    expect(world.metrics().boot.instructions.kernel).toBe(123_456);
    world.dispose();
  });

  it('that floods the console is stopped', () => {
    const { world } = createRogueWorld(
      'flood: li a0, 0 \n li a1, 1000 \n la a2, data \n li a7, CONSOLE \n ecall \n j flood',
      { maxOutputBytes: 10_000 },
    );
    expect(world.run(10_000_000)?.reason).toBe('output-limit');
    expect(world.output().length).toBe(10_000);
    world.dispose();
  });
});
