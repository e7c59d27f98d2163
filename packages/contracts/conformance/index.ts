export { createArrayMemory } from './array-memory.ts';
export { type DeviceLawOptions, deviceLaws } from './device-laws.ts';
export { hostHardwareLaws } from './host-hardware-laws.ts';
export { countFreeFrames, hostKernelLaws } from './host-kernel-laws.ts';
export { ConformanceError, checkLaws, type Law, type LawOutcome, skipLaws } from './law.ts';
export { physicalMemoryLaws } from './physical-memory-laws.ts';
export {
  createBadImages,
  createElf,
  createEndlessProgram,
  createFloodProgram,
  createHelloProgram,
  createIllegalProgram,
  createStrayProgram,
  type TinyProgram,
} from './tiny-program.ts';
export { type TlbModelLawOptions, tlbModelLaws } from './tlb-model-laws.ts';
export { traceSinkLaws, traceStreamLaws } from './trace-laws.ts';
export { vcpuLaws } from './vcpu-laws.ts';
export { type WorldLawOptions, type WorldLawSpec, worldLaws } from './world-laws.ts';
