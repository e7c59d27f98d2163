import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { Machine, type RunEnd } from '../src/index.ts';
import { powerOff } from './rig.ts';

const kernel = assemble(
  `
    li a0, 72
    li a7, 1
    ecall
    li a0, 10
    li a7, 1
    ecall
    li a0, 3
    ${powerOff}
`,
  { origin: 0x8020_0000 },
).bytes;
const create = () => Machine.create({ kernel, memoryBytes: 4 * 2 ** 20 });

describe('events of a machine', () => {
  it('tell what leaves the console, who hands control to whom, and why a run returned', () => {
    const machine = create();
    const output: string[] = [];
    const hops: string[] = [];
    const ends: RunEnd[] = [];
    machine.on('output', (bytes) => output.push(new TextDecoder().decode(bytes)));
    machine.on('trace', ({ from, to, cause }) => hops.push(`${from} > ${to}: ${cause}`));
    machine.on('stopped', (end) => ends.push(end));
    machine.run({ maxInstructions: 2 });
    expect([output, hops, ends.map(({ reason }) => reason)]).toEqual([[], [], ['budget']]);
    machine.run();
    expect(output.join('')).toBe('H\n');
    expect(hops).toEqual([
      'guest kernel > firmware: ecall-from-s',
      'firmware > guest kernel: mret',
      'guest kernel > firmware: ecall-from-s',
      'firmware > guest kernel: mret',
    ]);
    expect(ends.slice(1)).toEqual([{ reason: 'poweroff', exitCode: 3 }]);
  });

  it('are told to each listener, until it has had enough', () => {
    const machine = create();
    const heard = { first: 0, second: 0 };
    const leaveFirst = machine.on('trace', () => heard.first++);
    machine.on('trace', () => heard.second++);
    machine.run({ maxInstructions: 4 });
    leaveFirst();
    machine.run();
    expect(heard).toEqual({ first: 2, second: 4 });
  });

  it('cost nothing, and are not observed, when the last listener has left', () => {
    const machine = create();
    const leave = machine.on('trace', () => {});
    expect(machine.hart.observer).toBeDefined();
    leave();
    expect(machine.hart.observer).toBeUndefined();
    expect(machine.run()).toMatchObject({ reason: 'poweroff', exitCode: 3 });
  });

  it('can stop the machine', () => {
    const machine = create();
    machine.on('trace', () => machine.stop());
    expect(machine.run()).toMatchObject({ reason: 'until' });
    expect(machine.run()).toMatchObject({ reason: 'until' });
  });
});
