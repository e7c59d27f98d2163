import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { createVirtualMachine, VmmError } from '../src/index.ts';
import { assembleGuest, createGuest, createProgramWorld, runGuest, text } from './guest.ts';
import { createHost } from './host.ts';

const putCharacter = (character: string) => `
  li a0, '${character}'
  li a7, 1
  ecall
`;
const powerOff = `
  li t0, TEST
  li t1, 0x5555
  sw t1, 0(t0)
`;

describe('a small guest', () => {
  it('starts with its hart number and a device tree, and switches itself off', () => {
    const { host } = createHost();
    const guest = createGuest(
      host,
      `
      mv s0, a0
      lw s1, 0(a1)
      ${putCharacter('A')}
      li a0, UART
      li a1, 'B'
      sb a1, 0(a0)
      li t0, TEST
      li t1, (7 << 16) | 0x3333
      sw t1, 0(t0)
    `,
    );
    const { vm } = guest;
    const tree = Number(vm.vcpu.readX(11));
    expect([...vm.ram.read(tree, 4)]).toEqual([0xd0, 0x0d, 0xfe, 0xed]);
    const { result, output } = runGuest(host, guest);
    expect([result, output]).toEqual([{ reason: 'exited', exitCode: 7 }, 'AB']);
  });

  it('is interrupted by its timer in the middle of a loop, within a tick', () => {
    const { host } = createHost();
    const guest = createGuest(
      host,
      `
      la t0, tick
      csrw stvec, t0
      li t0, 0x20
      csrw sie, t0
      rdtime s0
      li t1, 1000
      add a0, s0, t1
      mv s2, a0
      li a7, 0x54494d45
      li a6, 0
      ecall
      csrsi sstatus, 2
    1: j 1b
      .balign 4
    tick:
      rdtime s1
      sub s1, s1, s2
      csrr s3, scause
      li t0, TEST
      slli s1, s1, 16
      li t1, 0x3333
      or t1, t1, s1
      bgez s3, 2f
      sw t1, 0(t0)
    2: j 2b
    `,
    );
    const { result } = runGuest(host, guest);
    expect(result?.reason).toBe('exited');
    expect(result?.exitCode).toBeLessThanOrEqual(1);
    expect(guest.vm.accounting.metrics().boot.exits.timer).toBe(1);
  });

  it('sleeps in wfi until its timer, while the machine runs nothing', () => {
    const { host } = createHost();
    const guest = createGuest(
      host,
      `
      li t0, 0x20
      csrw sie, t0
      li a0, 500000
      li a7, 0x54494d45
      li a6, 0
      ecall
      wfi
      ${putCharacter('W')}
      ${powerOff}
    `,
    );
    const { result, output } = runGuest(host, guest);
    expect([result?.reason, output]).toEqual(['exited', 'W']);
    expect(host.clock.now()).toBeGreaterThanOrEqual(500_000);
    expect(host.instructions).toBeLessThan(100);
  });

  it('waits for what is typed', () => {
    const { host } = createHost();
    const guest = createGuest(
      host,
      `
      li t0, 0x200
      csrw sie, t0
      li t0, 0x0c000000 + 40
      li t1, 1
      sw t1, 0(t0)
      li t0, 0x0c002080
      li t1, 0x400
      sw t1, 0(t0)
      li s0, UART
      sb t1, 1(s0)
      li t1, 1
      sb t1, 1(s0)
      wfi
      lbu a0, 0(s0)
      sb a0, 0(s0)
      ${powerOff}
    `,
    );
    expect(runGuest(host, guest).ended).toBe('deadlock');
    guest.type(Uint8Array.of(0x58));
    expect(runGuest(host, guest)).toMatchObject({ result: { reason: 'exited' }, output: 'X' });
  });

  it('that can never be woken is a fault, not a hang', () => {
    const { host } = createHost();
    const kernel = assemble('wfi\n1: j 1b', { origin: 0x8020_0000 }).bytes;
    const world = createProgramWorld(host, 'hello', { kernel });
    expect(world.run(1000)).toMatchObject({ reason: 'fault', message: expect.stringMatching(/waits .* never come/) });
    expect(world.result?.reason).toBe('fault');
  });

  it('whose handler faults again and again ends with one message', () => {
    const { host } = createHost();
    const guest = createGuest(
      host,
      `
      la t0, handler
      csrw stvec, t0
      ld t0, 0(zero)
      .balign 4
    handler:
      addi s0, s0, 1
      ld t0, 0(zero)
    `,
    );
    expect(runGuest(host, guest).result?.message).toMatch(/load-access-fault in the guest kernel .* faults itself/);
  });

  it('that does nothing but trap gives the hart to others', () => {
    const { host } = createHost();
    // sret to itself: no instruction ever retires.
    const stuck = createGuest(
      host,
      'la t0, 1f\ncsrw sepc, t0\nli t1, 0x100\n.balign 4\n1: csrw sstatus, t1\ncsrw sepc, t0\nsret',
    );
    const other = createGuest(host, `li s0, 100000\n1: addi s0, s0, -1\nbnez s0, 1b\n${powerOff}`, { name: 'other' });
    stuck.start();
    other.start();
    host.run({ maxInstructions: 500_000, until: () => other.vm.end !== undefined });
    expect(other.vm.end?.reason).toBe('exited');
    expect(stuck.vm.end).toBe(undefined);
  });

  it('comes to the limit of its instructions even if the VMM carries out all of them', () => {
    const { host } = createHost();
    const source = 'la t0, 1f\ncsrw sepc, t0\nli t1, 0x100\n1: csrw sstatus, t1\ncsrw sepc, t0\nsret';
    const world = createProgramWorld(host, 'hello', { kernel: assembleGuest(source) });
    expect(world.run(50_000)).toBe(undefined);
    const { instructions, emulatedInstructions } = world.metrics().boot;
    expect(instructions.kernel).toBeLessThan(10);
    expect(emulatedInstructions).toBeGreaterThanOrEqual(49_990);
    expect(emulatedInstructions).toBeLessThan(60_000);
  });

  it('reads the machine clock without an exit where counters are passed', () => {
    const source = `
      li s0, 1000
    1: rdtime t0
      addi s0, s0, -1
      bnez s0, 1b
      ${powerOff}
    `;
    const exits = (counters: 'trap' | 'pass', prefix = '') => {
      const { host } = createHost();
      const guest = createGuest(host, prefix + source, { counters });
      runGuest(host, guest);
      return guest.vm.accounting.metrics().boot.exits.counter ?? 0;
    };
    expect(exits('trap')).toBe(1000);
    expect(exits('pass')).toBe(0);
    expect(exits('pass', 'csrwi scounteren, 5\n')).toBe(1000);
  });

  it('has stimecmp, and a device tree that says so, only if it was given Sstc', () => {
    const { host } = createHost();
    const source = `
      la t0, handler
      csrw stvec, t0
      li t0, 0x20
      csrw sie, t0
      rdtime t0
      addi t0, t0, 50
      csrw stimecmp, t0
      csrsi sstatus, 2
    1: j 1b
      .balign 4
    handler:
      csrr t0, scause
      andi t0, t0, 15
      slli t0, t0, 16
      li t1, 0x3333
      or t1, t1, t0
      li t0, TEST
      sw t1, 0(t0)
    `;
    for (const [hasSstc, cause] of [
      [true, 5],
      [false, 2],
    ] as const) {
      const guest = createGuest(host, source, { hasSstc });
      const tree = text(guest.vm.ram.read(Number(guest.vm.vcpu.readX(11)), 2048));
      expect(tree.includes('_sstc')).toBe(hasSstc);
      expect(runGuest(host, guest).result?.exitCode).toBe(cause);
    }
  });

  it('can be had with the technique that is built, and the others say that they are not', () => {
    const { host } = createHost();
    const options = { name: 'x', kernel: Uint8Array.of(0x6f, 0, 0, 0), memoryBytes: 2 << 20 };
    for (const technique of ['binary-translation', 'hardware-assist'] as const) {
      expect(() => createVirtualMachine(host, { ...options, technique })).toThrow(VmmError);
    }
    expect(() =>
      createVirtualMachine(host, { ...options, memoryBytes: 4 << 20, technique: 'trap-and-emulate' }),
    ).not.toThrow();
  });
});

/**
 * Maps all of physical memory below 512 GiB at its own address, then loads from and stores to every 64 KiB of what it can name
 * around its RAM, in virtual address and by the entries of its own tables, skipping what faults.
 */
const hostile = `
  la t0, handler
  csrw stvec, t0
  la t0, root
  li t1, 0xcf
  li t3, 1 << 28
  li t2, 256
1: sd t1, 0(t0)
  sd t1, 2040(t0)
  add t1, t1, t3
  addi t0, t0, 8
  addi t2, t2, -1
  bnez t2, 1b
  la t0, root
  srli t0, t0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
  li s0, 0x7f000000
  li s1, 0x84000000
  li s3, 0x10000
2: ld t0, 0(s0)
  sd s0, 8(s0)
  amoor.d t0, s0, (s0)
  add s0, s0, s3
  bltu s0, s1, 2b
  # The same without translation.
  csrw satp, zero
  li s0, 0x7f000000
3: ld t0, 0(s0)
  sd s0, 8(s0)
  add s0, s0, s3
  bltu s0, s1, 3b
  csrr t0, pmpaddr0
  csrw mtvec, t0
  mret
  ${putCharacter('!')}
4: j 4b
  .balign 4
handler:
  csrr t0, sepc
  addi t0, t0, 4
  csrw sepc, t0
  addi s4, s4, 1
  sret
  .balign 4096
root: .skip 4096
`;

describe('isolation', () => {
  it.each(['reference', 'compiled'] as const)(
    'a hostile guest never reaches a frame that is not its own (%s)',
    (engine) => {
      const { host } = createHost({ engine });
      const neighbour = createGuest(host, '1: j 1b', { name: 'neighbour' });
      const secret = host.allocateFrames(64);
      for (const frame of secret) host.memory.fill(frame * 4096, 4096, 0x5a);
      const guest = createGuest(host, hostile, { memoryBytes: 16 << 20 });
      const before = neighbour.vm.ram.read(0x8000_0000, 4 << 20);
      guest.start();
      host.run({ maxInstructions: 200_000 });
      expect(text(guest.vm.console.output())).toBe('!');
      expect(guest.vm.end).toBe(undefined);
      const { exits } = guest.vm.accounting.metrics().boot;
      // 16 MiB of 80 MiB are its own; elsewhere loads, stores and atomics fault.
      expect(exits['access-fault-injected']).toBeGreaterThan(4000);
      expect(exits['illegal-instruction-injected']).toBe(3);

      const own = new Set(guest.vm.ram.hostFrames());
      let leaves = 0;
      for (const { hostFrame, level } of guest.vm.shadow.mappings()) {
        leaves++;
        for (let frame = hostFrame; frame < hostFrame + 512 ** level; frame++) expect(own.has(frame)).toBe(true);
      }
      expect(leaves).toBeGreaterThan(8);
      for (const frame of secret)
        expect(host.memory.slice(frame * 4096, 4096).every((byte) => byte === 0x5a)).toBe(true);
      const after = neighbour.vm.ram.read(0x8000_0000, 4 << 20);
      expect(after.every((byte, index) => byte === before[index])).toBe(true);
    },
  );

  it('two guests run at once on one host, each as if alone, and progress alike', () => {
    const alone = (name: string, args: string[]) => {
      const { host } = createHost({ engine: 'compiled' });
      const world = createProgramWorld(host, name, { arguments: args });
      world.run(50_000_000);
      return text(world.output());
    };
    const expected = [alone('tour', []), alone('fork-exec', [])];
    const { host } = createHost({ engine: 'compiled' });
    const first = createProgramWorld(host, 'tour', { name: 'first' });
    const second = createProgramWorld(host, 'fork-exec', { name: 'second' });
    host.run({ maxInstructions: 400_000 });
    const [a, b] = host.ps().filter(({ kind }) => kind === 'vm-full');
    expect(a!.instructions).toBeGreaterThan(10_000);
    expect(b!.instructions).toBeGreaterThan(10_000);
    host.run({ maxInstructions: 50_000_000 });
    expect([first, second].map((world) => world.result)).toEqual([
      { reason: 'exited', exitCode: 0 },
      { reason: 'exited', exitCode: 0 },
    ]);
    expect([text(first.output()), text(second.output())]).toEqual(expected);
  });

  it('survives being killed or paused by its host', () => {
    const { host } = createHost({ engine: 'compiled' });
    const world = createProgramWorld(host, 'spin');
    world.run(500_000);
    world.pause();
    expect([world.run(1000), host.ps()[0]?.state]).toEqual([undefined, 'paused']);
    world.resume();
    const before = world.metrics().program.instructions.user;
    world.run(1_000_000);
    const { user } = world.metrics().program.instructions;
    expect(user).toBeGreaterThan(before);
    world.dispose();
    world.dispose();
    expect([world.run(1000), world.result]).toEqual([undefined, undefined]);
    expect(world.metrics().program.instructions.user).toBe(user);
    expect(world.inspect()).toEqual({ ended: 'disposed' });
  });

  it('gives back every frame', () => {
    const { host } = createHost({ engine: 'compiled' });
    const before = host.freeFrameCount;
    for (let turn = 0; turn < 3; turn++) {
      const world = createProgramWorld(host, 'fork-exec');
      world.run(turn === 0 ? 100_000 : 50_000_000);
      world.dispose();
      expect(host.freeFrameCount).toBe(before);
    }
  });
});
