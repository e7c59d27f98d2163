/** The command line behind Ctrl-A c: what of QEMU's monitor a machine is looked at and stopped with. */
import type { Machine } from '@worldswitch/machine';
import { mappedRanges } from '../page-table-listing.ts';
import { registerText } from '../register-text.ts';

/** What a monitor command wants done with the machine. */
export type MonitorAction = 'none' | 'quit' | 'reset' | 'stop' | 'continue';

interface MonitorCommand {
  readonly names: readonly string[];
  readonly summary: string;
  run(machine: Machine): { readonly text?: string; readonly action?: MonitorAction };
}

const commands: readonly MonitorCommand[] = [
  { names: ['help', '?'], summary: 'this list', run: () => ({ text: helpText() }) },
  {
    names: ['info registers'],
    summary: 'the registers of all harts',
    run: (machine) => ({ text: registerText(machine) }),
  },
  {
    names: ['info mem'],
    summary: 'what hart 0 has mapped: virtual, physical, size, rights',
    run: (machine) => ({ text: mappedRanges(machine) }),
  },
  {
    names: ['info status'],
    summary: 'instructions and virtual time so far',
    run: (machine) => ({
      text: `${machine.counters.instructions} instructions, ${(machine.hart.now() / 1e7).toFixed(6)} s of virtual time\n`,
    }),
  },
  { names: ['stop', 's'], summary: 'stop the machine', run: () => ({ action: 'stop' }) },
  { names: ['cont', 'c'], summary: 'let it go on', run: () => ({ action: 'continue' }) },
  { names: ['system_reset'], summary: 'reset the machine', run: () => ({ action: 'reset' }) },
  { names: ['quit', 'q'], summary: 'end the command', run: () => ({ action: 'quit' }) },
];

function helpText(): string {
  return commands.map(({ names, summary }) => `${names.join('|').padEnd(16)} ${summary}\n`).join('');
}

export const MONITOR_PROMPT = '(worldswitch) ';

/** Collects a line as it is typed, with echo, and carries it out. */
export class Monitor {
  #line = '';
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
        this.#write('\r\n');
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
    if (!command) {
      this.#write(`unknown command '${line}'; help lists them\r\n`);
      return 'none';
    }
    const { text, action } = command.run(machine);
    if (text) this.#write(text.replaceAll('\n', '\r\n'));
    return action ?? 'none';
  }
}
