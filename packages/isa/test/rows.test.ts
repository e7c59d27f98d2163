import { describe, expect, it } from 'vitest';
import {
  binaryOperations,
  CsrAddress,
  csrByAddress,
  csrByName,
  csrTable,
  defaultInstructionSet,
  formatCitation,
  mergeCsrWrite,
} from '../src/index.ts';

const set = defaultInstructionSet();

describe('every row', () => {
  it.each(set.rows.map((row) => [row.name, row] as const))('%s says what it is and where that is written', (_, row) => {
    expect(['unprivileged', 'privileged']).toContain(row.cite.manual);
    expect(row.cite.section.length).toBeGreaterThan(8);
    expect(formatCitation(row.cite)).toContain('RISC-V Instruction Set Manual');
    expect(row.summary).toMatch(/^.+\.$/);
    expect(row.semantics.length).toBeGreaterThan(0);
    if (row.expandsTo !== undefined) expect(set.byName(row.expandsTo)?.semantics).toBe(row.semantics);
    if (row.semantics.some(({ kind }) => kind === 'control')) expect(row.semantics).toHaveLength(1);
  });

  it('there are as many as the extensions have', () => {
    const counts: Record<string, number> = {};
    for (const { extension } of set.rows) counts[extension] = (counts[extension] ?? 0) + 1;
    // Counted from the instruction listings of the manual; I includes ecall, ebreak, fence and fence.tso.
    expect(counts).toMatchObject({
      I: 53,
      M: 13,
      A: 22,
      F: 30,
      D: 32,
      Zicsr: 6,
      Zifencei: 1,
      Zba: 8,
      Zbb: 24,
      Zbc: 3,
      Zbs: 8,
      Zicond: 2,
    });
  });

  it('uses binary operations that have a meaning', () => {
    expect(Object.keys(binaryOperations)).toContain('carrylessMultiply');
  });
});

// Addresses restated from the privileged ISA's listing, as a second opinion.
describe('CSRs', () => {
  it.each([
    ['fcsr', 0x003, 0, false],
    ['cycle', 0xc00, 0, true],
    ['hpmcounter31', 0xc1f, 0, true],
    ['sstatus', 0x100, 1, false],
    ['stimecmp', 0x14d, 1, false],
    ['satp', 0x180, 1, false],
    ['mstatus', 0x300, 3, false],
    ['mcountinhibit', 0x320, 3, false],
    ['mhpmevent31', 0x33f, 3, false],
    ['pmpcfg14', 0x3ae, 3, false],
    ['pmpaddr63', 0x3ef, 3, false],
    ['mhartid', 0xf14, 3, true],
    ['mconfigptr', 0xf15, 3, true],
  ] as const)('%s is at %i', (name, address, privilege, readOnly) => {
    expect(csrByName(name)).toMatchObject({ address, privilege, readOnly });
    expect(csrByAddress(address)?.name).toBe(name);
  });

  it('have unique names and addresses, and agree with CsrAddress', () => {
    expect(new Set(csrTable.map(({ name }) => name)).size).toBe(csrTable.length);
    expect(new Set(csrTable.map(({ address }) => address)).size).toBe(csrTable.length);
    for (const [name, address] of Object.entries(CsrAddress)) expect(csrByAddress(address)?.name).toBe(name);
  });

  it('keep fields whose new value is illegal, and satp altogether', () => {
    const mstatus = csrByName('mstatus')!;
    expect(mergeCsrWrite(mstatus, 0n, (2n << 11n) | 8n)).toBe(8n);
    expect(mergeCsrWrite(mstatus, 0n, 3n << 11n)).toBe(3n << 11n);
    expect(mergeCsrWrite(mstatus, 0xan << 32n, 0n)).toBe(0xan << 32n);
    const satp = csrByName('satp')!;
    expect(mergeCsrWrite(satp, 5n, (8n << 60n) | 7n)).toBe((8n << 60n) | 7n);
    expect(mergeCsrWrite(satp, 5n, (3n << 60n) | 7n)).toBe(5n);
  });

  it('that are views name a CSR and lie within it', () => {
    for (const { name, view } of csrTable) {
      if (!view) continue;
      expect(csrByName(view.of), name).toBeDefined();
      if (view.maskedBy) expect(csrByName(view.maskedBy), name).toBeDefined();
    }
    expect(csrByName('sstatus')!.view!.mask).toBe(0x80000003000de762n);
  });
});
