import { expect, it, describe as suite } from 'vitest';
import { csrByName } from '../csr/csr.ts';
import { defaultInstructionSet } from '../instruction-set.ts';
import { describe, describeCsr } from './describe.ts';
import { effectsOf, sensitivityOf, sensitivityReport } from './sensitivity.ts';

const set = defaultInstructionSet();
const row = (name: string) => set.byName(name)!;

suite('describe', () => {
  it('writes the page of jalr', () => {
    const page = describe(row('jalr'));
    expect(page).toContain('| 31..20 | 19..15 | 14..12 | 11..7 | 6..0 |');
    expect(page).toContain('| imm[11:0] | rs1 | 000 | rd | 1100111 |');
    expect(page).toContain('jalr rd, imm(rs1)');
    expect(page).toContain('target = (x[rs1] + imm) & -2\nx[rd] = pc_next\npc = target');
    expect(page).toContain('section "Unconditional Jumps"');
  });

  it('shows scattered immediates, expansion and conditions', () => {
    const page = describe(row('c.addi16sp'));
    expect(page).toContain('imm[4\\|6\\|8:7\\|5]');
    expect(page).toContain('Expands to `addi` with rd = 2, rs1 = 2. Only when imm ≠ 0.');
  });

  it('has a page for every row', () => {
    for (const instruction of set.rows) {
      expect(describe(instruction), instruction.name).toMatch(/^# .+\n\n[^\n]+\.\n[\s\S]*Source: .*section ".+"\n$/);
    }
  });
});

suite('describeCsr', () => {
  it('writes the page of sie', () => {
    const page = describeCsr(csrByName('sie')!);
    expect(page).toContain('Address: 0x104; lowest privilege: supervisor; read and write');
    expect(page).toContain('A view of `mie`, as far as `mideleg` allows.');
    expect(page).toContain('| 5 | STI | RW | any |');
  });
});

suite('sensitivity', () => {
  it('follows from the semantics', () => {
    expect(sensitivityOf(row('add')).sensitivity).toBe('innocuous');
    expect(sensitivityOf(row('ecall')).sensitivity).toBe('innocuous');
    expect(sensitivityOf(row('csrrs')).sensitivity).toBe('control-sensitive');
    expect(effectsOf(row('amoadd.w'))).toMatchObject({ readsMemory: true, writesMemory: true, machineOperations: [] });
    expect(effectsOf(row('c.lw'))).toMatchObject({ readsMemory: true, writesMemory: false });
  });

  it('lists what a virtual machine monitor must think about', () => {
    const report = sensitivityReport(set);
    const names = report.sensitive.map(({ instruction }) => instruction.name);
    const isGuests = (name: string) => /^(h[ls]v|h?s?inval|hfence|sfence\.(w\.)?inval|sinval)/.test(name);
    // Of the hypervisor extension and Svinval every one.
    expect(names.filter(isGuests)).toHaveLength(20);
    expect(names.filter((name) => !isGuests(name)).sort()).toEqual(
      [
        'cbo.clean',
        'cbo.flush',
        'cbo.inval',
        'cbo.zero',
        'csrrc',
        'csrrci',
        'csrrs',
        'csrrsi',
        'csrrw',
        'csrrwi',
        'mret',
        'sfence.vma',
        'sret',
        'wfi',
        'wrs.nto',
      ].sort(),
    );
    expect(report.sensitiveInUserMode.map(({ name }) => name)).toContain('wfi');
    const untrapped = report.csrAccesses.filter(({ trapsInUserMode }) => !trapsInUserMode).map(({ csr }) => csr.name);
    expect(untrapped).toContain('cycle');
    expect(untrapped).not.toContain('sstatus');
  });
});
