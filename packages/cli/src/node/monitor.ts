/** The command line behind Ctrl-A c: what QEMU's monitor does with a machine, and what a debugger can show of it. */
import { createDebugger, DebuggerError, type MachineDebugger, runMonitorCommand } from '@worldswitch/debugger';
import type { Machine } from '@worldswitch/machine';

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
  return commands.map(({ names, summary }) => `${names.join(', ').padEnd(24)} ${summary}\n`).join('');
}

const MONITOR_PROMPT = '(worldswitch) ';

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
  type(bytes: Uint8Array, machine: Machine): MonitorAction[] {
    const actions: MonitorAction[] = [];
    for (const byte of bytes) {
      if (byte === 13 || byte === 10) {
        this.#write('\n');
        const action = this.#carryOut(machine);
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

  #carryOut(machine: Machine): MonitorAction {
    const line = this.#line.trim().replace(/\s+/g, ' ');
    this.#line = '';
    if (line === '') return 'none';
    const command = commands.find(({ names }) => names.includes(line));
    if (command) return command.action;
    this.#write(this.#show(line, machine));
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
