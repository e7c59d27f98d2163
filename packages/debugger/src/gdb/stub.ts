import type { Machine, RunEnd, RunOptions } from '@worldswitch/machine';
import type { DebugHart } from '../debug-hart.ts';
import type { MachineDebugger, Resumption } from '../machine-debugger.ts';
import type { AddressKind } from '../memory.ts';
import { runMonitorCommand } from '../monitor/monitor.ts';
import { registersOf } from '../registers.ts';
import {
  changePoint,
  type PacketTarget,
  readGeneralRegisters,
  readMemoryBytes,
  readOneRegister,
  writeGeneralRegisters,
  writeMemoryBytes,
  writeOneRegister,
} from './access-packets.ts';
import { encodePacket, errors, fromHex, MAX_PACKET, PacketReader, parseAddress, parseNumber, toHex } from './packet.ts';
import { parseActions, steppedThread } from './resumption.ts';
import { targetDescription } from './target-description.ts';
import { Signal, stopReply, threadDetail, threadList, threadName } from './threads.ts';

/**
 * `running`: the machine is to be run (`advance`). `halted`: gdb has it. `detached`: gdb has gone and the machine runs on without
 * it. `killed`: gdb wants it ended. `ended`: the machine ended by itself.
 */
export type StubState = 'running' | 'halted' | 'detached' | 'killed' | 'ended';

export interface GdbStubOptions {
  readonly debugger: MachineDebugger;
  /** Sends bytes to gdb. */
  readonly send: (bytes: Uint8Array) => void;
  /** Records the run from now on, so that gdb can go back (reverse-stepi, reverse-continue). Default: true. */
  readonly records?: boolean;
  /** Whoever runs the machine makes another one when software resets it, and calls `replaceMachine`. */
  readonly reboots?: boolean;
}

/** Console packets carry at most this many characters. */
const CONSOLE_CHUNK = 0x1000;

/**
 * The target's side of gdb's remote serial protocol (gdb manual, appendix "Remote Protocol"), over whatever carries bytes. While
 * it is `running` its owner calls `advance` again and again; bytes from gdb go to `receive` in between. A packet that makes
 * no sense gets an error and changes nothing.
 */
export class GdbStub {
  readonly #debugger: MachineDebugger;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #reader = new PacketReader();
  #state: StubState = 'halted';
  #isAcknowledging = true;
  #lastSent: Uint8Array | undefined;
  readonly #reboots: boolean;
  /** Number of the hart chosen by Hg. */
  #chosenId = 0;
  #addressKind: AddressKind = 'virtual';
  #lastStop: string;
  #end: RunEnd | undefined;
  readonly #description: string;

  constructor({ debugger: machineDebugger, send, reboots = false, records = true }: GdbStubOptions) {
    this.#debugger = machineDebugger;
    this.#send = send;
    this.#reboots = reboots;
    if (records) machineDebugger.record();
    this.#description = targetDescription(registersOf(this.#chosen));
    this.#lastStop = stopReply(Signal.trap, this.#chosen);
  }

  get #chosen(): DebugHart {
    return this.#debugger.hart(this.#chosenId);
  }

  get #target(): PacketTarget {
    return { machineDebugger: this.#debugger, hart: this.#chosen, addressKind: this.#addressKind };
  }

  get state(): StubState {
    return this.#state;
  }

  /** How the machine ended, once the state is `ended`. */
  get end(): RunEnd | undefined {
    return this.#end;
  }

  /** Bytes from gdb. */
  receive(bytes: Uint8Array): void {
    for (const received of this.#reader.read(bytes)) {
      if (this.#state === 'detached' || this.#state === 'killed') return;
      switch (received.kind) {
        case 'acknowledged':
          break;
        case 'retransmit':
          if (this.#lastSent && this.#isAcknowledging) this.#send(this.#lastSent);
          break;
        case 'interrupt':
          this.interrupt();
          break;
        case 'packet':
          this.#packet(received.data, received.isIntact);
          break;
        default:
          received satisfies never;
      }
    }
  }

  /** gdb is gone without a word: as if it had detached. */
  disconnect(): void {
    if (this.#state === 'killed' || this.#state === 'ended') return;
    this.#detach();
  }

  /** Halts the machine and tells gdb; nothing while it is halted already. */
  interrupt(): void {
    if (this.#state !== 'running') return;
    this.#debugger.halt();
    this.#stop(stopReply(Signal.interrupt, this.#chosen));
  }

  /**
   * Runs the machine on while it is `running`, and says what `Machine.run` said; a machine that gdb stopped has ended with
   * `until`.
   */
  advance(limits: RunOptions): RunEnd {
    if (this.#state !== 'running') return { reason: 'until', exitCode: 0 };
    const progress = this.#debugger.advance(limits);
    switch (progress.kind) {
      case 'running':
        return progress.end;
      case 'stopped':
        this.#chosenId = progress.hart.id;
        this.#stop(stopReply(Signal.trap, progress.hart, progress.hit));
        return { reason: 'until', exitCode: 0 };
      case 'beginning':
        this.#stop(`${stopReply(Signal.trap, this.#chosen)}replaylog:begin;`);
        return { reason: 'until', exitCode: 0 };
      case 'ended':
        this.#ended(progress.end);
        // One that cannot go on is looked at by gdb.
        return progress.end.reason === 'stuck' ? { reason: 'until', exitCode: 0 } : progress.end;
      default:
        return progress satisfies never;
    }
  }

  /** The machine was reset: another one goes on in its place. */
  replaceMachine(machine: Machine): void {
    this.#debugger.replaceMachine(machine);
    this.#end = undefined;
  }

  #ended(end: RunEnd): void {
    if (end.reason === 'reset' && this.#reboots) return;
    this.#end = end;
    if (end.reason === 'stuck') {
      this.#console(`the machine cannot go on: ${end.message ?? ''}\n`);
      this.#stop(stopReply(Signal.abort, this.#chosen));
      return;
    }
    this.#state = 'ended';
    this.#reply(`W${(end.exitCode & 0xff).toString(16).padStart(2, '0')}`);
  }

  #stop(reply: string): void {
    this.#state = 'halted';
    this.#lastStop = reply;
    this.#reply(reply);
  }

  // ---- packets ----

  #packet(data: Uint8Array, isIntact: boolean): void {
    if (this.#isAcknowledging) this.#send(Uint8Array.of(isIntact ? 0x2b : 0x2d));
    if (!isIntact) return;
    // Whoever sends anything while the machine runs wants it to stop.
    if (this.#state === 'running') this.interrupt();
    const text = latin1(data);
    const reply = this.#answer(text);
    if (reply !== undefined) this.#reply(reply);
  }

  #reply(contents: string): void {
    const bytes = encodePacket(contents);
    this.#lastSent = bytes;
    this.#send(bytes);
  }

  #console(text: string): void {
    for (let at = 0; at < text.length; at += CONSOLE_CHUNK) {
      this.#reply(`O${toHex(new TextEncoder().encode(text.slice(at, at + CONSOLE_CHUNK)))}`);
    }
  }

  /** The reply to a packet; undefined when none is due (yet). An empty one says that the packet is not known. */
  #answer(text: string): string | undefined {
    const rest = text.slice(1);
    switch (text[0]) {
      case '?':
        return this.#lastStop;
      case 'g':
        return readGeneralRegisters(this.#target);
      case 'G':
        return writeGeneralRegisters(this.#target, rest);
      case 'p':
        return readOneRegister(this.#target, rest);
      case 'P':
        return writeOneRegister(this.#target, rest);
      case 'm':
        return readMemoryBytes(this.#target, rest);
      case 'M':
      case 'X':
        return writeMemoryBytes(this.#target, rest, text[0] === 'X');
      case 'Z':
      case 'z':
        return changePoint(this.#target, rest, text[0] === 'Z');
      case 'H':
        return this.#chooseThread(rest);
      case 'T':
        return this.#threadOf(rest) ? 'OK' : errors.thread;
      case 'c':
      case 's':
        return this.#resumeAt(rest, text[0] === 's');
      case 'C':
      case 'S':
        return this.#resumeAt(rest.split(';')[1] ?? '', text[0] === 'S');
      case 'b':
        return this.#reverse(rest);
      case 'D':
        this.#detach();
        this.#reply('OK');
        return undefined;
      case 'k':
        this.#kill();
        return undefined;
      case 'v':
        return this.#verbose(text);
      case 'q':
        return this.#query(text);
      case 'Q':
        return this.#set(text);
      default:
        return errors.unsupported;
    }
  }

  #verbose(text: string): string | undefined {
    if (text === 'vCont?') return 'vCont;c;C;s;S;r';
    if (text.startsWith('vCont;')) return this.#resumeActions(text.slice(6));
    if (text === 'vKill' || text.startsWith('vKill;')) {
      this.#kill();
      this.#reply('OK');
      return undefined;
    }
    return errors.unsupported;
  }

  #query(text: string): string | undefined {
    const [name = ''] = /^q[A-Za-z.]*/.exec(text) ?? [];
    switch (name) {
      case 'qSupported':
        return [
          `PacketSize=${MAX_PACKET.toString(16)}`,
          'QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;vContSupported+;swbreak+;hwbreak+',
          ...(this.#debugger.isRecording ? ['ReverseStep+;ReverseContinue+'] : []),
        ].join(';');
      case 'qXfer':
        return this.#transfer(text.slice(6));
      case 'qAttached':
        return '1';
      case 'qC':
        return `QC${threadName(this.#chosen)}`;
      case 'qfThreadInfo':
        return `m${this.#debugger.harts.map(threadName).join(',')}`;
      case 'qsThreadInfo':
        return 'l';
      case 'qThreadExtraInfo': {
        const hart = this.#threadOf(text.slice(name.length + 1));
        return hart ? toHex(new TextEncoder().encode(threadDetail(hart))) : errors.thread;
      }
      case 'qSymbol':
        return 'OK';
      case 'qRcmd':
        return this.#monitor(text.slice(6));
      case 'qqemu.PhyMemMode':
        return this.#addressKind === 'physical' ? '1' : '0';
      default:
        return errors.unsupported;
    }
  }

  #set(text: string): string | undefined {
    if (text === 'QStartNoAckMode') {
      this.#reply('OK');
      this.#isAcknowledging = false;
      return undefined;
    }
    const mode = /^Qqemu\.PhyMemMode:([01])$/.exec(text)?.[1];
    if (mode === undefined) return errors.unsupported;
    this.#addressKind = mode === '1' ? 'physical' : 'virtual';
    return 'OK';
  }

  /** qXfer:object:read:annex:offset,length */
  #transfer(text: string): string {
    const match = /^(features|threads):read:([^:]*):([0-9a-f]+),([0-9a-f]+)$/i.exec(text);
    if (!match) return errors.unsupported;
    const [, object, annex] = match;
    if (object === 'features' && annex !== 'target.xml') return 'E00';
    const document = object === 'features' ? this.#description : threadList(this.#debugger.harts);
    const offset = parseNumber(match[3]);
    const length = Math.min(parseNumber(match[4]) ?? 0, MAX_PACKET / 2);
    if (offset === undefined) return errors.malformed;
    const piece = document.slice(offset, offset + length);
    return `${offset + piece.length < document.length ? 'm' : 'l'}${piece}`;
  }

  #monitor(hex: string): string {
    const bytes = fromHex(hex);
    if (!bytes) return errors.malformed;
    const output = runMonitorCommand(this.#debugger, this.#chosen, new TextDecoder().decode(bytes));
    this.#console(output);
    return 'OK';
  }

  // ---- threads ----

  #threadOf(text: string): DebugHart | undefined {
    const number = parseNumber(text);
    return this.#debugger.harts.find(({ id }) => id + 1 === number);
  }

  #chooseThread(rest: string): string {
    const operation = rest[0];
    const text = rest.slice(1);
    if (operation !== 'g' && operation !== 'c') return errors.malformed;
    // 0: any; -1: all.
    if (text === '0' || text === '-1') return 'OK';
    const hart = this.#threadOf(text);
    if (!hart) return errors.thread;
    if (operation === 'g') this.#chosenId = hart.id;
    return 'OK';
  }

  // ---- running ----

  #resumeAt(text: string, isStep: boolean): string | undefined {
    if (text !== '') {
      const address = parseAddress(text);
      if (address === undefined) return errors.malformed;
      this.#chosen.vcpu.pc = address & ~1n;
      this.#debugger.noteChange();
    }
    return this.#resume(isStep ? { step: { hart: this.#chosen } } : {});
  }

  #resumeActions(text: string): string | undefined {
    const actions = parseActions(text);
    if (!actions || actions.length === 0) return errors.malformed;
    const step = steppedThread(actions, this.#chosen.id + 1);
    if (!step) return this.#resume({});
    const hart = this.#debugger.harts.find(({ id }) => id + 1 === step.thread);
    if (!hart) return errors.thread;
    return this.#resume({ step: { hart, ...(step.range && { range: step.range }) } });
  }

  /** bs and bc: step and continue backwards. */
  #reverse(kind: string): string | undefined {
    if ((kind !== 's' && kind !== 'c') || !this.#debugger.isRecording) return errors.unsupported;
    return this.#resume({ isReverse: true, ...(kind === 's' && { step: { hart: this.#chosen } }) });
  }

  #resume(resumption: Resumption): undefined {
    // A machine that cannot go on says so again.
    this.#debugger.resume(resumption);
    this.#state = 'running';
  }

  #detach(): void {
    this.#debugger.detach();
    this.#state = 'detached';
  }

  #kill(): void {
    this.#debugger.halt();
    this.#state = 'killed';
  }
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
