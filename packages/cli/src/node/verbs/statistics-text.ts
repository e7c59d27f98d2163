import type { MachineStatistics } from '@worldswitch/machine';

const count = (value: number): string => value.toLocaleString('en');
const share = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(part / whole > 0.999 ? 2 : 1)} %` : '-';
const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;

/** A machine's statistics as rows of three cells: what, how much, and its share or a remark. Empty rows part the groups. */
export function statisticsRows(statistics: MachineStatistics): readonly (readonly [string, string, string])[] {
  const { instructions, tlb, traps, deviceAccesses, engine } = statistics;
  const { total } = instructions;
  const rows: [string, string, string][] = [
    ['instructions', count(total), ''],
    ['  compiled', count(instructions.compiled), share(instructions.compiled, total)],
    ['  interpreted', count(instructions.interpreted), share(instructions.interpreted, total)],
    ['  by the reference semantics', count(instructions.reference), share(instructions.reference, total)],
  ];
  if (engine) {
    const { runMs, compileMs, handlerMs, calls } = engine;
    rows.push(
      ['', '', ''],
      ['time in the engine', milliseconds(runMs), ''],
      ['  running', milliseconds(runMs - compileMs - handlerMs), share(runMs - compileMs - handlerMs, runMs)],
      ['  in handlers', milliseconds(handlerMs), share(handlerMs, runMs)],
      ['  translating', milliseconds(compileMs), share(compileMs, runMs)],
      ['', '', ''],
      ['regions translated', count(engine.regions), `${count(engine.modules)} modules`],
      ['  instructions in them', count(engine.instructions), `${count(engine.bytes)} bytes of WebAssembly`],
      ['  live', count(engine.liveRegions), `${count(engine.evictedModules)} modules evicted`],
      ['  thrown away, overwritten', count(engine.invalidations), 'times'],
      ['pages decoded', count(engine.decodedPages), ''],
      ['', '', ''],
      ['calls of handlers', count(Object.values(calls).reduce((sum, value) => sum + value, 0)), ''],
      ['  loads', count(calls.loads), ''],
      ['  stores', count(calls.stores), ''],
      ['  fetches', count(calls.fetches), ''],
      ['  reference semantics', count(calls.steps), ''],
      ['  hot places', count(calls.hot), ''],
    );
  }
  rows.push(
    ['', '', ''],
    ['TLB lookups', count(tlb.lookups), ''],
    ['  hits', count(tlb.lookups - tlb.misses), share(tlb.lookups - tlb.misses, tlb.lookups)],
    ['  misses', count(tlb.misses), `${count(tlb.walkReferences)} page-table entries read`],
    ['device accesses', count(deviceAccesses), ''],
    ['traps', count(Object.values(traps).reduce((sum, value) => sum + value, 0)), ''],
    ...Object.entries(traps).map(([cause, value]): [string, string, string] => [`  ${cause}`, count(value), '']),
  );
  return rows;
}
