import { floatRegisterNames, integerRegisterNames, type PrivilegeLevel } from '@worldswitch/isa';
import type { DebugHart } from './debug-hart.ts';

/** Numbers of registers as gdb counts them (gdb, riscv-tdep.h): x0 to x31, pc, f0 to f31, then CSRs by address, then priv and virt. */
export const RegisterNumber = {
  pc: 32,
  firstFloat: 33,
  firstCsr: 65,
  privilege: 65 + 4096,
  virtual: 65 + 4097,
} as const;

/** A register that debuggers see. All are 64 bits wide. */
export interface DebugRegister {
  readonly name: string;
  readonly number: number;
  readonly kind: 'integer' | 'float' | 'csr' | 'privilege';
}

const FCSR = 3;

/** The registers of a hart, by the instruction set's tables. */
export function registersOf({ hart }: DebugHart): readonly DebugRegister[] {
  const csrs = hart.instructionSet.csrs
    .filter(({ address }) => hart.csrs.has(address))
    .sort((a, b) => a.address - b.address);
  return [
    ...integerRegisterNames.map((name, number): DebugRegister => ({ name, number, kind: 'integer' })),
    { name: 'pc', number: RegisterNumber.pc, kind: 'integer' },
    ...(hart.csrs.has(FCSR)
      ? floatRegisterNames.map(
          (name, index): DebugRegister => ({ name, number: RegisterNumber.firstFloat + index, kind: 'float' }),
        )
      : []),
    ...csrs.map(
      ({ name, address }): DebugRegister => ({ name, number: RegisterNumber.firstCsr + address, kind: 'csr' }),
    ),
    { name: 'priv', number: RegisterNumber.privilege, kind: 'privilege' },
    { name: 'virt', number: RegisterNumber.virtual, kind: 'privilege' },
  ];
}

/** The value in [0, 2^64), or undefined when there is no such register. */
export function readRegister({ hart, vcpu }: DebugHart, number: number): bigint | undefined {
  if (number < 0) return undefined;
  if (number < RegisterNumber.pc) return vcpu.readX(number);
  if (number === RegisterNumber.pc) return vcpu.pc;
  if (number < RegisterNumber.firstCsr) return vcpu.readF(number - RegisterNumber.firstFloat);
  if (number === RegisterNumber.privilege) return BigInt(vcpu.privilege);
  if (number === RegisterNumber.virtual) return vcpu.context.isVirtual ? 1n : 0n;
  const csr = number - RegisterNumber.firstCsr;
  return hart.csrs.has(csr) ? vcpu.readCsr(csr) : undefined;
}

/**
 * False when there is no such register, or it cannot be that value (priv; virt stays as it is). CSRs take what their fields allow, as from a
 * csrw instruction; read-only ones stay.
 */
export function writeRegister({ hart, vcpu }: DebugHart, number: number, value: bigint): boolean {
  if (number < 0) return false;
  if (number < RegisterNumber.pc) vcpu.writeX(number, value);
  else if (number === RegisterNumber.pc) vcpu.pc = value & ~1n;
  else if (number < RegisterNumber.firstCsr) vcpu.writeF(number - RegisterNumber.firstFloat, value);
  else if (number === RegisterNumber.privilege) {
    if (value !== 0n && value !== 1n && value !== 3n) return false;
    vcpu.privilege = Number(value) as PrivilegeLevel;
  } else if (number === RegisterNumber.virtual) return value === (vcpu.context.isVirtual ? 1n : 0n);
  else {
    const csr = number - RegisterNumber.firstCsr;
    if (!hart.csrs.has(csr)) return false;
    vcpu.writeCsr(csr, value);
  }
  return true;
}
