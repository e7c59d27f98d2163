import { describe, expect, it } from 'vitest';
import {
  checkLaws,
  createArrayMemory,
  deviceLaws,
  type Law,
  physicalMemoryLaws,
  skipLaws,
  traceSinkLaws,
  traceStreamLaws,
} from '../conformance/index.ts';
import type { Device, PhysicalMemory, TraceEvent, TraceSink } from '../src/index.ts';

const createMemory = () => createArrayMemory({ base: 0x8000_0000, size: 0x1_0000 });

function createRecorder() {
  const kept: TraceEvent[] = [];
  const sink: TraceSink = { emit: (event) => kept.push({ ...event }) };
  return { sink, events: () => kept };
}

/** Two registers: a scratch byte, and a word that counts the writes to it. */
function createScratch(): Device {
  let scratch = 0;
  let writes = 0;
  return {
    name: 'scratch',
    size: 8,
    read: (offset, width) => (offset === 0 ? scratch & 0xff : offset === 4 && width === 4 ? writes : 0),
    write(offset, _width, value) {
      if (offset === 0) scratch = value & 0xff;
      if (offset === 4) writes++;
    },
    reset() {
      scratch = 0;
      writes = 0;
    },
  };
}

const broken = async (laws: readonly Law[]) =>
  (await checkLaws(laws)).filter(({ outcome }) => outcome === 'broken').map(({ name }) => name);

function apply(name: string, laws: readonly Law[]): void {
  describe(name, () => {
    for (const law of laws) it.skipIf(law.skipped !== undefined)(law.name, law.check);
  });
}

apply('array memory', physicalMemoryLaws(createMemory));
apply('trace recorder', traceSinkLaws(createRecorder));
apply('scratch device', deviceLaws(createScratch));

describe('the laws notice', () => {
  it.each<[string, (memory: PhysicalMemory) => Partial<PhysicalMemory>, string]>([
    [
      'a write that spills over',
      (memory) => ({ write16: (address, value) => memory.write32(address & ~3, value >>> 0) }),
      'a write keeps the low bits of a value and touches no neighbour',
    ],
    [
      'a slice that is a copy',
      (memory) => ({ slice: (a, n) => memory.slice(a, n).slice() }),
      'slice is a view, write copies',
    ],
    [
      'an end that is one byte late',
      (memory) => ({ contains: (a, n) => a >= memory.base && a + n <= memory.base + memory.size + 1 }),
      'contains says exactly what lies inside',
    ],
    ['signed reads', (memory) => ({ read32: (a) => memory.read32(a) | 0 }), 'reads are unsigned'],
    [
      'an alignment that nobody checks',
      (memory) => ({ read16: (a) => memory.read8(a) + 256 * memory.read8(a + 1) }),
      'misaligned accesses throw a RangeError',
    ],
  ])('memory with %s', async (_what, change, law) => {
    const laws = physicalMemoryLaws(() => {
      const memory = createMemory();
      return { ...memory, ...change(memory) };
    });
    expect(await broken(laws)).toContain(law);
  });

  it('a device that keeps a register through reset', async () => {
    expect(await broken(deviceLaws(() => ({ ...createScratch(), reset() {} })))).toEqual([
      'reset brings back the state of a new one',
    ]);
  });

  it('a device that throws at a value, and one that answers with a sign', async () => {
    const refuses = deviceLaws(() => ({
      ...createScratch(),
      write(_offset, _width, value) {
        if (value === 0xffff_ffff) throw new Error('unknown command');
      },
    }));
    expect(await broken(refuses)).toContain('no write makes it throw');
    const signed = deviceLaws(() => ({ ...createScratch(), read: () => -1 }));
    expect(await broken(signed)).toContain('each register reads as an unsigned value of the width asked for');
  });

  it('devices that share their state', async () => {
    const shared = createScratch();
    expect(await broken(deviceLaws(() => shared))).not.toEqual([]);
  });

  it('a sink that drops a field, and one that drops every hundredth event', async () => {
    const forgets = (keeps: (event: TraceEvent) => TraceEvent | undefined) =>
      traceSinkLaws(() => {
        const { sink, events } = createRecorder();
        return { events, sink: { emit: (event) => keeps(event) && sink.emit(keeps(event)!) } };
      });
    const law = 'a sink keeps every event, in order, with all its fields';
    expect(await broken(forgets(({ value, ...rest }) => rest))).toEqual([law]);
    expect(await broken(forgets((event) => (event.time % 100 === 50 ? undefined : event)))).toEqual([law]);
  });

  it('a stream with a hop left out, and one whose time runs backwards', async () => {
    const call: TraceEvent = {
      time: 1,
      world: 'w',
      from: 'program',
      to: 'host OS',
      cause: 'ecall-from-u',
      handledBy: 'host OS',
    };
    const back: TraceEvent = { ...call, time: 2, from: 'host OS', to: 'program', cause: 'return' };
    expect(await broken(traceStreamLaws(() => [call, back, { ...call, time: 2 }]))).toEqual([]);
    expect(await broken(traceStreamLaws(() => [call, call]))).toEqual([
      'who gives up control is who had it: each hop begins where the one before ended',
    ]);
    expect(await broken(traceStreamLaws(() => [{ ...call, time: 5 }, back]))).toEqual(['time does not run backwards']);
    expect(await broken(traceStreamLaws(() => [{ ...call, to: 'program' }]))).not.toEqual([]);
  });

  it('a skip of a law that is not there', () => {
    const laws = physicalMemoryLaws(createMemory);
    expect(skipLaws(laws, { [laws[0]!.name]: 'because' })[0]?.skipped).toBe('because');
    expect(() => skipLaws(laws, { 'no such law': 'because' })).toThrow('no law named');
  });
});
