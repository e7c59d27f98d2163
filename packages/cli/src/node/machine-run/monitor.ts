/** The command line behind Ctrl-A c: what QEMU's monitor does with a machine, and what a debugger can show of it. */
import { createDebugger, DebuggerError, type MachineDebugger, runMonitorCommand } from '@worldswitch/debugger';
import type { Machine, VirtioBalloon } from '@worldswitch/machine';

/** What a monitor command wants done with the machine. */
export type MonitorAction = 'none' | 'quit' | 'reset' | 'stop' | 'continue';

interface MonitorCommand {
  readonly names: readonly string[];
  readonly summary: string;
  readonly action: MonitorAction;
}

/** The others are the debugger's. */
const commands: readonly MonitorCommand[] = [
  { names: ['stop', 's'], summary: 'stop the machine', action: 'stop' },
  { names: ['cont', 'c'], summary: 'let it go on', action: 'continue' },
  { names: ['system_reset'], summary: 'reset the machine', action: 'reset' },
  { names: ['quit', 'q'], summary: 'end the command', action: 'quit' },
];

function helpText(): string {
  const others = [
    ['balloon MIB', 'ask the guest to make do with this much memory'],
    ['info balloon', 'memory that the guest has'],
  ] as const;
  const rows = [...commands.map(({ names, summary }) => [names.join(', '), summary] as const), ...others];
  return rows.map(([name, summary]) => `${name.padEnd(24)} ${summary}\n`).join('');
}

const MONITOR_PROMPT = '(worldswitch) ';

const MIB = 2 ** 20;
const PAGE_BYTES = 4096;

/** As QEMU's monitor has it: the numbers are the memory that is left to the guest, in MiB. */
function carryOutBalloon(
  { board: { ram } }: Machine,
  balloon: VirtioBalloon | undefined,
  order: string,
  amount: string | undefined,
): string {
  if (!balloon) return 'there is no balloon device\n';
  if (order === 'info balloon' && amount === undefined) {
    return `balloon: actual=${Math.floor((ram.size - balloon.actualPages * PAGE_BYTES) / MIB)}\n`;
  }
  const bytes = Number(amount) * MIB;
  if (order !== 'balloon' || !/^\d+$/.test(amount ?? '') || bytes === 0 || bytes > ram.size) {
    return `expected balloon MIB, from 1 to ${Math.floor(ram.size / MIB)}\n`;
  }
  balloon.setWanted((ram.size - bytes) / PAGE_BYTES);
  return '';
}

/** Collects a line as it is typed, with echo, and carries it out. */
export class Monitor {
  #line = '';
  #debugger: MachineDebugger | undefined;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Shows the prompt again. */
  prompt(): void {
    this.#line = '';
    this.#write(MONITOR_PROMPT);
  }

  /** @returns what the lines that were ended ask for, in order. */
  type(bytes: Uint8Array, machine: Machine, balloon: VirtioBalloon | undefined): MonitorAction[] {
    const actions: MonitorAction[] = [];
    for (const byte of bytes) {
      if (byte === 13 || byte === 10) {
        this.#write('\n');
        const action = this.#carryOut(machine, balloon);
        actions.push(action);
        if (action !== 'quit') this.prompt();
      } else if (byte === 8 || byte === 127) {
        if (this.#line !== '') this.#write('\b \b');
        this.#line = this.#line.slice(0, -1);
      } else if (byte >= 32) {
        this.#line += String.fromCharCode(byte);
        this.#write(String.fromCharCode(byte));
      }
    }
    return actions;
  }

  #carryOut(machine: Machine, balloon: VirtioBalloon | undefined): MonitorAction {
    const line = this.#line.trim().replace(/\s+/g, ' ');
    this.#line = '';
    if (line === '') return 'none';
    const command = commands.find(({ names }) => names.includes(line));
    if (command) return command.action;
    const [, order, amount] = /^(info balloon|balloon)(?: (\S+))?$/.exec(line) ?? [];
    this.#write(order === undefined ? this.#show(line, machine) : carryOutBalloon(machine, balloon, order, amount));
    return 'none';
  }

  #show(line: string, machine: Machine): string {
    if (this.#debugger?.machine !== machine) this.#debugger = createDebugger(machine);
    try {
      const text = runMonitorCommand(this.#debugger, this.#debugger.hart(0), line);
      return line === 'help' ? text + helpText() : text;
    } catch (error) {
      if (!(error instanceof DebuggerError)) throw error;
      return `${error.message}\n`;
    }
  }
}
