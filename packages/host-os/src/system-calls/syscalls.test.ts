import { expect, it } from 'vitest';
import { indexSystemCalls, systemCallTable } from './syscalls.ts';

it('has each number and each name once, and says what is missing where something is', () => {
  const table = systemCallTable();
  expect(new Set(table.map(({ number }) => number)).size).toBe(table.length);
  expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  for (const { name, support, note } of table) if (support === 'partial') expect(note, name).toBeTruthy();
});

it('has the numbers that Linux gives its calls on RISC-V', () => {
  // Restated from include/uapi/asm-generic/unistd.h.
  const numbers = {
    openat: 56,
    read: 63,
    write: 64,
    exit_group: 94,
    getpid: 172,
    brk: 214,
    clone: 220,
    mmap: 222,
    wait4: 260,
  };
  for (const [name, number] of Object.entries(numbers)) expect(indexSystemCalls()[number]?.name).toBe(name);
});
