import type { Instruction } from '../instruction.ts';
import { Privilege } from '../privilege.ts';
import { control } from '../semantics/semantics.ts';
import { type RowOptions, rowsOf } from './row.ts';

const access = rowsOf('H', 'privileged', 'Hypervisor Virtual-Machine Load and Store Instructions');
const fence = rowsOf('H', 'privileged', 'Hypervisor Memory-Management Fence Instructions');
const invalidation = rowsOf('H', 'privileged', 'Extension for Fine-Grained Address-Translation Cache Invalidation');

// hstatus.HU lets user mode execute the loads and stores.
const sensitive: RowOptions = { sensitivity: 'control-sensitive' };
const supervisor: RowOptions = { privilege: Privilege.supervisor, sensitivity: 'control-sensitive' };

const load = (name: string, funct7: string, selector: string, what: string): Instruction =>
  access(name, 'R', `${funct7} ${selector} sssss 100 ddddd 1110011`, 'rd, (rs1)', what, control(name), sensitive);
const store = (name: string, funct7: string, what: string): Instruction =>
  access(name, 'R', `${funct7} ttttt sssss 100 00000 1110011`, 'rs2, (rs1)', what, control(name), sensitive);

/** The hypervisor extension (privileged ISA, "Hypervisor Instructions"), with the fences of Svinval that need it. */
// biome-ignore format: one row a line reads as the table that it is
export const hypervisor: readonly Instruction[] = [
  load('hlv.b', '0110000', '00000', 'Load a byte of the guest, sign-extended, as its translation and protection have it.'),
  load('hlv.bu', '0110000', '00001', 'Load a byte of the guest, zero-extended.'),
  load('hlv.h', '0110010', '00000', 'Load a halfword of the guest, sign-extended.'),
  load('hlv.hu', '0110010', '00001', 'Load a halfword of the guest, zero-extended.'),
  load('hlvx.hu', '0110010', '00011', 'Load a halfword that the guest may execute, zero-extended.'),
  load('hlv.w', '0110100', '00000', 'Load a word of the guest, sign-extended.'),
  load('hlv.wu', '0110100', '00001', 'Load a word of the guest, zero-extended.'),
  load('hlvx.wu', '0110100', '00011', 'Load a word that the guest may execute, zero-extended.'),
  load('hlv.d', '0110110', '00000', 'Load a doubleword of the guest.'),
  store('hsv.b', '0110001', 'Store a byte to the guest, as its translation and protection have it.'),
  store('hsv.h', '0110011', 'Store a halfword to the guest.'),
  store('hsv.w', '0110101', 'Store a word to the guest.'),
  store('hsv.d', '0110111', 'Store a doubleword to the guest.'),
  fence('hfence.vvma', 'R', '0010001 ttttt sssss 000 00000 1110011', 'rs1, rs2', 'Order updates of the current guest\'s page tables before its later translations of address rs1 in address space rs2; x0 means all.', control('hfence.vvma'), supervisor),
  fence('hfence.gvma', 'R', '0110001 ttttt sssss 000 00000 1110011', 'rs1, rs2', 'Order updates of G-stage page tables before later translations of guest physical address rs1 * 4 in virtual machine rs2; x0 means all.', control('hfence.gvma'), supervisor),
  invalidation('hinval.vvma', 'R', '0010011 ttttt sssss 000 00000 1110011', 'rs1, rs2', 'Forget translations as hfence.vvma, between sfence.w.inval and sfence.inval.ir.', control('hfence.vvma'), supervisor),
  invalidation('hinval.gvma', 'R', '0110011 ttttt sssss 000 00000 1110011', 'rs1, rs2', 'Forget translations as hfence.gvma, between sfence.w.inval and sfence.inval.ir.', control('hfence.gvma'), supervisor),
];
