export { builtInProgram, companions } from './compare/built-in-program.ts';
export {
  type CompareOptions,
  type CompareProgress,
  type CompareReport,
  compare,
  type ImageReport,
  imageReport,
  runToEnd,
  type WorldReport,
} from './compare/compare.ts';
export {
  type Hop,
  HopRecorder,
  type HopSequence,
  type Leg,
  legReason,
  legs,
  type RecordedHops,
} from './compare/hop-recorder.ts';
export { type ReportRow, reportRows } from './compare/report-rows.ts';
export { runTogether, type TogetherOptions, type TogetherResult } from './compare/together.ts';
export { chromeTraceSink, type HopData, hopData, jsonLinesSink } from './compare/trace-file.ts';
export {
  createHost,
  type GuestKernels,
  guestSpec,
  type MachineOptions,
  type OpenedWorld,
  openWorld,
  worldDefinition,
  worldNames,
  worldSummary,
} from './compare/worlds.ts';
export { ExitCode, UserError } from './exit-codes.ts';
export { type QemuArgument, qemuArguments } from './qemu/qemu-arguments.ts';
