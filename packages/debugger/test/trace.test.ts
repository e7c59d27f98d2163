import { bootArguments, createInitrd, guestKernel, guestKernelElf, program } from '@worldswitch/guest-os';
import { type EngineName, Machine } from '@worldswitch/machine';
import { expect, it } from 'vitest';
import {
  DebuggerError,
  type EventFilter,
  eventJson,
  eventText,
  type MachineEvent,
  readElfSymbols,
  SymbolTable,
  traceMachine,
} from '../src/index.ts';

const symbols = new SymbolTable(readElfSymbols(guestKernelElf('full')));

function trace(filter: EventFilter, engine: EngineName = 'compiled', maxInstructions = 10_000_000): MachineEvent[] {
  const machine = Machine.create({
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program('hello') } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 32 * 2 ** 20,
    engine,
  });
  const events: MachineEvent[] = [];
  const tracer = traceMachine({ machine, filter, symbols, emit: (event) => events.push(event) });
  tracer.run({ maxInstructions });
  tracer.dispose();
  expect(machine.hart.observer).toBeUndefined();
  machine.dispose();
  return events;
}

it('tells traps, devices and the TLB alike on each engine', () => {
  const filter: EventFilter = { kinds: new Set(['traps', 'mmio', 'tlb']) };
  const events = trace(filter);
  expect(events.filter(({ what, subject }) => what === 'trap' && subject === 'ecall-from-u').length).toBeGreaterThan(1);
  const printed = events
    .filter(({ kind, what, address }) => kind === 'mmio' && what === 'write' && address === 0x1000_0000n)
    .map(({ value }) => String.fromCharCode(Number(value)));
  expect(printed.join('')).toContain('ello');
  expect(events.some(({ kind, what }) => kind === 'tlb' && what === 'flush')).toBe(true);
  expect(trace(filter, 'reference')).toEqual(events);
});

it('tells CSR accesses, with the value that is there afterwards', () => {
  const events = trace({ kinds: new Set(['csr']) }, 'reference', 200_000);
  const write = events.find(({ what, subject }) => what === 'write' && subject === 'satp');
  expect((write?.value ?? 0n) >> 60n).toBe(8n);
  expect(() => trace({ kinds: new Set(['csr']) })).toThrow(DebuggerError);
});

it('follows functions by their names and counts their depth', () => {
  const calls = trace({ kinds: new Set(['functions']) }, 'compiled', 90_000);
  const first = calls.findIndex(({ subject }) => subject === 'board_init');
  expect(calls[first]).toMatchObject({ what: 'call', subject: 'board_init' });
  const depth = calls[first]?.depth ?? 0;
  const back = calls.findIndex(
    ({ what, subject }, index) => index > first && what === 'return' && subject === 'board_init',
  );
  expect(calls[back]?.depth).toBe(depth);
  for (const { depth: inner = 0 } of calls.slice(first + 1, back)) expect(inner).toBeGreaterThan(depth);
});

it('filters by privilege, hart and range', () => {
  const dispatch = symbols.named('syscall_dispatch')!;
  const ranges = [{ start: dispatch.address, end: dispatch.address + dispatch.size }];
  for (const { pc, address } of trace({ kinds: new Set(['functions']), ranges }, 'compiled', 200_000)) {
    expect([pc, address].some((place) => place! >= ranges[0]!.start && place! < ranges[0]!.end)).toBe(true);
  }
  const user = trace({ kinds: new Set(['traps']), privileges: new Set(['U']) });
  expect(user.length).toBeGreaterThan(0);
  expect(new Set(user.map(({ privilege }) => privilege))).toEqual(new Set(['U']));
  expect(trace({ kinds: new Set(['traps']), harts: new Set([1]) })).toEqual([]);
});

it('prints events for people and for programs', () => {
  const event: MachineEvent = {
    ...{ kind: 'mmio', time: 12, hart: 1, privilege: 'S', pc: symbols.named('kernel_main')!.address + 4n },
    ...{ what: 'write', subject: 'uart16550+0x0 (1)', address: 0x1000_0000n, value: 65n },
  };
  expect(eventText(event, symbols)).toMatch(
    /^ {10}12 1S ffffffc08\w+ mmio {6}write uart16550\+0x0 \(1\) at 0x10000000 = 0x41 <kernel_main\+0x4>$/,
  );
  expect(JSON.parse(eventJson(event))).toMatchObject({ time: 12, hart: 1, value: '0x41', address: '0x10000000' });
});

it('says what is wrong with a file that names nothing', () => {
  expect(() => readElfSymbols(new Uint8Array(10))).toThrow('not a 64-bit little-endian ELF file');
  expect(() => readElfSymbols(program('hello'))).toThrow('it was stripped');
  expect(() => readElfSymbols(guestKernelElf('full').slice(0, 2000))).toThrow('damaged');
});
