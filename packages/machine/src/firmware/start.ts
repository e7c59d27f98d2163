import type { PhysicalMemory } from '@worldswitch/contracts';
import { CsrAddress, ExceptionCause, InterruptCause, Privilege } from '@worldswitch/isa';
import type { HostedVcpu } from '../hosted/vcpu.ts';
import { closeStateEnables } from '../hypervisor/reset.ts';

const A0 = 10;
const A1 = 11;
const A2 = 12;

/** What supervisor mode handles by itself, as firmware sets it up: everything but its own environment calls. */
const DELEGATED_EXCEPTIONS = [
  ExceptionCause.instructionAddressMisaligned,
  ExceptionCause.instructionAccessFault,
  ExceptionCause.illegalInstruction,
  ExceptionCause.breakpoint,
  ExceptionCause.loadAddressMisaligned,
  ExceptionCause.loadAccessFault,
  ExceptionCause.storeAddressMisaligned,
  ExceptionCause.storeAccessFault,
  ExceptionCause.environmentCallFromUser,
  ExceptionCause.instructionPageFault,
  ExceptionCause.loadPageFault,
  ExceptionCause.storePageFault,
  // Of the hypervisor extension: what guests do concerns the hypervisor in supervisor mode.
  ExceptionCause.environmentCallFromVirtualSupervisor,
  ExceptionCause.instructionGuestPageFault,
  ExceptionCause.loadGuestPageFault,
  ExceptionCause.virtualInstruction,
  ExceptionCause.storeGuestPageFault,
];
const DELEGATED_INTERRUPTS = [
  InterruptCause.supervisorSoftware,
  InterruptCause.supervisorTimer,
  InterruptCause.supervisorExternal,
];
/** CBZE, CBCFE and CBIE (flush) of menvcfg: supervisor mode may use cache-block instructions, and let user mode use them. */
const CACHE_BLOCK_CONTROL = 0xd0n;
const bits = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum | (1n << BigInt(number)), 0n);

/**
 * Starts a kernel in supervisor mode as SBI firmware does: a0 is the hart's number, a1 the physical address of the device tree
 * (Linux Documentation/arch/riscv/boot.rst). Machine mode stays the host's.
 */
export function startWithSbi(vcpu: HostedVcpu, entry: number, deviceTree: number): void {
  vcpu.writeCsr(CsrAddress.medeleg, bits(DELEGATED_EXCEPTIONS));
  vcpu.writeCsr(CsrAddress.mideleg, bits(DELEGATED_INTERRUPTS));
  vcpu.writeCsr(CsrAddress.mcounteren, 7n);
  // As OpenSBI does it: kernels rely on user mode being able to read the time.
  vcpu.writeCsr(CsrAddress.scounteren, 7n);
  vcpu.writeCsr(CsrAddress.menvcfg, vcpu.readCsr(CsrAddress.menvcfg) | CACHE_BLOCK_CONTROL);
  vcpu.writeX(A0, BigInt(vcpu.hart.id));
  vcpu.writeX(A1, BigInt(deviceTree));
  vcpu.privilege = Privilege.supervisor;
  vcpu.pc = BigInt(entry);
}

/** struct fw_dynamic_info of OpenSBI (docs/firmware/fw_dynamic.md): magic, version, next address, next mode, options, hart. */
const DYNAMIC_MAGIC = 0x4942_534fn;
const DYNAMIC_VERSION = 2n;

/** Tells fw_dynamic where the kernel is. @param address 48 bytes of RAM. The first hart is to start up the others. */
export function writeDynamicInfo(memory: PhysicalMemory, address: number, kernel: number): void {
  const info = [DYNAMIC_MAGIC, DYNAMIC_VERSION, BigInt(kernel), BigInt(Privilege.supervisor), 0n, 0n];
  info.forEach((value, index) => {
    memory.write64(address + index * 8, value);
  });
}

/**
 * Starts firmware in machine mode, which is its own from now on: a0 hart number, a1 device tree, a2 what fw_dynamic wants to know
 * (see writeDynamicInfo).
 */
export function startWithFirmware(vcpu: HostedVcpu, entry: number, deviceTree: number, infoAddress: number): void {
  vcpu.context.isHosted = false;
  closeStateEnables(vcpu.context);
  vcpu.writeCsr(CsrAddress.mstatus, 0n);
  vcpu.writeX(A0, BigInt(vcpu.hart.id));
  vcpu.writeX(A1, BigInt(deviceTree));
  vcpu.writeX(A2, BigInt(infoAddress));
  vcpu.privilege = Privilege.machine;
  vcpu.pc = BigInt(entry);
}
