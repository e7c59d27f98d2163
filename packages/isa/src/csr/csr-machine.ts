import { type CsrDefinition, defineCsr } from './csr-definition.ts';

const pmpSection = 'Physical Memory Protection CSRs';

/** On RV64 only the even-numbered configuration registers exist, with eight entries each. */
const pmpConfiguration = Array.from({ length: 8 }, (_, index): CsrDefinition => {
  const fields = Array.from({ length: 8 }, (_, entry) => {
    const [high, low] = [entry * 8 + 7, entry * 8];
    return `${high}:${low} pmp${index * 8 + entry}cfg WARL`;
  });
  const first = index * 8;
  return defineCsr(
    0x3a0 + index * 2,
    `pmpcfg${index * 2}`,
    `Access rights of PMP entries ${first} to ${first + 7}`,
    pmpSection,
    {
      fields: fields.join(' | '),
    },
  );
});

const pmpAddresses = Array.from({ length: 64 }, (_, index) =>
  defineCsr(0x3b0 + index, `pmpaddr${index}`, `Address of PMP entry ${index}, in units of 4 bytes`, pmpSection, {
    fields: '53:0 address WARL',
  }),
);

/** Machine CSRs (privileged ISA, "Machine-Level ISA", section "Machine-Level CSRs"), counters apart. */
// biome-ignore format: one CSR a line reads as the table that it is
export const machineCsrs: readonly CsrDefinition[] = [
  defineCsr(0x300, 'mstatus', 'Machine status', 'Machine Status (mstatus and mstatush) Registers', {
    fields:
      '63 SD RO | 37 MBE RO | 36 SBE RO | 35:34 SXL RO | 33:32 UXL RO | 22 TSR WARL | 21 TW WARL | 20 TVM WARL | 19 MXR RW | 18 SUM RW | 17 MPRV RW | 16:15 XS RO | 14:13 FS WARL | 12:11 MPP WARL 0,1,3 | 10:9 VS WARL | 8 SPP WARL | 7 MPIE RW | 6 UBE RO | 5 SPIE RW | 3 MIE RW | 1 SIE RW',
  }),
  defineCsr(0x301, 'misa', 'Implemented extensions', 'Machine ISA (misa) Register', { fields: '63:62 MXL RO | 25:0 Extensions RO' }),
  defineCsr(0x302, 'medeleg', 'Exceptions delegated to supervisor mode', 'Machine Trap Delegation (medeleg and mideleg) Registers', { fields: '15:12 page WARL | 9:0 exceptions WARL' }),
  defineCsr(0x303, 'mideleg', 'Interrupts delegated to supervisor mode', 'Machine Trap Delegation (medeleg and mideleg) Registers', { fields: '13 LCOFI WARL | 9 SEI WARL | 5 STI WARL | 1 SSI WARL' }),
  defineCsr(0x304, 'mie', 'Machine interrupt enable', 'Machine Interrupt (mip and mie) Registers', { fields: '13 LCOFIE RW | 11 MEIE RW | 9 SEIE RW | 7 MTIE RW | 5 STIE RW | 3 MSIE RW | 1 SSIE RW' }),
  defineCsr(0x305, 'mtvec', 'Machine trap vector', 'Machine Trap-Vector Base-Address (mtvec) Register', { fields: '63:2 BASE WARL | 1:0 MODE WARL 0,1' }),
  defineCsr(0x306, 'mcounteren', 'Counters readable below machine mode', 'Machine Counter-Enable (mcounteren) Register', { fields: '31:3 HPM WARL | 2 IR WARL | 1 TM WARL | 0 CY WARL' }),
  defineCsr(0x30a, 'menvcfg', 'Environment of the modes below machine mode', 'Machine Environment Configuration (menvcfg) Register', { fields: '63 STCE WARL | 62 PBMTE WARL | 61 ADUE WARL | 7 CBZE WARL | 6 CBCFE WARL | 5:4 CBIE WARL 0,1,3 | 0 FIOM WARL' }),
  defineCsr(0x340, 'mscratch', 'Scratch register of the machine-mode trap handler', 'Machine Scratch (mscratch) Register'),
  defineCsr(0x341, 'mepc', 'pc of the instruction that trapped to machine mode', 'Machine Exception Program Counter (mepc) Register', { fields: '63:1 mepc WARL' }),
  defineCsr(0x342, 'mcause', 'Cause of the trap to machine mode', 'Machine Cause (mcause) Register', { fields: '63 Interrupt WARL | 62:0 Code WLRL' }),
  defineCsr(0x343, 'mtval', 'Address or bits that belong to the trap to machine mode', 'Machine Trap Value (mtval) Register'),
  defineCsr(0x344, 'mip', 'Machine interrupts pending', 'Machine Interrupt (mip and mie) Registers', { fields: '13 LCOFIP RW | 11 MEIP RO | 9 SEIP RW | 7 MTIP RO | 5 STIP RW | 3 MSIP RO | 1 SSIP RW' }),
  ...pmpConfiguration,
  ...pmpAddresses,
  defineCsr(0xf11, 'mvendorid', 'Vendor', 'Machine Vendor ID (mvendorid) Register', { fields: '31:7 Bank RO | 6:0 Offset RO' }),
  defineCsr(0xf12, 'marchid', 'Base microarchitecture', 'Machine Architecture ID (marchid) Register'),
  defineCsr(0xf13, 'mimpid', 'Implementation version', 'Machine Implementation ID (mimpid) Register'),
  defineCsr(0xf14, 'mhartid', 'Number of this hart', 'Hart ID (mhartid) Register'),
  defineCsr(0xf15, 'mconfigptr', 'Address of a configuration structure, or 0', 'Machine Configuration Pointer (mconfigptr) Register'),
];
