import { type CsrDefinition, defineCsr } from './csr-definition.ts';

const virtualInterrupts = '10 VSEI WARL | 6 VSTI WARL | 2 VSSI WARL';
const vsInterrupts = '13 LCOFI WARL | 9 SEI WARL | 5 STI WARL | 1 SSI WARL';
const environment =
  '63 STCE WARL | 62 PBMTE WARL | 61 ADUE WARL | 7 CBZE WARL | 6 CBCFE WARL | 5:4 CBIE WARL 0,1,3 | 0 FIOM WARL';

/** CSRs of the hypervisor extension (privileged ISA, "Hypervisor and Virtual Supervisor CSRs"). */
// biome-ignore format: one CSR a line reads as the table that it is
export const hypervisorCsrs: readonly CsrDefinition[] = [
  defineCsr(0x200, 'vsstatus', 'Virtual supervisor status: sstatus of the guest', 'Virtual Supervisor Status (vsstatus) Register', {
    fields: '63 SD RO | 33:32 UXL RO | 19 MXR RW | 18 SUM RW | 16:15 XS RO | 14:13 FS WARL | 10:9 VS WARL | 8 SPP WARL | 6 UBE RO | 5 SPIE RW | 1 SIE RW',
  }),
  defineCsr(0x204, 'vsie', 'Virtual supervisor interrupt enable: sie of the guest', 'Virtual Supervisor Interrupt (vsip and vsie) Registers', { fields: vsInterrupts }),
  defineCsr(0x205, 'vstvec', 'Virtual supervisor trap vector', 'Virtual Supervisor Trap Vector Base Address (vstvec) Register', { fields: '63:2 BASE WARL | 1:0 MODE WARL 0,1' }),
  defineCsr(0x240, 'vsscratch', 'Scratch register of the guest supervisor', 'Virtual Supervisor Scratch (vsscratch) Register'),
  defineCsr(0x241, 'vsepc', 'pc of the instruction that trapped to the guest supervisor', 'Virtual Supervisor Exception Program Counter (vsepc) Register', { fields: '63:1 vsepc WARL' }),
  defineCsr(0x242, 'vscause', 'Cause of the trap to the guest supervisor', 'Virtual Supervisor Cause (vscause) Register', { fields: '63 Interrupt WARL | 62:0 Code WLRL' }),
  defineCsr(0x243, 'vstval', 'Address or bits that belong to the trap to the guest supervisor', 'Virtual Supervisor Trap Value (vstval) Register'),
  defineCsr(0x244, 'vsip', 'Virtual supervisor interrupts pending: sip of the guest', 'Virtual Supervisor Interrupt (vsip and vsie) Registers', { fields: vsInterrupts }),
  defineCsr(0x24d, 'vstimecmp', 'Guest time at which the guest\'s timer interrupt becomes pending (Sstc)', 'Virtual Supervisor Timer (vstimecmp) Register'),
  defineCsr(0x280, 'vsatp', 'Page table of the guest\'s current address space', 'Virtual Supervisor Address Translation and Protection (vsatp) Register', { fields: '63:60 MODE WARL 0,8,9,10 | 59:44 ASID WARL | 43:0 PPN WARL' }),
  defineCsr(0x600, 'hstatus', 'Hypervisor status', 'Hypervisor Status (hstatus) Register', {
    fields: '33:32 VSXL RO | 22 VTSR RW | 21 VTW RW | 20 VTVM RW | 17:12 VGEIN RO | 9 HU RW | 8 SPVP RW | 7 SPV RW | 6 GVA RW | 5 VSBE RO',
  }),
  defineCsr(0x602, 'hedeleg', 'Exceptions delegated to the guest supervisor', 'Hypervisor Trap Delegation (hedeleg and hideleg) Registers', { fields: '15 store WARL | 13:12 page WARL | 8:0 exceptions WARL' }),
  defineCsr(0x603, 'hideleg', 'Interrupts delegated to the guest supervisor', 'Hypervisor Trap Delegation (hedeleg and hideleg) Registers', { fields: virtualInterrupts }),
  defineCsr(0x604, 'hie', 'Hypervisor interrupt enable', 'Hypervisor Interrupt (hvip, hip, and hie) Registers', { fields: virtualInterrupts, view: { of: 'mie', mask: 0x444n, shift: 0 } }),
  defineCsr(0x605, 'htimedelta', 'What is added to time in the guest', 'Hypervisor Time Delta (htimedelta) Register'),
  defineCsr(0x606, 'hcounteren', 'Counters readable in the guest', 'Hypervisor Counter-Enable (hcounteren) Register', { fields: '31:3 HPM WARL | 2 IR WARL | 1 TM WARL | 0 CY WARL' }),
  defineCsr(0x607, 'hgeie', 'Guest external interrupts enabled: there are none', 'Hypervisor Guest External Interrupt Registers (hgeip and hgeie)', { fields: '63:1 enable RO' }),
  defineCsr(0x60a, 'henvcfg', 'Environment of the guest', 'Hypervisor Environment Configuration (henvcfg) Register', { fields: environment }),
  defineCsr(0x643, 'htval', 'Guest physical address of a trap to the hypervisor, divided by 4', 'Hypervisor Trap Value (htval) Register'),
  defineCsr(0x644, 'hip', 'Hypervisor interrupts pending', 'Hypervisor Interrupt (hvip, hip, and hie) Registers', { fields: '10 VSEIP RO | 6 VSTIP RO | 2 VSSIP WARL', view: { of: 'mip', mask: 0x444n, shift: 0 } }),
  defineCsr(0x645, 'hvip', 'Interrupts that the hypervisor makes pending in the guest', 'Hypervisor Interrupt (hvip, hip, and hie) Registers', { fields: virtualInterrupts }),
  defineCsr(0x64a, 'htinst', 'The instruction that trapped to the hypervisor, transformed', 'Hypervisor Trap Instruction (htinst) Register'),
  defineCsr(0x680, 'hgatp', 'G-stage page table of the current guest', 'Hypervisor Guest Address Translation and Protection (hgatp) Register', { fields: '63:60 MODE WARL 0,8,9,10 | 57:44 VMID WARL | 43:2 PPN WARL' }),
  defineCsr(0xe12, 'hgeip', 'Guest external interrupts pending: there are none', 'Hypervisor Guest External Interrupt Registers (hgeip and hgeie)'),
  defineCsr(0x34a, 'mtinst', 'The instruction that trapped to machine mode, transformed', 'Machine Trap Instruction (mtinst) Register'),
  defineCsr(0x34b, 'mtval2', 'Guest physical address of a trap to machine mode, divided by 4', 'Machine Second Trap Value (mtval2) Register'),
];

/** What it adds to CSRs of the base architecture (privileged ISA, "Machine-Level CSRs" of the hypervisor extension). */
export const hypervisorFields: Readonly<Record<string, string>> = {
  mstatus: '39 MPV RW | 38 GVA RW',
  medeleg: '23:20 guest WARL | 10 ECALL_VS WARL',
  mideleg: '10 VSEI RO | 6 VSTI RO | 2 VSSI RO',
  mie: '10 VSEIE RW | 6 VSTIE RW | 2 VSSIE RW',
  mip: '10 VSEIP RO | 6 VSTIP RO | 2 VSSIP RW',
};
