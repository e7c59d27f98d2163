import { disassemble } from '@worldswitch/isa';
import { expect, it } from 'vitest';
import { firmwareMachine, kernelMachine, powerOff } from './rig.ts';

it('steps tell what each of them was', () => {
  const machine = firmwareMachine(`
      la   t0, handler
      csrw mtvec, t0
      ecall
  handler:
      c.nop
      li   a0, 9
      ${powerOff}
  `);
  const lines: string[] = [];
  for (;;) {
    const step = machine.step();
    const at = (step.pc & 0xffn).toString(16);
    if (step.kind === 'retired') lines.push(`${at} ${disassemble(step.bits!)}`);
    else if (step.kind === 'trap') lines.push(`${at} trap ${step.cause} ${step.from}->${step.to}`);
    if (step.end) {
      lines.push(`${step.end.reason} ${step.end.exitCode}`);
      break;
    }
  }
  expect(lines.slice(0, 5)).toEqual([
    expect.stringMatching(/^0 auipc/),
    expect.stringMatching(/^4 addi/),
    expect.stringMatching(/^8 csr/),
    'c trap 11 3->3',
    expect.stringMatching(/^10 (c\.)?nop/),
  ]);
  expect(lines.at(-1)).toBe('poweroff 9');
  machine.dispose();
});

it('a step over a call of the built-in SBI carries it out', () => {
  const { machine, output } = kernelMachine('li a7, 1\nli a0, 0x41\necall\n1: wfi\nj 1b');
  const steps = [machine.step(), machine.step(), machine.step(), machine.step()];
  expect(steps.map((step) => step.kind)).toEqual(['retired', 'retired', 'trap', 'wait']);
  expect(output()).toBe('A');
  expect(steps[3]?.end).toMatchObject({ reason: 'idle' });
  machine.dispose();
});
