import { trapCauseName } from '@worldswitch/isa';
import type { Hart, HartObserver, Machine, RunEnd, RunOptions } from '@worldswitch/machine';
import { DebuggerError } from '../debugger-error.ts';
import type { SymbolTable } from '../elf-symbols.ts';
import { FunctionTracer } from './function-trace.ts';
import { type EventFilter, type EventKind, isWanted, type MachineEvent, type PrivilegeName } from './machine-event.ts';

export interface MachineTraceOptions {
  readonly machine: Machine;
  readonly filter: EventFilter;
  /** Needed for functions. */
  readonly symbols?: SymbolTable;
  readonly emit: (event: MachineEvent) => void;
}

/** A traced machine, which is run through this. */
export interface MachineTrace {
  /** As `Machine.run`. */
  run(options: RunOptions): RunEnd;
  /** Ends tracing; the machine runs on at its usual speed. */
  dispose(): void;
}

const privilegeNames: readonly PrivilegeName[] = ['U', 'S', 'S', 'M'];
const PAGE = 4096n;

/**
 * Tells what a machine's harts do. Traps, devices and the TLB cost something where they happen; CSRs need the reference engine,
 * and for functions the machine is run step by step. Throws DebuggerError for a machine that cannot be traced so.
 */
export function traceMachine({ machine, filter, symbols, emit }: MachineTraceOptions): MachineTrace {
  const { kinds } = filter;
  const { group } = machine.board;
  if (kinds.has('csr') && group.engine.name !== 'reference') {
    throw new DebuggerError('CSR accesses are seen by the reference engine alone: make the machine with it');
  }
  if (kinds.has('functions') && !symbols) throw new DebuggerError('functions are traced by their symbols: give some');
  const tell = (
    kind: EventKind,
    hart: Hart,
    what: string,
    subject: string,
    more: { readonly address?: bigint; readonly value?: bigint; readonly depth?: number; readonly pc?: bigint } = {},
  ): void => {
    const { current } = hart;
    const event: MachineEvent = {
      kind,
      time: group.clock.retired,
      hart: hart.id,
      privilege: privilegeNames[current.privilege] ?? 'M',
      pc: current.pc,
      what,
      subject,
      ...more,
    };
    if (isWanted(filter, event)) emit(event);
  };
  const observer: HartObserver = {
    ...(kinds.has('traps') && {
      trap(hart, cause, isInterrupt, value) {
        tell('traps', hart, isInterrupt ? 'interrupt' : 'trap', trapCauseName(cause, isInterrupt), { value });
      },
      trapReturn(hart, instruction, _from, to) {
        tell('traps', hart, 'return', `${instruction} to ${privilegeNames[to] ?? 'M'}`);
      },
    }),
    ...(kinds.has('mmio') && {
      deviceAccess(hart, { device, address, offset, width, isWrite, value }) {
        const subject = `${device}+0x${offset.toString(16)} (${width})`;
        tell('mmio', hart, isWrite ? 'write' : 'read', subject, { address: BigInt(address), value });
      },
    }),
    ...(kinds.has('csr') && {
      csrAccess(hart, address, old, isWrite) {
        const name =
          hart.instructionSet.csrs.find((csr) => csr.address === address)?.name ?? `0x${address.toString(16)}`;
        const value = isWrite ? hart.csrs.read(hart, hart.current, address) : old;
        tell('csr', hart, isWrite ? 'write' : 'read', name, { value });
      },
    }),
    ...(kinds.has('tlb') && {
      tlbFill(hart, { asid, page, frame, level }) {
        const subject = `asid ${asid} frame 0x${frame.toString(16)} level ${level}`;
        tell('tlb', hart, 'fill', subject, { address: BigInt.asUintN(64, BigInt(page) * PAGE) });
      },
      tlbFlush(hart, asid, page) {
        const subject = asid === undefined ? 'all address spaces' : `asid ${asid}`;
        const address = page === undefined ? undefined : BigInt.asUintN(64, BigInt(page) * PAGE);
        tell('tlb', hart, 'flush', subject, address === undefined ? {} : { address });
      },
    }),
  };
  const before = group.harts.map((hart) => hart.observer);
  for (const hart of group.harts) hart.observer = observer;
  const functions =
    kinds.has('functions') && symbols
      ? new FunctionTracer(machine, symbols, (hart, what, name, more) => tell('functions', hart, what, name, more))
      : undefined;
  return {
    run: (options) => (functions ? functions.run(options) : machine.run(options)),
    dispose() {
      for (const [index, hart] of group.harts.entries()) hart.observer = before[index];
    },
  };
}
