import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { type DebugHit, DebugPoints, type EngineName, engineNames, Machine } from '../src/index.ts';

const ORIGIN = 0x8020_0000;

/** A hot loop with a call within the page, a call to another page, and loads, stores and an atomic; counts down from s0. */
const program = `
_start:
    li    s0, 40000
    la    s1, counter
    la    s2, word
loop:
    jal   inner
    call  outer
    ld    t0, 0(s1)
    addi  t0, t0, 1
    sd    t0, 0(s1)
    addi  s0, s0, -1
    bnez  s0, loop
    amoadd.w t1, s0, (s2)
    la    t2, crossing
    li    t3, -1
    sd    t3, 0(t2)
    addi  t2, s1, 3
    cbo.zero (t2)
finish:
    li    t0, 0x100000
    li    t1, 0x5555
    sw    t1, 0(t0)
    j     finish
inner:
    c.addi a0, 1
    c.addi a1, 2
    ret
    .balign 4096
outer:
    addi  a2, a2, 1
    ret
    .balign 4096
counter: .dword 0
word:    .word 0
    .balign 4096
    .skip 4092
crossing: .dword 0
`;
const assembled = assemble(program, { origin: ORIGIN });
const at = (label: string): bigint => {
  const address = assembled.symbols.get(label);
  if (address === undefined) throw new Error(`no label ${label}`);
  return address;
};

function start(engine: EngineName) {
  const machine = Machine.create({ kernel: assembled.bytes, memoryBytes: 4 * 2 ** 20, engine });
  const points = new DebugPoints([machine.board.vcpu]);
  const resume = (): DebugHit | undefined => {
    points.hit = undefined;
    points.resumeAt(machine.hart);
    machine.run({ maxInstructions: 10_000_000 });
    return points.hit;
  };
  return { machine, points, resume };
}

const x = (machine: Machine, register: number) => machine.board.vcpu.readX(register);
const [S0, A0, A2] = [8, 10, 12];

describe.each(engineNames)('debug points of the %s engine', (engine) => {
  it.each(['inner', 'outer', 'loop'])(
    'a breakpoint at %s stops a loop that is compiled already, each time',
    (label) => {
      const { machine, points, resume } = start(engine);
      machine.run({ maxInstructions: 200_000 });
      points.setBreakpoints([at(label)]);
      const before = resume();
      expect(before).toMatchObject({ kind: 'breakpoint', address: at(label) });
      const rounds = x(machine, A2);
      for (let round = 1n; round <= 50n; round++) {
        expect(resume()?.address).toBe(at(label));
        expect(machine.board.vcpu.pc).toBe(at(label));
        expect(x(machine, A2)).toBe(rounds + round);
      }
      points.setBreakpoints([]);
      expect(machine.hart.points).toBeUndefined();
      expect(resume()).toBeUndefined();
      expect(machine.run()).toMatchObject({ reason: 'poweroff' });
      machine.dispose();
    },
  );

  it('a breakpoint on a compressed instruction, and on none in the middle of one', () => {
    const { machine, points, resume } = start(engine);
    points.setBreakpoints([at('inner') + 2n, at('loop') + 2n]);
    expect(resume()?.address).toBe(at('inner') + 2n);
    expect(x(machine, A0)).toBe(1n);
    machine.dispose();
  });

  it('watchpoints stop after the access, at the bytes that were touched', () => {
    const { machine, points, resume } = start(engine);
    machine.run({ maxInstructions: 200_000 });
    const value = () => machine.board.ram.read64(Number(at('counter')));
    points.setWatchpoints([{ kind: 'write', address: at('counter') + 3n, length: 1 }]);
    for (let round = 0; round < 20; round++) {
      const old = value();
      expect(resume()).toMatchObject({ kind: 'write', address: at('counter') + 3n });
      if (round > 0) expect(value()).toBe(old + 1n);
    }
    points.setWatchpoints([{ kind: 'read', address: at('counter'), length: 8 }]);
    expect(resume()).toMatchObject({ kind: 'read', address: at('counter') });
    const rounds = x(machine, S0);
    expect(resume()).toMatchObject({ kind: 'read' });
    expect(x(machine, S0)).toBe(rounds - 1n);
    points.setWatchpoints([{ kind: 'access', address: at('counter'), length: 8 }]);
    resume();
    resume();
    expect(x(machine, S0)).toBe(rounds - 2n);
    machine.dispose();
  });

  it('watchpoints see atomics and stores across pages', () => {
    const { machine, points, resume } = start(engine);
    points.setWatchpoints([
      { kind: 'read', address: at('word'), length: 4 },
      { kind: 'write', address: at('crossing') + 6n, length: 4 },
    ]);
    expect(resume()).toMatchObject({ kind: 'read', address: at('word') });
    expect(resume()).toMatchObject({ kind: 'write', address: at('crossing') + 6n });
    expect(machine.board.ram.read32(Number(at('crossing')) + 4)).toBe(0xffff_ffff);
    machine.dispose();
  });

  it('watchpoints see cache blocks that are cleared', () => {
    const { machine, points, resume } = start(engine);
    points.setBreakpoints([at('finish')]);
    expect(resume()).toMatchObject({ kind: 'breakpoint' });
    machine.board.vcpu.pc = at('finish') - 4n;
    points.setBreakpoints([]);
    points.setWatchpoints([{ kind: 'write', address: at('counter') + 40n, length: 100 }]);
    expect(resume()).toMatchObject({ kind: 'write', address: at('counter') + 40n });
    machine.dispose();
  });

  it('steps one instruction or trap of compiled code at a time', () => {
    const { machine, points, resume } = start(engine);
    machine.run({ maxInstructions: 200_000 });
    for (let step = 0; step < 100; step++) {
      const { instret } = machine.hart.current;
      points.setStep({ hart: machine.hart });
      expect(resume()).toMatchObject({ kind: 'step', address: machine.board.vcpu.pc });
      expect(machine.hart.current.instret).toBe(instret + 1);
    }
    const start_ = at('loop');
    const end = at('finish');
    points.setBreakpoints([at('loop')]);
    points.setStep(undefined);
    resume();
    points.setBreakpoints([]);
    points.setStep({ hart: machine.hart, range: { start: start_, end } });
    expect(resume()?.address).toBe(at('inner'));
    machine.dispose();
  });

  it('leaves no trace in what the guest does', () => {
    const plain = Machine.create({ kernel: assembled.bytes, memoryBytes: 4 * 2 ** 20, engine });
    plain.run();
    const { machine, points, resume } = start(engine);
    points.setBreakpoints([at('outer')]);
    points.setWatchpoints([{ kind: 'access', address: at('counter'), length: 8 }]);
    for (let stop = 0; stop < 3000; stop++) resume();
    points.setBreakpoints([]);
    points.setWatchpoints([]);
    machine.run();
    expect(machine.counters).toEqual(plain.counters);
    expect(machine.inspect()).toEqual(plain.inspect());
    expect(Buffer.compare(machine.board.ram.bytes, plain.board.ram.bytes)).toBe(0);
    machine.dispose();
    plain.dispose();
  });
});

it('a breakpoint at the first instruction of a trap handler', () => {
  for (const engine of engineNames) {
    const code = assemble(
      `_start:
      la   t0, handler
      csrw stvec, t0
      li   s0, 1000
  again:
      addi s0, s0, -1
      bnez s0, again
      ebreak
      .balign 4
  handler:
      csrr t1, scause
  1:  j 1b`,
      { origin: ORIGIN },
    );
    const machine = Machine.create({ kernel: code.bytes, memoryBytes: 4 * 2 ** 20, engine });
    machine.board.vcpu.writeCsr(0x302, 1n << 3n);
    const points = new DebugPoints([machine.board.vcpu]);
    points.setBreakpoints([code.symbols.get('handler')!]);
    machine.run({ maxInstructions: 100_000 });
    expect(points.hit).toMatchObject({ kind: 'breakpoint', address: code.symbols.get('handler')! });
    expect(machine.board.vcpu.readCsr(0x142)).toBe(3n);
    machine.dispose();
  }
});
