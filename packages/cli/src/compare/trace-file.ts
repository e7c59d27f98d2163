import type { TraceEvent, TraceSink } from '@worldswitch/contracts';

/** A trace event as JSON data: 64-bit numbers are hexadecimal strings. */
export interface HopData {
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly handledBy: string;
  readonly time: number;
  readonly pc?: string;
  readonly value?: string;
  readonly detail?: string;
}

export function hopData(event: TraceEvent): HopData {
  return {
    from: event.from,
    to: event.to,
    cause: event.cause,
    handledBy: event.handledBy,
    time: event.time,
    ...(event.pc === undefined ? {} : { pc: `0x${event.pc.toString(16)}` }),
    ...(event.value === undefined ? {} : { value: `0x${event.value.toString(16)}` }),
    ...(event.detail === undefined ? {} : { detail: event.detail }),
  };
}

/** Writes each event as one line of JSON. */
export function jsonLinesSink(write: (text: string) => void): TraceSink {
  return { emit: (event) => write(`${JSON.stringify({ world: event.world, ...hopData(event) })}\n`) };
}

/**
 * Writes the Chrome trace event format (JSON array form, which Perfetto reads too): one process for each world, one thread for
 * each actor, and a complete event for the time an actor holds control. One retired instruction is shown as one nanosecond.
 */
export function chromeTraceSink(write: (text: string) => void): TraceSink & { close(): void } {
  const processes = new Map<string, { id: number; actors: Map<string, number>; since: number; cause: string }>();
  let isFirst = true;
  const put = (record: object) => {
    write(`${isFirst ? '[\n' : ',\n'}${JSON.stringify(record)}`);
    isFirst = false;
  };
  const thread = (process: { id: number; actors: Map<string, number> }, actor: string) => {
    let id = process.actors.get(actor);
    if (id === undefined) {
      id = process.actors.size + 1;
      process.actors.set(actor, id);
      put({ name: 'thread_name', ph: 'M', pid: process.id, tid: id, args: { name: actor } });
    }
    return id;
  };
  return {
    emit(event) {
      let process = processes.get(event.world);
      if (process === undefined) {
        process = { id: processes.size + 1, actors: new Map(), since: event.time, cause: 'start' };
        processes.set(event.world, process);
        put({ name: 'process_name', ph: 'M', pid: process.id, args: { name: event.world } });
      }
      put({
        name: process.cause,
        cat: 'control',
        ph: 'X',
        pid: process.id,
        tid: thread(process, event.from),
        ts: process.since / 1000,
        dur: (event.time - process.since) / 1000,
        args: {
          next: event.cause,
          handledBy: event.handledBy,
          ...(event.detail === undefined ? {} : { detail: event.detail }),
        },
      });
      process.since = event.time;
      process.cause = event.cause;
    },
    close() {
      write(isFirst ? '[]\n' : '\n]\n');
    },
  };
}
