/** Why the VMM had to step in, as reports and traces print it. One exit has one reason. */
export const ExitReason = {
  csr: 0,
  counter: 1,
  sret: 2,
  fence: 3,
  wfi: 4,
  mmio: 5,
  sbi: 6,
  shadowFill: 7,
  ecallInjected: 8,
  pageFaultInjected: 9,
  accessFaultInjected: 10,
  illegalInjected: 11,
  exceptionInjected: 12,
  timer: 13,
  interrupt: 14,
} as const;
export type ExitReason = (typeof ExitReason)[keyof typeof ExitReason];

/** Names by number. */
export const exitReasonNames: readonly string[] = [
  'csr',
  'counter',
  'sret',
  'sfence.vma',
  'wfi',
  'mmio',
  'sbi',
  'shadow-fill',
  'ecall-injected',
  'page-fault-injected',
  'access-fault-injected',
  'illegal-instruction-injected',
  'exception-injected',
  'timer',
  'interrupt',
];

/** Whether one guest instruction was carried out by the VMM. Calls of the virtual firmware are no instruction's work. */
export function isEmulation(reason: ExitReason): boolean {
  return reason <= ExitReason.mmio;
}
