import { closeSync, openSync } from 'node:fs';
import type { Machine, RunEnd, VirtioBalloon } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import type { MachineDescription } from '../../machine-file/machine-description.ts';
import type { ConsoleWiring, MachineRunOptions } from '../../machine-file/run-options.ts';
import { type OpenDrive, openDrive } from '../files/drive.ts';
import { fileReason } from '../files/file-reason.ts';
import { writeAll } from '../files/output.ts';
import { expectReplaceable, replaceFile, withSnapshots } from '../files/snapshot-file.ts';
import type { SavePlan } from '../verbs/verb-snapshot.ts';
import { GdbServer } from './gdb-server.ts';
import {
  type MachineMaker,
  machineMaker,
  machineRestorer,
  type Parts,
  slotsOf,
  VIRTIO_SLOTS,
} from './machine-maker.ts';
import { Monitor } from './monitor.ts';
import { Pace } from './pace.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { watchText } from './text-watch.ts';
import { isOnTerminal, type OpenDevice, openDevice, type TerminalEnds } from './virtio-devices.ts';

const TICKS_PER_SECOND = 1e7;
const NANOSECONDS_PER_TICK = 100;
const INTERACTIVE_SLICE_MS = 15;
const PIPED_SLICE_MS = 60;
/** A waiting machine is looked after this often at least. */
const LOOK_MS = 100;

/**
 * Runs a described machine to its end, with the terminal as its console, and says how it ended.
 * @returns the exit code for the command: the machine's own when it was switched off, else one of ExitCode.
 * @throws UserError for a description that no machine can be made of.
 */
export async function runMachine(description: MachineDescription, options: MachineRunOptions): Promise<number> {
  if (Math.max(description.drives.length, description.devices?.length ?? 0) > VIRTIO_SLOTS) {
    throw new UserError(`there are ${VIRTIO_SLOTS} slots for drives and other virtio devices`, ExitCode.usage);
  }
  if (options.save) expectReplaceable(options.save.file);
  const create = options.restore ? machineRestorer(options.restore, description) : machineMaker(description);
  const drives: (OpenDrive | undefined)[] = [];
  const devices: (OpenDevice | undefined)[] = [];
  const hasTerminalDevice = description.devices?.some(isOnTerminal) ?? false;
  let output: number | undefined;
  try {
    for (const drive of description.drives) drives.push(drive && openDrive(drive));
    for (const device of description.devices ?? []) devices.push(device && openDevice(device));
    output = openOutput(options.serial);
    const terminal = openTerminal({
      hasEscapes: options.monitor === 'escape',
      readsInput: options.serial === 'stdio' || hasTerminalDevice || options.monitor === 'stdio',
      isForMonitor: options.monitor === 'stdio',
    });
    try {
      const session = new Session(create, { drives, devices, hasTerminalDevice }, options, terminal, output);
      const start = performance.now();
      const code = await session.run();
      if (options.reportsStatistics) writeAll(2, session.statistics(performance.now() - start));
      return code;
    } finally {
      terminal.close();
    }
  } finally {
    for (const part of [...drives, ...devices]) part?.close();
    if (output !== undefined && output > 2) closeSync(output);
  }
}

function openOutput(serial: ConsoleWiring['serial']): number | undefined {
  if (serial === 'none') return undefined;
  if (serial === 'stdio') return 1;
  try {
    return openSync(serial.file, 'w');
  } catch (error) {
    const why = fileReason(error, 'write');
    throw new UserError(`cannot write the console's file '${serial.file}': ${why}`, ExitCode.noInput);
  }
}

/** One run of the command: a machine, made again at each reset, and the terminal it shares with the monitor. */
class Session {
  readonly #create: MachineMaker;
  readonly #parts: Parts;
  readonly #options: MachineRunOptions;
  readonly #terminal: Terminal;
  readonly #output: number | undefined;
  readonly #texts: ReturnType<typeof watchText>;
  readonly #monitor = new Monitor((text) => writeAll(1, text));
  #gdb: GdbServer | undefined;
  #isMonitorShown: boolean;
  #isStopped: boolean;
  #machine: Machine;
  /** Of the machines before this one; less what a restored machine had done by then. */
  #instructionsBefore = 0;
  /** Instructions of the machine at which it is saved next. */
  #nextSave = Number.POSITIVE_INFINITY;
  #ticksBefore = 0;
  #idleTicksBefore = 0;

  constructor(
    create: MachineMaker,
    parts: Parts,
    options: MachineRunOptions,
    terminal: Terminal,
    output: number | undefined,
  ) {
    this.#create = create;
    this.#parts = parts;
    this.#options = options;
    this.#terminal = terminal;
    this.#output = output;
    this.#texts = watchText(options.expectText, options.failText);
    this.#isMonitorShown = options.monitor === 'stdio';
    this.#isStopped = options.startsStopped === true;
    this.#machine = this.#start();
    // A restored machine has a past, and this command's limits and figures are of this command.
    this.#instructionsBefore = -this.#machine.counters.instructions;
    this.#ticksBefore = -this.#machine.hart.now();
    const { at, every } = options.save ?? {};
    if (at !== undefined) this.#nextSave = at;
    else if (every !== undefined) this.#nextSave = this.#machine.counters.instructions + every;
  }

  #start(): Machine {
    const terminal: TerminalEnds = {
      write: (bytes) => {
        writeAll(1, bytes);
        this.#texts.add(bytes);
      },
      read: (maxBytes) => this.#terminal.read(maxBytes),
      unread: (bytes) => this.#terminal.unread(bytes),
    };
    return this.#create(slotsOf(this.#parts, terminal), {
      write: (bytes) => {
        if (this.#output !== undefined) writeAll(this.#output, bytes);
        this.#texts.add(bytes);
      },
      read: (maxBytes) => (this.#isTypedToSerial ? this.#terminal.read(maxBytes) : new Uint8Array(0)),
    });
  }

  get #isTypedToSerial(): boolean {
    return this.#options.serial === 'stdio' && !this.#parts.hasTerminalDevice;
  }

  get #balloon(): VirtioBalloon | undefined {
    return this.#parts.devices.find((device) => device?.balloon)?.balloon;
  }

  /** Hands what was typed to the devices; true when there was something. */
  #feed(ticks?: number): boolean {
    let isFed = false;
    for (const device of this.#parts.devices) if (device?.feed(ticks)) isFed = true;
    return isFed;
  }

  get #instructions(): number {
    return this.#instructionsBefore + this.#machine.counters.instructions;
  }
  get #ticks(): number {
    return this.#ticksBefore + this.#machine.hart.now();
  }
  /**
   * What the clock on the wall holds back. For a person at a terminal that is all of the time; a program that talks by a pipe has the
   * machine's full speed, but its machine does not run away while it thinks.
   */
  get #pacedTicks(): number {
    return this.#terminal.isInteractive ? this.#ticks : this.#idleTicksBefore + this.#machine.idleTicks;
  }
  get #isPaced(): boolean {
    const { idle } = this.#options;
    return idle === undefined ? !this.#terminal.isEnded || this.#gdb?.isConnected === true : idle === 'wait';
  }

  statistics(wallMs: number): string {
    const memory = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
    const virtual = (this.#ticks / TICKS_PER_SECOND).toFixed(3);
    return `worldswitch: ${this.#instructions} instructions, ${virtual} s of virtual time, ${(wallMs / 1000).toFixed(1)} s on the wall, ${memory} MiB of memory\n`;
  }

  async run(): Promise<number> {
    const { gdb, reboots, startsStopped } = this.#options;
    if (!gdb) return this.#saveAtEnd(await this.#run());
    this.#gdb = await GdbServer.listen(this.#machine, { address: gdb, reboots });
    try {
      if (startsStopped) writeAll(2, `worldswitch: waiting for gdb: target remote ${gdb.host}:${this.#gdb.port}\n`);
      return this.#saveAtEnd(await this.#run());
    } finally {
      this.#gdb.close();
    }
  }

  #save(plan: SavePlan): void {
    // What the machine knows to be on its disks must not be lost when this process is.
    for (const drive of this.#parts.drives) drive?.backend.flush();
    const bytes = withSnapshots('save the machine', () => this.#machine.save(plan.since ? { since: plan.since } : {}));
    replaceFile(plan.file, bytes);
  }

  #saveAtEnd(code: number): number {
    const { save } = this.#options;
    if (save && save.at === undefined && save.every === undefined) this.#save(save);
    return code;
  }

  #saveWhenDue(): void {
    const { save } = this.#options;
    const { instructions } = this.#machine.counters;
    if (!save || instructions < this.#nextSave) return;
    this.#save(save);
    this.#nextSave = save.every === undefined ? Number.POSITIVE_INFINITY : instructions + save.every;
  }

  /** gdb has the last word while it is there, the monitor otherwise. */
  get #isHeld(): boolean {
    return this.#gdb?.isConnected ? this.#gdb.isHalted : this.#isStopped;
  }

  /** Waits for keys, and for gdb. */
  async #wait(milliseconds: number): Promise<void> {
    const keys = this.#terminal.wait(milliseconds);
    await (this.#gdb ? Promise.race([keys, this.#gdb.wait(milliseconds)]) : keys);
  }

  async #run(): Promise<number> {
    const { maxInstructions = Number.POSITIVE_INFINITY, maxSeconds = Number.POSITIVE_INFINITY } = this.#options;
    const maxTicks = maxSeconds * TICKS_PER_SECOND;
    const { isInteractive } = this.#terminal;
    const pace = new Pace();
    if (this.#isMonitorShown) this.#monitor.prompt();
    for (;;) {
      if (this.#gdb?.isKilled) return ExitCode.ok;
      if (this.#isHeld) {
        await this.#wait(1000);
        pace.forget(this.#pacedTicks);
        if (!this.#gdb && this.#terminal.isEnded && this.#options.monitor !== 'none') return ExitCode.ok;
      } else {
        this.#isStopped = false;
        this.#feed(this.#ticks);
        const isPaced = this.#isPaced;
        const sliceEnd = performance.now() + (isInteractive ? INTERACTIVE_SLICE_MS : PIPED_SLICE_MS);
        const end = (this.#gdb ?? this.#machine).run({
          ...(this.#options.watchdog !== undefined && { watchdog: this.#options.watchdog }),
          maxInstructions: Math.max(
            0,
            Math.min(
              maxInstructions - this.#instructions,
              this.#nextSave - this.#machine.counters.instructions,
              this.#instructionsUntil(maxTicks),
            ),
          ),
          ...((isPaced || maxTicks !== Number.POSITIVE_INFINITY) && {
            maxIdleTicks: Math.min(
              isPaced ? pace.allowance(this.#pacedTicks) : Number.POSITIVE_INFINITY,
              Math.max(0, maxTicks - this.#ticks),
            ),
          }),
          until: () =>
            performance.now() >= sliceEnd ||
            this.#texts.isSatisfied ||
            this.#texts.failed !== undefined ||
            this.#ticks >= maxTicks ||
            (isInteractive && isPaced && pace.isAhead(this.#pacedTicks)),
        });
        pace.forget(this.#pacedTicks);
        this.#saveWhenDue();
        const code = this.#judge(end, maxInstructions, maxTicks);
        if (code !== undefined) return code;
        if (end.reason === 'idle' && !this.#feed()) {
          if (this.#terminal.isEnded && !this.#gdb?.isConnected) {
            return this.#ended(ExitCode.guestFault, `${end.message}, and there is no input`);
          }
          await this.#wait(LOOK_MS);
        } else if (end.reason === 'waiting') await this.#wait(Math.min(LOOK_MS, pace.delay(end.idleTicks ?? 0)));
        else if (isInteractive && isPaced && pace.isAhead(this.#pacedTicks)) await this.#wait(pace.delay(0) + 1);
        else await new Promise((resolve) => setImmediate(resolve));
      }
      const code = this.#attend();
      if (code !== undefined) return code;
    }
  }

  /** Instructions after which the clock may stand at `ticks`: with several harts, and while they wait, it takes more than these. */
  #instructionsUntil(ticks: number): number {
    return Math.ceil(
      (Math.max(0, ticks - this.#ticks) * NANOSECONDS_PER_TICK) / this.#machine.hart.group.clock.instructionTime,
    );
  }

  /** What a slice's end means for the command: an exit code, or undefined to go on. */
  #judge(end: RunEnd, maxInstructions: number, maxTicks: number): number | undefined {
    if (this.#texts.failed !== undefined) {
      return this.#ended(ExitCode.failText, `the console said '${this.#texts.failed}'`);
    }
    if (this.#texts.isSatisfied) return ExitCode.ok;
    switch (end.reason) {
      case 'poweroff':
        if (this.#texts.missing !== undefined) return this.#textMissing();
        if (!this.#options.staysAfterPoweroff) return end.exitCode & 0xff;
        this.#isStopped = true;
        return undefined;
      case 'reset':
        if (this.#options.reboots) this.#reset();
        else return this.#texts.missing === undefined ? ExitCode.ok : this.#textMissing();
        return undefined;
      case 'stuck':
        return this.#ended(ExitCode.guestFault, end.message ?? 'it cannot go on');
      case 'idle':
      case 'waiting':
      case 'until':
      case 'budget':
        if (this.#instructions >= maxInstructions) {
          return this.#ended(ExitCode.instructionLimit, `${this.#limitText()} within ${maxInstructions} instructions`);
        }
        if (this.#ticks >= maxTicks) {
          const seconds = maxTicks / TICKS_PER_SECOND;
          return this.#ended(ExitCode.timeLimit, `${this.#limitText()} within ${seconds} s of virtual time`);
        }
        return undefined;
      default:
        return end.reason satisfies never;
    }
  }

  #limitText(): string {
    return this.#texts.missing === undefined ? 'it did not end' : `'${this.#texts.missing}' did not come`;
  }
  #textMissing(): number {
    return this.#ended(ExitCode.textMissing, `the machine ended before the console said '${this.#texts.missing}'`);
  }
  #ended(code: number, message: string): number {
    writeAll(2, `worldswitch: ${message}\n`);
    return code;
  }

  #reset(): void {
    this.#instructionsBefore = this.#instructions;
    this.#ticksBefore = this.#ticks;
    this.#idleTicksBefore += this.#machine.idleTicks;
    // What was typed and not read yet is for the machine that comes.
    if (this.#isTypedToSerial) this.#terminal.unread(this.#machine.board.uart.save().input);
    for (const device of this.#parts.devices) device?.reset();
    this.#machine.dispose();
    this.#machine = this.#start();
    this.#gdb?.replaceMachine(this.#machine);
  }

  /** Keys, signals and monitor commands that came during the last slice. */
  #attend(): number | undefined {
    if (this.#terminal.signal !== undefined) return 128 + this.#terminal.signal;
    for (const request of this.#terminal.takeRequests()) {
      if (request === 'quit') return ExitCode.ok;
      if (request === 'help') writeAll(1, '\nCtrl-A x  end\nCtrl-A c  monitor\nCtrl-A Ctrl-A  a Ctrl-A\n');
      else {
        this.#isMonitorShown = !this.#isMonitorShown;
        if (this.#isMonitorShown) {
          writeAll(1, '\n');
          this.#monitor.prompt();
        } else writeAll(1, '\n');
      }
    }
    if (!this.#isMonitorShown) return undefined;
    for (const action of this.#monitor.type(this.#terminal.readMonitor(), this.#machine, this.#balloon)) {
      if (action === 'quit') return ExitCode.ok;
      if (action === 'stop') this.#isStopped = true;
      if (action === 'continue') this.#isStopped = false;
      if (action === 'reset') this.#reset();
    }
    return undefined;
  }
}
