export { type GuestPhysical, type HostPhysical, PAGE_SHIFT, PAGE_SIZE, virtualPageNumber } from './address.ts';
export type { Device, DmaMemory, InterruptLine } from './device.ts';
export {
  cells,
  cells64,
  type DeviceTreeNode,
  flattenDeviceTree,
  type PropertyValue,
  present,
  text,
} from './device-tree.ts';
export {
  ElfError,
  type ElfFault,
  type ElfHeader,
  type ElfProgramHeader,
  type ElfSectionHeader,
  type ElfSegment,
  type ElfTable,
  ElfType,
  isElf,
  loadSegments,
  readElfHeader,
  readProgramHeaders,
  readSectionHeaders,
  SectionFlag,
  SectionType,
  SegmentFlag,
  SegmentType,
  sectionData,
} from './elf.ts';
export { InternalError } from './errors.ts';
export type {
  ExitDisposition,
  FileTree,
  FileTreeEntry,
  HostKernel,
  HostRunEnd,
  HostTask,
  MountSpec,
  NamespaceKind,
  ProcessSpec,
  ProcessTask,
  TaskInfo,
  TaskState,
  VcpuTaskOwner,
} from './host-kernel.ts';
export { LinuxImageError, type LinuxImageHeader, readLinuxImageHeader } from './linux-image.ts';
export type { PhysicalMemory } from './memory.ts';
export { NO_COST, type TlbCounters, type VcpuCounters, type WorldMetrics } from './metrics.ts';
export type { SavedState } from './saved-state.ts';
export { createTaskWorld, programArguments, type TaskWorldParts } from './task-world.ts';
export { BARE_ASID, type FenceExtent, guestSpace, LAST_SPACE, MAX_ASID, type TlbEntry, type TlbModel } from './tlb.ts';
export { Actor, type TraceEvent, type TraceSink } from './trace.ts';
export { type Exit, type HostClock, type HostConsole, type HostHardware, TranslationMode, type Vcpu } from './vcpu.ts';
export type { GuestSpec, ProgramSource, ProgramSpec, World, WorldDefinition, WorldResult, WorldSpec } from './world.ts';
