import { virtualPageNumber } from '@worldswitch/contracts';
import { defaultInstructionSet, disassemble } from '@worldswitch/isa';
import { AccessKind } from '@worldswitch/mmu-tlb';
import { FillOutcome } from '../shadow-paging/shadow-paging.ts';
import type { VirtualMachine } from '../virtual-machine.ts';

interface DeviceAccess {
  readonly width: 1 | 2 | 4 | 8;
  readonly isStore: boolean;
  readonly isSigned: boolean;
}

/** The instructions that can reach a device; the compressed ones expand to these. Atomics on devices are access faults. */
const deviceAccesses: Readonly<Record<string, DeviceAccess>> = {
  lb: { width: 1, isStore: false, isSigned: true },
  lh: { width: 2, isStore: false, isSigned: true },
  lw: { width: 4, isStore: false, isSigned: true },
  ld: { width: 8, isStore: false, isSigned: true },
  lbu: { width: 1, isStore: false, isSigned: false },
  lhu: { width: 2, isStore: false, isSigned: false },
  lwu: { width: 4, isStore: false, isSigned: false },
  sb: { width: 1, isStore: true, isSigned: false },
  sh: { width: 2, isStore: true, isSigned: false },
  sw: { width: 4, isStore: true, isSigned: false },
  sd: { width: 8, isStore: true, isSigned: false },
};

/** 16 bits at a virtual address that the guest executes; -1 when it cannot be fetched any more. */
function fetchParcel(vm: VirtualMachine, address: bigint): number {
  if (vm.shadow.translate(virtualPageNumber(address), AccessKind.fetch) !== FillOutcome.filled) return -1;
  return vm.ram.memory.read16(vm.ram.hostFrame(vm.shadow.frame) * 4096 + Number(address & 0xfffn));
}

/** The instruction at the pc, 16 or 32 bits; -1 when it cannot be fetched. */
function fetchInstruction(vm: VirtualMachine): number {
  const { pc } = vm.vcpu;
  const low = fetchParcel(vm, pc);
  if (low < 0 || (low & 3) !== 3) return low;
  const high = fetchParcel(vm, BigInt.asUintN(64, pc + 2n));
  return high < 0 ? -1 : (high * 0x1_0000 + low) >>> 0;
}

/**
 * Carries out the load or store at the pc on a virtual device. False when it is something that devices do not answer: the
 * guest gets an access fault.
 * @param frame guest frame of the page that the access faulted on. @param faultAddress low 12 bits of the faulting address count.
 * @returns bytes of the instruction, or 0.
 */
export function emulateDeviceAccess(vm: VirtualMachine, frame: number, faultAddress: bigint): 0 | 2 | 4 {
  const bits = fetchInstruction(vm);
  const decoded = bits < 0 ? undefined : defaultInstructionSet().decode(bits);
  if (!decoded) return 0;
  const { instruction, rd, rs1, rs2, imm } = decoded;
  const access = deviceAccesses[instruction.expandsTo ?? instruction.name];
  if (!access) return 0;
  const { vcpu, bus } = vm;
  const { width } = access;
  const offset = Number(faultAddress & 0xfffn);
  // Naturally aligned, and so within the page; what faulted is then the access's own address.
  if (((vcpu.readXLow(rs1) + imm) & 0xfff) !== offset || offset % width !== 0) return 0;
  const address = frame * 4096 + offset;
  if (!bus.has(address, width)) return 0;
  if (vm.trace) vm.deviceAccess = `${disassemble(bits, vcpu.pc)}: ${bus.describe(address)}`;
  if (access.isStore) {
    if (width === 8) {
      const value = vcpu.readX(rs2);
      bus.write(address, 4, Number(value & 0xffff_ffffn));
      bus.write(address + 4, 4, Number(value >> 32n));
    } else {
      const value = vcpu.readXLow(rs2);
      bus.write(address, width, width === 4 ? value >>> 0 : value & (2 ** (width * 8) - 1));
    }
  } else if (width === 8) {
    vcpu.writeX(rd, BigInt(bus.read(address, 4)) | (BigInt(bus.read(address + 4, 4)) << 32n));
  } else {
    const value = bus.read(address, width);
    const unusedBits = 32 - width * 8;
    if (access.isSigned) vcpu.writeXLow(rd, (value << unusedBits) >> unusedBits);
    else if (width === 4) vcpu.writeX(rd, BigInt(value));
    else vcpu.writeXLow(rd, value);
  }
  return decoded.length;
}
