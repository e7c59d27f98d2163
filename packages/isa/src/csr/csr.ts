import { counterCsrs } from './csr-counters.ts';
import { type CsrDefinition, defineCsr } from './csr-definition.ts';
import { machineCsrs } from './csr-machine.ts';
import { supervisorCsrs } from './csr-supervisor.ts';

const floatCsrs: readonly CsrDefinition[] = [
  defineCsr(0x001, 'fflags', 'Accrued floating-point exceptions', 'Floating-Point Control and Status Register', {
    manual: 'unprivileged',
    fields: '4 NV RW | 3 DZ RW | 2 OF RW | 1 UF RW | 0 NX RW',
    view: { of: 'fcsr', mask: 0x1fn, shift: 0 },
  }),
  defineCsr(0x002, 'frm', 'Floating-point dynamic rounding mode', 'Floating-Point Control and Status Register', {
    manual: 'unprivileged',
    fields: '2:0 frm RW',
    view: { of: 'fcsr', mask: 0xe0n, shift: 5 },
  }),
  defineCsr(0x003, 'fcsr', 'Floating-point control and status', 'Floating-Point Control and Status Register', {
    manual: 'unprivileged',
    fields: '7:5 frm RW | 4 NV RW | 3 DZ RW | 2 OF RW | 1 UF RW | 0 NX RW',
  }),
];

/** Every CSR of the unprivileged and privileged architecture that RV64 with M, S and U modes has. */
export const csrTable: readonly CsrDefinition[] = [...floatCsrs, ...supervisorCsrs, ...machineCsrs, ...counterCsrs];

const byAddress = new Map(csrTable.map((csr) => [csr.address, csr]));
const byName = new Map(csrTable.map((csr) => [csr.name, csr]));

export const csrByAddress = (address: number): CsrDefinition | undefined => byAddress.get(address);
export const csrByName = (name: string): CsrDefinition | undefined => byName.get(name);

/** CSR addresses by name (privileged ISA, section "CSR Listing"). Numbered families (pmpaddr, hpmcounter) start at their first. */
// biome-ignore format: a table
export const CsrAddress = {
  fflags: 0x001, frm: 0x002, fcsr: 0x003,
  sstatus: 0x100, sie: 0x104, stvec: 0x105, scounteren: 0x106, senvcfg: 0x10a,
  sscratch: 0x140, sepc: 0x141, scause: 0x142, stval: 0x143, sip: 0x144, stimecmp: 0x14d, satp: 0x180,
  mstatus: 0x300, misa: 0x301, medeleg: 0x302, mideleg: 0x303, mie: 0x304, mtvec: 0x305, mcounteren: 0x306, menvcfg: 0x30a,
  mcountinhibit: 0x320, mhpmevent3: 0x323,
  mscratch: 0x340, mepc: 0x341, mcause: 0x342, mtval: 0x343, mip: 0x344,
  pmpcfg0: 0x3a0, pmpaddr0: 0x3b0,
  mcycle: 0xb00, minstret: 0xb02, mhpmcounter3: 0xb03,
  cycle: 0xc00, time: 0xc01, instret: 0xc02, hpmcounter3: 0xc03,
  mvendorid: 0xf11, marchid: 0xf12, mimpid: 0xf13, mhartid: 0xf14, mconfigptr: 0xf15,
} as const;
