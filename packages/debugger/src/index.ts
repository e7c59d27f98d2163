export {
  type AddressSpace,
  type MappedRange,
  mappedRanges,
  secondStage,
  type Translation,
  translateAddress,
} from './address-translation.ts';
export { type DebugHart, translate } from './debug-hart.ts';
export { DebuggerError } from './debugger-error.ts';
export { type CodeSymbol, readElfSymbols, SymbolTable } from './elf-symbols.ts';
export { DEFAULT_GDB_PORT, type ListenAddress, parseListenAddress } from './gdb/listen-address.ts';
export { GdbStub, type GdbStubOptions, type StubState } from './gdb/stub.ts';
export {
  createDebugger,
  type MachineDebugger,
  type Progress,
  type Resumption,
  type Watchpoint,
} from './machine-debugger.ts';
export { type AddressKind, readMemory, writeMemory } from './memory.ts';
export { runMonitorCommand } from './monitor/monitor.ts';
export { type DebugRegister, RegisterNumber, readRegister, registersOf, writeRegister } from './registers.ts';
export type { ReverseEnd } from './reverse.ts';
export {
  type EventFilter,
  type EventKind,
  eventJson,
  eventKinds,
  eventText,
  isWanted,
  type MachineEvent,
  type PrivilegeName,
} from './trace/machine-event.ts';
export { type MachineTrace, type MachineTraceOptions, traceMachine } from './trace/machine-trace.ts';
