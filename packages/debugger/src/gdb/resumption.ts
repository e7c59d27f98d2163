import { parseAddress, parseNumber } from './packet.ts';

/** What gdb wants a thread to do. */
export interface ThreadAction {
  readonly kind: 'continue' | 'step' | 'range';
  /** Undefined: every thread without an action of its own. */
  readonly thread: number | undefined;
  readonly range?: { readonly start: bigint; readonly end: bigint };
}

/** The actions of `vCont;...` (gdb manual, "Packets", vCont); undefined when it is malformed. Signals are not delivered. */
export function parseActions(text: string): readonly ThreadAction[] | undefined {
  const actions: ThreadAction[] = [];
  for (const part of text.split(';')) {
    const [action = '', thread] = part.split(':');
    const number = thread === undefined || thread === '-1' ? undefined : parseNumber(thread);
    if (thread !== undefined && thread !== '-1' && number === undefined) return undefined;
    const range = /^r([0-9a-fA-F]+),([0-9a-fA-F]+)$/.exec(action);
    if (/^(?:c|C[0-9a-fA-F]{2})$/.test(action)) actions.push({ kind: 'continue', thread: number });
    else if (/^(?:s|S[0-9a-fA-F]{2})$/.test(action)) actions.push({ kind: 'step', thread: number });
    else if (range) {
      const [start, end] = [parseAddress(range[1]), parseAddress(range[2])];
      if (start === undefined || end === undefined) return undefined;
      actions.push({ kind: 'range', thread: number, range: { start, end } });
    } else return undefined;
  }
  return actions;
}

/**
 * The one thread that is stepped, if any. Harts are never held: those without an action run in their turn, as they would
 * without a debugger.
 */
export function steppedThread(actions: readonly ThreadAction[], current: number): ThreadAction | undefined {
  const step = actions.find(({ kind }) => kind !== 'continue');
  if (!step) return undefined;
  return { ...step, thread: step.thread ?? current };
}
