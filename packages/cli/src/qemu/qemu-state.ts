import type { ListenAddress } from '@worldswitch/debugger';
import { ExitCode, UserError } from '../exit-codes.ts';
import type { KeyValue } from '../machine-file/key-values.ts';
import type { DriveDescription, HvcWiring, IdleWay, RngDescription } from '../machine-file/machine-description.ts';
import type { ConsoleWiring } from '../machine-file/run-options.ts';

/** A device that takes a slot. */
export type AskedDevice =
  | { readonly kind: 'drive'; readonly drive: string; readonly isReadOnly: boolean }
  | { readonly kind: 'rng'; readonly rng: string | undefined }
  /** The port comes with a virtconsole, later. */
  | { readonly kind: 'serial'; readonly id: string | undefined; chardev?: string }
  | { readonly kind: 'balloon' };

/** What a command line said, while it is being read. */
export interface QemuState {
  machine: string | undefined;
  memoryBytes: number;
  harts: number;
  bios: string;
  kernel?: string;
  initrd?: string;
  append?: string;
  readonly drives: Map<string, DriveDescription>;
  /** In their order, with the slot that was asked for. */
  readonly devices: { readonly device: AskedDevice; readonly slot: number | undefined }[];
  /** Sources of random bytes by the id of their object. */
  readonly rngs: Map<string, RngDescription>;
  readonly chardevs: Map<string, HvcWiring & { readonly isMultiplexed: boolean }>;
  serial: ConsoleWiring['serial'] | 'mon:stdio' | undefined;
  monitor: 'stdio' | 'none' | undefined;
  isNographic: boolean;
  reboots: boolean;
  staysAfterPoweroff: boolean;
  startsStopped: boolean;
  isSnapshot: boolean;
  aclint: boolean;
  idle?: IdleWay;
  startTime?: number;
  instructionTime?: number;
  gdb?: ListenAddress;
}

/** One sentence about what is wrong with the value of an argument. */
export const wrong = (name: string, message: string) => new UserError(`-${name}: ${message}`, ExitCode.usage);
/** Something of QEMU's that is not here. */
export const lacking = (what: string, hint: string) =>
  new UserError(`${what} is not supported: ${hint}`, ExitCode.usage);
export const shown = ({ key, value }: KeyValue) => (value === undefined ? key : `${key}=${value}`);
