export { Errno } from './errno.ts';
export { HostOsError, type HostOsErrorCode } from './host-os-error.ts';
export { createHostKernel, type HostKernelOptions, type HostOs } from './kernel.ts';
export { namespaceKinds } from './namespaces/namespaces.ts';
export { type LoadableElf, type LoadSegment, parseElf } from './processes/elf-loader.ts';
export type { Process } from './processes/process.ts';
export type { SchedulerMetrics } from './schedule/scheduler.ts';
export { Signal } from './signals/signals.ts';
export { systemCallTable } from './system-calls/syscalls.ts';
export {
  BLOCKED,
  type CallArguments,
  NO_RESULT,
  type SupportLevel,
  type SystemCall,
} from './system-calls/system-call.ts';
export { createProcessWorld, processWorld } from './world.ts';
