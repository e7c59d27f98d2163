export type { AddedDevice, DeviceConnection, PlacedDevice } from './board/added-device.ts';
export type { Board } from './board/board.ts';
export { type BoardDescription, boardDeviceTree } from './board/board-device-tree.ts';
export { memoryMap, virtioWindow, type Window } from './board/memory-map.ts';
export { type ClusterStore, createOverlayBackend } from './devices/block-overlay.ts';
export { createPlic, type Plic, type PlicOptions } from './devices/plic.ts';
export { createSysconTest, type PowerRequest } from './devices/syscon-test.ts';
export { createUart16550, type Uart16550, type Uart16550Options } from './devices/uart16550.ts';
export { createVirtioBalloon, type VirtioBalloon } from './devices/virtio-balloon.ts';
export { type BlockBackend, createMemoryBackend, createVirtioBlock } from './devices/virtio-block.ts';
export { createVirtioConsole, type VirtioConsole, type VirtioConsoleOptions } from './devices/virtio-console.ts';
export { createSeededEntropy, createVirtioEntropy, type EntropySource } from './devices/virtio-entropy.ts';
export type { VirtioDevice, VirtioTransport } from './devices/virtio-mmio.ts';
export type { VirtBuffer, VirtQueue, VirtRequest } from './devices/virtio-queue.ts';
export { translationText } from './engine/compiler/translation-text.ts';
export { type EngineName, engineNames } from './engine/create-engine.ts';
export type { EngineStatistics } from './engine/statistics.ts';
export { LoadError, MachineError, SnapshotError } from './errors.ts';
export { sbiCallName, sbiExtensions } from './firmware/sbi.ts';
export type {
  SbiExtension,
  SbiFunction,
  SbiHartState,
  SbiPlatform,
  SbiResult,
  SbiResume,
} from './firmware/sbi-call.ts';
export type { ControlOperation } from './hart/control.ts';
export { type DebugHit, DebugPoints, type StepGoal, type WatchKind } from './hart/debug-points.ts';
export { GUEST_FAULT, type Hart, type SliceEnd } from './hart/hart.ts';
export type { DeviceAccess, HartObserver } from './hart/hart-observer.ts';
export { peek16, type StepResult } from './hart/step.ts';
export { DOUBLE_TRAP } from './hart/trap.ts';
export { createHostHardware, type HostedMachine, type HostHardwareOptions } from './hosted/host-hardware.ts';
export { type ElfImage, type LoadSegment, parseElf } from './load/elf.ts';
export { Machine } from './machine.ts';
export type { MachineEvents, MachineListener } from './machine-events.ts';
export type { MachineOptions, RestoreOptions, RunOptions } from './machine-options.ts';
export type { MachineStep } from './machine-run.ts';
export type { MachineStatistics } from './machine-statistics.ts';
export type { RunEnd } from './run-end.ts';
export { MAX_HARTS } from './schedule/hart-group.ts';
export type { HartStatus, ScheduledHart } from './schedule/hart-schedule.ts';
export { MAX_INSTRUCTION_TIME } from './schedule/machine-clock.ts';
export { flattenSnapshots } from './snapshot/flatten.ts';
export { inspectSnapshot, type SnapshotBoard, type SnapshotHeader } from './snapshot/header.ts';
export { createTimeline, type Timeline, type TimelineMachine, type TimelineOptions } from './snapshot/timeline.ts';
export { type BareWorldOptions, createBareWorld } from './world-bare.ts';
