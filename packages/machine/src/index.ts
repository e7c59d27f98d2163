export { type EngineName, engineNames } from './engine/create-engine.ts';
export { LoadError, MachineError } from './errors.ts';
export { createHostHardware, type HostedMachine, type HostHardwareOptions } from './host-hardware.ts';
export { DOUBLE_TRAP } from './trap.ts';
