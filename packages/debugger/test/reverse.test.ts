import { assemble } from '@worldswitch/isa';
import { engineNames, Machine } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { createDebugger, type MachineDebugger, type Progress } from '../src/index.ts';

/** Two harts count in turns of a spin lock; hart 0 takes traps too. `word` is written every 1000 rounds. */
const code = assemble(
  `_start:
    csrr a0, mhartid
    la   s1, lock
    la   s2, count
    la   s3, word
    la   t0, handler
    csrw mtvec, t0
    li   s4, 0
loop:
    addi s4, s4, 1
    amoswap.w.aq t0, a1, (s1)
    ld   t1, 0(s2)
    addi t1, t1, 1
    sd   t1, 0(s2)
    li   t2, 1000
    remu t3, s4, t2
    bnez t3, loop
    bnez a0, loop
rare:
    sd   s4, 0(s3)
    ecall
after:
    j    loop
    .balign 4
handler:
    csrr t4, mepc
    addi t4, t4, 4
    csrw mepc, t4
    mret
    .balign 4096
lock:  .dword 0
count: .dword 0
word:  .dword 0`,
  { origin: 0x8000_0000 },
);
const at = (label: string) => code.symbols.get(label)!;

function start(engine: (typeof engineNames)[number], harts: number) {
  const machine = Machine.create({ firmware: code.bytes, harts, memoryBytes: 4 * 2 ** 20, engine });
  const bug = createDebugger(machine);
  expect(bug.record({ everyInstructions: 50_000 })).toBe(true);
  return { machine, bug };
}

function finish(bug: MachineDebugger): Progress {
  for (;;) {
    const progress = bug.advance({ maxInstructions: 10_000_000 });
    if (progress.kind !== 'running') return progress;
  }
}
const go = (bug: MachineDebugger, isReverse = false) => {
  bug.resume({ isReverse });
  return finish(bug);
};
const step = (bug: MachineDebugger, hart: number, isReverse = false) => {
  bug.resume({ isReverse, step: { hart: bug.hart(hart) } });
  return finish(bug);
};
/** All registers of all harts, and memory. */
const stateOf = (machine: Machine) => ({
  board: machine.inspect(),
  memory: Buffer.from(machine.board.ram.slice(Number(at('lock')), 24)).toString('hex'),
});

describe.each(engineNames)('going back on the %s engine', (engine) => {
  it.each([1, 2])('steps back through what was stepped forward, with %i harts', (harts) => {
    const { machine, bug } = start(engine, harts);
    bug.addBreakpoint(at('rare'));
    for (let hit = 0; hit < 20; hit++) go(bug);
    const states = [stateOf(machine)];
    // Through the trap and back out of it.
    for (let count = 0; count < 12; count++) {
      step(bug, 0);
      states.push(stateOf(machine));
    }
    for (let index = states.length - 2; index >= 0; index--) {
      expect(step(bug, 0, true)).toMatchObject({ kind: 'stopped', hit: { kind: 'step' } });
      expect(stateOf(machine)).toEqual(states[index]);
    }
    for (let index = 1; index < states.length; index++) {
      step(bug, 0);
      expect(stateOf(machine)).toEqual(states[index]);
    }
    machine.dispose();
  });

  it.each([1, 2])('continues back to each breakpoint in turn, then to the beginning, with %i harts', (harts) => {
    const { machine, bug } = start(engine, harts);
    const first = stateOf(machine);
    bug.addBreakpoint(at('rare'));
    bug.addBreakpoint(at('handler'));
    const states: unknown[] = [];
    for (let hit = 0; hit < 12; hit++) {
      expect(go(bug).kind).toBe('stopped');
      states.push(stateOf(machine));
    }
    for (let index = states.length - 2; index >= 0; index--) {
      expect(go(bug, true)).toMatchObject({ kind: 'stopped', hit: { kind: 'breakpoint' } });
      expect(stateOf(machine)).toEqual(states[index]);
    }
    expect(go(bug, true)).toEqual({ kind: 'beginning' });
    expect(stateOf(machine)).toEqual(first);
    for (const state of states) {
      go(bug);
      expect(stateOf(machine)).toEqual(state);
    }
    machine.dispose();
  });

  it('stops before the access when it meets a watchpoint on the way back', () => {
    const { machine, bug } = start(engine, 2);
    const value = () => machine.board.ram.read64(Number(at('word')));
    machine.run({ maxInstructions: 400_000 });
    const now = value();
    expect(now).toBeGreaterThan(5000n);
    bug.addWatchpoint({ kind: 'write', address: at('word'), length: 8 });
    expect(go(bug, true)).toMatchObject({ kind: 'stopped', hart: { id: 0 }, hit: { kind: 'write' } });
    expect(bug.hart(0).vcpu.pc).toBe(at('rare'));
    expect(value()).toBe(now - 1000n);
    expect(go(bug, true)).toMatchObject({ kind: 'stopped' });
    expect(value()).toBe(now - 2000n);
    // Forward again: behind the access.
    expect(go(bug)).toMatchObject({ kind: 'stopped' });
    expect(value()).toBe(now - 1000n);
    machine.dispose();
  });

  it('starts a new future from a past that was changed', () => {
    const { machine, bug } = start(engine, 1);
    bug.addBreakpoint(at('rare'));
    for (let hit = 0; hit < 5; hit++) go(bug);
    go(bug, true);
    go(bug, true);
    expect(bug.hart(0).vcpu.readX(20)).toBe(3000n);
    bug.hart(0).vcpu.writeX(20, 7000n);
    bug.noteChange();
    go(bug);
    expect(bug.hart(0).vcpu.readX(20)).toBe(8000n);
    go(bug, true);
    expect(bug.hart(0).vcpu.readX(20)).toBe(7000n);
    machine.dispose();
  });

  it('goes on from the present when the debugger leaves the past', () => {
    const { machine, bug } = start(engine, 2);
    bug.addBreakpoint(at('rare'));
    for (let hit = 0; hit < 4; hit++) go(bug);
    const present = stateOf(machine);
    go(bug, true);
    expect(stateOf(machine)).not.toEqual(present);
    bug.detach();
    expect(stateOf(machine)).toEqual(present);
    expect(bug.isRecording).toBe(false);
    machine.dispose();
  });

  it('can be ended on the way', () => {
    const { machine, bug } = start(engine, 1);
    machine.run({ maxInstructions: 1_000_000 });
    const before = machine.counters.instructions;
    bug.addBreakpoint(at('_start') + 2n);
    bug.resume({ isReverse: true });
    expect(bug.advance({}).kind).toBe('running');
    bug.halt();
    expect(machine.counters.instructions).toBeLessThan(before);
    expect(machine.counters.instructions).toBeGreaterThan(0);
    machine.dispose();
  });
});
