export { builtInProgram, companions } from './built-in-program.ts';
export {
  type CompareOptions,
  type CompareProgress,
  type CompareReport,
  compare,
  type ImageReport,
  imageReport,
  runToEnd,
  type WorldReport,
} from './compare.ts';
export { ExitCode, UserError } from './exit-codes.ts';
export {
  type Hop,
  HopRecorder,
  type HopSequence,
  type Leg,
  legReason,
  legs,
  type RecordedHops,
} from './hop-recorder.ts';
export { type QemuArgument, qemuArguments } from './qemu-arguments.ts';
export { type ReportRow, reportRows } from './report-rows.ts';
export { runTogether, type TogetherOptions, type TogetherResult } from './together.ts';
export { chromeTraceSink, type HopData, hopData, jsonLinesSink } from './trace-file.ts';
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
} from './worlds.ts';
