import type { Domain } from '../domain/domain.ts';
import {
  ConsoleCommand,
  EventCommand,
  type HypercallArguments,
  MmuCommand,
  SchedCommand,
} from './hypercall-commands.ts';
import { consoleIo } from './hypercall-console.ts';
import { eventChannelOp } from './hypercall-event.ts';
import { grantTableOp } from './hypercall-grant.ts';
import { mmuExtendedOp, mmuUpdate } from './hypercall-mmu.ts';
import { multicall } from './hypercall-multicall.ts';
import { iret, schedOp, setTimerOp, setTrapTable } from './hypercall-sched.ts';

/** One row of the hypercall table. */
export interface Hypercall {
  /** In a7. Numbers follow Xen's public interface (xen/include/public/xen.h). */
  readonly number: number;
  readonly name: string;
  /** Names of a0, a1, ... */
  readonly parameters: readonly string[];
  /** One sentence: what it does and what comes back. */
  readonly summary: string;
  /** Numbers that the first parameter, or a record of a list, may have. */
  readonly commands?: Readonly<Record<string, number>>;
  readonly support: 'full' | 'partial' | 'none';
  /** Gives what a0 shall hold; `undefined` leaves all registers to the handler. */
  readonly handle: (domain: Domain, args: HypercallArguments) => number | undefined;
}

/** Every hypercall there is: the dispatcher, the C header's test and the manual read this. */
export const hypercallTable: readonly Hypercall[] = [
  {
    number: 0,
    name: 'set_trap_table',
    parameters: ['table'],
    summary:
      'Registers where the guest kernel is entered: 4 u64 at `table`, for system calls, page faults, other exceptions, events.',
    support: 'full',
    handle: setTrapTable,
  },
  {
    number: 1,
    name: 'mmu_update',
    parameters: ['list', 'count'],
    summary:
      'Writes `count` page-table entries: records of {u64 machine address of the entry, u64 value}. Returns the number written, or the error of the first that was refused; those before it are in force.',
    support: 'full',
    handle: mmuUpdate,
  },
  {
    number: 13,
    name: 'multicall',
    parameters: ['list', 'count'],
    summary:
      'Makes `count` hypercalls in one trap: records of {u64 number, u64 result, u64 argument[6]}. iret, sched_op and multicall are refused in it.',
    support: 'full',
    handle: (domain, args) => multicall(domain, args, hypercallByNumber),
  },
  {
    number: 15,
    name: 'set_timer_op',
    parameters: ['deadline'],
    summary: 'One timer event when the `time` CSR reaches `deadline`; 0 takes the timer back.',
    support: 'full',
    handle: setTimerOp,
  },
  {
    number: 18,
    name: 'console_io',
    parameters: ['command', 'count', 'buffer'],
    summary: 'Prints `count` bytes, or reads as many as were typed. Returns the number of bytes.',
    commands: ConsoleCommand,
    support: 'full',
    handle: consoleIo,
  },
  {
    number: 20,
    name: 'grant_table_op',
    parameters: ['command', 'list', 'count'],
    summary: 'Sharing frames between domains: not built yet, always -ENOSYS.',
    support: 'none',
    handle: grantTableOp,
  },
  {
    number: 23,
    name: 'iret',
    parameters: [],
    summary:
      'Continues as the shared page says: trap.pc, trap.flags (to user or kernel, mask), a7 from iret_a7. All other registers are left as they are.',
    support: 'full',
    handle: iret,
  },
  {
    number: 26,
    name: 'mmuext_op',
    parameters: ['list', 'count'],
    summary:
      'Operations on page tables: records of {u64 command, u64 argument}; the argument is a machine frame, or a virtual address for INVLPG.',
    commands: MmuCommand,
    support: 'full',
    handle: mmuExtendedOp,
  },
  {
    number: 29,
    name: 'sched_op',
    parameters: ['command', 'argument'],
    summary:
      'YIELD gives the hart away; BLOCK unmasks events and waits for one; SHUTDOWN ends the domain with exit code `argument`.',
    commands: SchedCommand,
    support: 'full',
    handle: schedOp,
  },
  {
    number: 32,
    name: 'event_channel_op',
    parameters: ['command', 'argument'],
    summary:
      'BIND_VIRQ gives the port of a virtual interrupt; CLOSE, SEND, STATUS and UNMASK take a port. Channels between domains are not built yet: -ENOSYS.',
    commands: EventCommand,
    support: 'partial',
    handle: eventChannelOp,
  },
];

const byNumber: readonly (Hypercall | undefined)[] = hypercallTable.reduce<(Hypercall | undefined)[]>((table, row) => {
  if (table[row.number] !== undefined) throw new TypeError(`two hypercalls have number ${row.number}`);
  table[row.number] = row;
  return table;
}, []);

/** The hypercall with this number, or undefined. */
export function hypercallByNumber(number: bigint): Hypercall | undefined {
  return number < 64n ? byNumber[Number(number)] : undefined;
}
