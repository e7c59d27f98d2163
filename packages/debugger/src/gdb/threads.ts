import type { DebugHit } from '@worldswitch/machine';
import { type DebugHart, modeName } from '../debug-hart.ts';
import { readRegister } from '../registers.ts';
import { registerHex } from './packet.ts';

/** gdb's own numbers of signals. */
export const Signal = { interrupt: 2, abort: 6, trap: 5 } as const;
const STACK_POINTER = 2;
const FRAME_POINTER = 8;
const PC = 32;

/** gdb numbers threads from 1. */
export const threadName = ({ id }: DebugHart): string => (id + 1).toString(16);
export const threadDetail = (hart: DebugHart): string => `${modeName(hart)}-mode, ${hart.activity}`;

/** The harts as the XML document `threads`. */
export function threadList(harts: readonly DebugHart[]): string {
  const threads = harts.map(
    (hart) =>
      `<thread id="${threadName(hart)}" core="${hart.id}" name="hart ${hart.id}">${threadDetail(hart)}</thread>\n`,
  );
  return `<?xml version="1.0"?>\n<threads>\n${threads.join('')}</threads>\n`;
}

/** The reply that says why a thread stopped: its registers that gdb would ask for next come with it. */
export function stopReply(signal: number, hart: DebugHart, hit?: DebugHit): string {
  const registers = [STACK_POINTER, FRAME_POINTER, PC].map(
    (number) => `${number.toString(16).padStart(2, '0')}:${registerHex(readRegister(hart, number) ?? 0n)};`,
  );
  const reason =
    hit === undefined || hit.kind === 'step'
      ? ''
      : hit.kind === 'breakpoint'
        ? 'hwbreak:;'
        : `${{ write: 'watch', read: 'rwatch', access: 'awatch' }[hit.kind]}:${hit.address.toString(16)};`;
  return `T${signal.toString(16).padStart(2, '0')}thread:${threadName(hart)};core:${hart.id.toString(16)};${reason}${registers.join('')}`;
}
