import { Actor, type TraceEvent, type TraceSink } from '../src/index.ts';
import { type Law, requireEqual, requireThat } from './law.ts';

const first: TraceEvent = {
  time: 10,
  world: 'w',
  from: Actor.program,
  to: Actor.host,
  cause: 'ecall-from-u',
  handledBy: Actor.host,
  pc: 0xffff_ffff_ffff_fffen,
  value: 64n,
  detail: 'write',
};

/**
 * What every TraceSink does.
 * @param create gives a sink, and what it has recorded so far.
 */
export function traceSinkLaws(
  create: () => { readonly sink: TraceSink; readonly events: () => readonly TraceEvent[] },
): Law[] {
  return [
    {
      name: 'a sink keeps every event, in order, with all its fields',
      check() {
        const { sink, events } = create();
        const emitted: TraceEvent[] = [];
        for (let time = 0; time < 1000; time++) {
          const event: TraceEvent = { ...first, time, detail: `event ${time}` };
          emitted.push(event);
          sink.emit(event);
        }
        requireEqual(events(), emitted, 'events');
      },
    },
    {
      name: 'a sink takes events without the optional fields, and adds none',
      check() {
        const { sink, events } = create();
        const bare: TraceEvent = { time: 0, world: 'w', from: 'VMM', to: 'program', cause: 'sret', handledBy: 'VMM' };
        sink.emit(bare);
        requireEqual(events(), [bare], 'events');
      },
    },
    {
      name: 'a sink does not change an event',
      check() {
        const { sink } = create();
        const frozen = Object.freeze({ ...first });
        sink.emit(frozen);
        requireEqual(frozen, first, 'the event after it was emitted');
      },
    },
  ];
}

/**
 * What the events of one run of one world must be like, whoever emitted them.
 * @param record runs it and gives its events.
 */
export function traceStreamLaws(record: () => readonly TraceEvent[] | Promise<readonly TraceEvent[]>): Law[] {
  const actors = new Set<string>(Object.values(Actor));
  let recorded: Promise<readonly TraceEvent[]> | undefined;
  const events = () => {
    recorded ??= Promise.resolve(record());
    return recorded;
  };
  return [
    {
      name: 'each hop is between two different actors that are known, and says why',
      async check() {
        const all = await events();
        requireThat(all.length > 0, 'at least one event');
        for (const event of all) {
          requireThat(actors.has(event.from) && actors.has(event.to), `known actors, not ${event.from} to ${event.to}`);
          requireThat(actors.has(event.handledBy), `a known handler, not ${event.handledBy}`);
          requireThat(event.from !== event.to, `a hop, not ${event.from} to itself (${event.cause})`);
          requireThat(event.cause.length > 0, 'a cause');
          requireThat(event.world.length > 0, "the world's name");
          for (const field of [event.pc, event.value])
            requireThat(field === undefined || (field >= 0n && field < 2n ** 64n), `a value below 2^64, not ${field}`);
        }
      },
    },
    {
      name: 'time does not run backwards',
      async check() {
        let before = 0;
        for (const { time, cause } of await events()) {
          requireThat(time >= before, `time ${time} of ${cause} not to be before ${before}`);
          before = time;
        }
      },
    },
    {
      name: 'who gives up control is who had it: each hop begins where the one before ended',
      async check() {
        const all = await events();
        for (const [index, event] of all.entries()) {
          const previous = all[index - 1];
          if (previous !== undefined)
            requireEqual(event.from, previous.to, `event ${index} (${event.cause}), after ${previous.cause}: from`);
        }
      },
    },
  ];
}
