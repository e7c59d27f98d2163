import type { ListenAddress } from '@worldswitch/debugger';
import type { SavePlan } from '../node/verbs/verb-snapshot.ts';
import type { RunLimits } from './machine-description.ts';

/** How the machine's console and the monitor are connected. */
export interface ConsoleWiring {
  /** Where the UART is connected to. */
  readonly serial: 'stdio' | 'none' | { readonly file: string };
  /** `escape`: behind Ctrl-A c; `stdio`: instead of the console; `none`. */
  readonly monitor: 'escape' | 'stdio' | 'none';
}

/** How a described machine is run. */
export interface MachineRunOptions extends RunLimits, ConsoleWiring {
  /** Instructions after which it is looked whether the machine only repeats itself. */
  readonly watchdog?: number;
  /** A saved machine to go on with instead of the kernel: a full snapshot and those that build on it. */
  readonly restore?: readonly Uint8Array[];
  readonly save?: SavePlan;
  /** A reset starts the machine again; else it ends the command. */
  readonly reboots: boolean;
  /** The machine waits for the monitor's `cont`, or for gdb's, before its first instruction. */
  readonly startsStopped?: boolean;
  /** Where gdb may connect. */
  readonly gdb?: ListenAddress;
  /** Switched off, the machine is kept for the monitor to look at. */
  readonly staysAfterPoweroff?: boolean;
  /** Says at the end, on stderr, what the run took. */
  readonly reportsStatistics?: boolean;
}
