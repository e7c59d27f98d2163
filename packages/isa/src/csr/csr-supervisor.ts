import { type CsrDefinition, defineCsr } from './csr-definition.ts';

const interruptFields = '13 LCOFI RW | 9 SEI RW | 5 STI RW | 1 SSI RW';
/** Supervisor interrupts and the counter-overflow interrupt. */
const supervisorInterrupts = 0x2222n;

/** Supervisor CSRs (privileged ISA, "Supervisor-Level ISA", section "Supervisor CSRs"). */
// biome-ignore format: one CSR a line reads as the table that it is
export const supervisorCsrs: readonly CsrDefinition[] = [
  defineCsr(0x100, 'sstatus', 'Supervisor status: a restricted view of mstatus', 'Supervisor Status (sstatus) Register', {
    fields: '63 SD RO | 33:32 UXL RO | 19 MXR RW | 18 SUM RW | 16:15 XS RO | 14:13 FS WARL | 10:9 VS WARL | 8 SPP WARL | 6 UBE RO | 5 SPIE RW | 1 SIE RW',
    view: { of: 'mstatus', mask: 0x8000_0003_000d_e762n, shift: 0 },
  }),
  defineCsr(0x104, 'sie', 'Supervisor interrupt enable: the delegated bits of mie', 'Supervisor Interrupt (sip and sie) Registers', {
    fields: interruptFields,
    view: { of: 'mie', mask: supervisorInterrupts, shift: 0, maskedBy: 'mideleg' },
  }),
  defineCsr(0x105, 'stvec', 'Supervisor trap vector', 'Supervisor Trap Vector Base Address (stvec) Register', { fields: '63:2 BASE WARL | 1:0 MODE WARL 0,1' }),
  defineCsr(0x106, 'scounteren', 'Counters readable in user mode', 'Counter-Enable (scounteren) Register', { fields: '31:3 HPM WARL | 2 IR WARL | 1 TM WARL | 0 CY WARL' }),
  defineCsr(0x10a, 'senvcfg', 'Environment of user mode', 'Supervisor Environment Configuration (senvcfg) Register', { fields: '7 CBZE WARL | 6 CBCFE WARL | 5:4 CBIE WARL 0,1,3 | 0 FIOM WARL' }),
  defineCsr(0x140, 'sscratch', 'Scratch register of the supervisor\'s trap handler', 'Supervisor Scratch (sscratch) Register'),
  defineCsr(0x141, 'sepc', 'pc of the instruction that trapped to supervisor mode', 'Supervisor Exception Program Counter (sepc) Register', { fields: '63:1 sepc WARL' }),
  defineCsr(0x142, 'scause', 'Cause of the trap to supervisor mode', 'Supervisor Cause (scause) Register', { fields: '63 Interrupt WARL | 62:0 Code WLRL' }),
  defineCsr(0x143, 'stval', 'Address or bits that belong to the trap to supervisor mode', 'Supervisor Trap Value (stval) Register'),
  defineCsr(0x144, 'sip', 'Supervisor interrupts pending: the delegated bits of mip', 'Supervisor Interrupt (sip and sie) Registers', {
    fields: '13 LCOFI RW | 9 SEI RO | 5 STI RO | 1 SSI RW',
    view: { of: 'mip', mask: supervisorInterrupts, shift: 0, maskedBy: 'mideleg' },
  }),
  defineCsr(0x14d, 'stimecmp', 'Time at which the supervisor timer interrupt becomes pending (Sstc)', 'Supervisor Timer (stimecmp) Register'),
  defineCsr(0x180, 'satp', 'Page table of the current address space', 'Supervisor Address Translation and Protection (satp) Register', {
    fields: '63:60 MODE WARL 0,8,9,10 | 59:44 ASID WARL | 43:0 PPN WARL',
    isAllOrNothing: true,
  }),
];
