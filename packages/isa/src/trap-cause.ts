/** Exception codes of mcause and scause (privileged ISA, table "Machine cause register (mcause) values after trap"). */
export const ExceptionCause = {
  instructionAddressMisaligned: 0,
  instructionAccessFault: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadAddressMisaligned: 4,
  loadAccessFault: 5,
  storeAddressMisaligned: 6,
  storeAccessFault: 7,
  environmentCallFromUser: 8,
  environmentCallFromSupervisor: 9,
  environmentCallFromVirtualSupervisor: 10,
  environmentCallFromMachine: 11,
  instructionPageFault: 12,
  loadPageFault: 13,
  storePageFault: 15,
  instructionGuestPageFault: 20,
  loadGuestPageFault: 21,
  virtualInstruction: 22,
  storeGuestPageFault: 23,
} as const;
export type ExceptionCause = (typeof ExceptionCause)[keyof typeof ExceptionCause];

/** Interrupt numbers: bit positions of mip/mie and, with the interrupt bit set, codes of mcause and scause. */
export const InterruptCause = {
  supervisorSoftware: 1,
  virtualSupervisorSoftware: 2,
  machineSoftware: 3,
  supervisorTimer: 5,
  virtualSupervisorTimer: 6,
  machineTimer: 7,
  supervisorExternal: 9,
  virtualSupervisorExternal: 10,
  machineExternal: 11,
  supervisorGuestExternal: 12,
} as const;
export type InterruptCause = (typeof InterruptCause)[keyof typeof InterruptCause];

const exceptionNames: Readonly<Record<number, string>> = {
  0: 'instruction-address-misaligned',
  1: 'instruction-access-fault',
  2: 'illegal-instruction',
  3: 'breakpoint',
  4: 'load-address-misaligned',
  5: 'load-access-fault',
  6: 'store-address-misaligned',
  7: 'store-access-fault',
  8: 'ecall-from-u',
  9: 'ecall-from-s',
  10: 'ecall-from-vs',
  11: 'ecall-from-m',
  12: 'instruction-page-fault',
  13: 'load-page-fault',
  15: 'store-page-fault',
  20: 'instruction-guest-page-fault',
  21: 'load-guest-page-fault',
  22: 'virtual-instruction',
  23: 'store-guest-page-fault',
};
const interruptNames: Readonly<Record<number, string>> = {
  1: 'supervisor-software-interrupt',
  2: 'virtual-supervisor-software-interrupt',
  3: 'machine-software-interrupt',
  5: 'supervisor-timer-interrupt',
  6: 'virtual-supervisor-timer-interrupt',
  7: 'machine-timer-interrupt',
  9: 'supervisor-external-interrupt',
  10: 'virtual-supervisor-external-interrupt',
  11: 'machine-external-interrupt',
  12: 'supervisor-guest-external-interrupt',
};

/** The field's name of a trap cause, as reports and traces print it. */
export function trapCauseName(code: number, isInterrupt = false): string {
  const names = isInterrupt ? interruptNames : exceptionNames;
  return names[code] ?? `${isInterrupt ? 'interrupt' : 'exception'}-${code}`;
}
