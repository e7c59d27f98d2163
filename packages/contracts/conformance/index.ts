export { createArrayMemory } from './array-memory.ts';
export { type DeviceLawOptions, deviceLaws } from './device-laws.ts';
export { hostHardwareLaws } from './host-hardware-laws.ts';
export { ConformanceError, checkLaws, type Law, type LawOutcome, skipLaws } from './law.ts';
export { physicalMemoryLaws } from './physical-memory-laws.ts';
export { type TlbModelLawOptions, tlbModelLaws } from './tlb-model-laws.ts';
export { traceSinkLaws, traceStreamLaws } from './trace-laws.ts';
export { vcpuLaws } from './vcpu-laws.ts';
