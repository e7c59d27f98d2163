export { type ExitReason, exitReasonNames } from './accounting/exit-reason.ts';
export { inspectMachine } from './accounting/inspect.ts';
export type { ShadowMapping } from './shadow-paging/shadow-paging.ts';
export type { Technique, TechniqueName } from './technique/technique.ts';
export type { VirtualMachine } from './virtual-machine.ts';
export { createVirtualMachine, type VirtualMachineOptions, type VirtualMachineTask } from './vmm.ts';
export { VmmError } from './vmm-error.ts';
export { createFullWorld, fullWorld } from './world.ts';
