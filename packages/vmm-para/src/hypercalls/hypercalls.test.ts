/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SHARED_INFO_ADDRESS, SharedInfoOffset, TrapFlag } from '../domain/shared-info.ts';
import { StartInfoOffset } from '../domain/start-info.ts';
import { Virq } from '../events/event-channel.ts';
import { hypercallByNumber, hypercallTable } from './hypercalls.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const header = read('../../../guest-os/kernel/para/hypercall.h');

/** `#define PREFIX_name number` lines of the C header. */
function defines(prefix: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, name, value] of header.matchAll(new RegExp(`^#define ${prefix}_(\\w+) (\\d+)$`, 'gm'))) {
    found[name!] = Number(value);
  }
  return found;
}

describe('the hypercall table and the C header of the guest', () => {
  it('have the same hypercalls', () => {
    expect(defines('HYPERCALL')).toEqual(Object.fromEntries(hypercallTable.map((row) => [row.name, row.number])));
  });

  it.each([
    ['mmuext_op', 'MMUEXT'],
    ['sched_op', 'SCHEDOP'],
    ['event_channel_op', 'EVTCHNOP'],
    ['console_io', 'CONSOLEIO'],
  ])('have the same commands of %s', (name, prefix) => {
    const row = hypercallTable.find((candidate) => candidate.name === name);
    expect(defines(prefix)).toEqual(row?.commands);
  });

  it('have the same virtual interrupts and trap flags', () => {
    expect(defines('VIRQ')).toEqual({ TIMER: Virq.timer, CONSOLE: Virq.console });
    expect(defines('TRAP')).toEqual({ USER: TrapFlag.user, MASKED: TrapFlag.masked });
  });

  it('have the same layout of the shared-info page', () => {
    const fields = Object.fromEntries(
      [...header.matchAll(/^#define SHARED_(\w+) SHARED_FAST\((0x\w+)\)$/gm)].map(([, name, offset]) => [
        name!.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        Number(offset),
      ]),
    );
    const { timeBase, timeFrequency, ...fast } = SharedInfoOffset;
    expect(fields).toEqual(fast);
    expect([timeBase, timeFrequency]).toEqual([0, 8]);
    expect(header).toContain(`#define SHARED_INFO 0x${SHARED_INFO_ADDRESS.toString(16)}`);
  });

  it('have the same order in start_info', () => {
    const body = /struct start_info \{([^}]*)\}/.exec(header)?.[1] ?? '';
    const names = [...body.matchAll(/u64 ([^;]*);/g)].flatMap(([, list]) => list!.split(', '));
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const { magic, commandLine, ...words } = StartInfoOffset;
    expect(names).toEqual(Object.keys(words).map(snake));
    expect(Object.values(words)).toEqual(names.map((_, index) => 8 + index * 8));
    expect([magic, commandLine]).toEqual([0, 0x400]);
    expect(body).toContain('u8 reserved[0x400 - 0x58]');
  });
});

describe('the hypercall table', () => {
  it('finds rows by number, and nothing else', () => {
    for (const row of hypercallTable) expect(hypercallByNumber(BigInt(row.number))).toBe(row);
    for (const number of [2n, 63n, 64n, 2n ** 32n, 2n ** 64n - 1n]) expect(hypercallByNumber(number)).toBeUndefined();
  });

  it('is what ABI.md says', () => {
    const abi = read('../../ABI.md').replace(/ +/g, ' ');
    for (const row of hypercallTable) {
      const call = `${row.name}(${row.parameters.join(', ')})`;
      expect(abi).toContain(`| ${row.number} | \`${call}\` | ${row.support} | ${row.summary} |`);
    }
  });
});
