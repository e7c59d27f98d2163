import { Actor, type TraceEvent } from '@worldswitch/contracts';
import { expect, it } from 'vitest';
import { chromeTraceSink, jsonLinesSink } from './trace-file.ts';

const events: TraceEvent[] = [
  {
    time: 100,
    world: 'full',
    from: Actor.program,
    to: Actor.host,
    cause: 'ecall-from-u',
    handledBy: Actor.host,
    pc: 2n ** 63n,
  },
  {
    time: 160,
    world: 'full',
    from: Actor.host,
    to: Actor.program,
    cause: 'resume',
    handledBy: Actor.host,
    detail: 'getppid',
  },
];

it('writes one JSON object a line, 64-bit values in hexadecimal', () => {
  let text = '';
  const sink = jsonLinesSink((piece) => {
    text += piece;
  });
  for (const event of events) sink.emit(event);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({ world: 'full', from: 'program', to: 'host OS', pc: '0x8000000000000000' });
  expect(lines[1].detail).toBe('getppid');
});

it('writes a Chrome trace whose complete events cover the time each actor held control', () => {
  let text = '';
  const sink = chromeTraceSink((piece) => {
    text += piece;
  });
  for (const event of events) sink.emit(event);
  sink.close();
  const records = JSON.parse(text) as { ph: string; ts: number; dur: number; name: string }[];
  const complete = records.filter((record) => record.ph === 'X');
  expect(complete.map((record) => [record.name, record.ts, record.dur])).toEqual([
    ['start', 0.1, 0],
    ['ecall-from-u', 0.1, 0.06],
  ]);
});

it('writes a valid empty trace', () => {
  let text = '';
  chromeTraceSink((piece) => {
    text += piece;
  }).close();
  expect(JSON.parse(text)).toEqual([]);
});
