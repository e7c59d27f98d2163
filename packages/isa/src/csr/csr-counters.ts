import { type CsrDefinition, defineCsr } from './csr-definition.ts';

const monitor = 'Hardware Performance Monitor';
const unprivilegedCounters = 'Extension for Base Counters and Timers';
const allBits = (1n << 64n) - 1n;

const counterIndices = Array.from({ length: 29 }, (_, index) => index + 3);

/** The user-level view of a machine counter. */
const shadow = (address: number, name: string, summary: string, of: string): CsrDefinition =>
  defineCsr(address, name, summary, unprivilegedCounters, {
    manual: 'unprivileged',
    counterEnableBit: address & 31,
    view: { of, mask: allBits, shift: 0 },
  });

/** Counters of machine mode and their read-only views (Zicntr, Zihpm). */
export const counterCsrs: readonly CsrDefinition[] = [
  defineCsr(0x320, 'mcountinhibit', 'Counters that stand still', 'Machine Counter-Inhibit (mcountinhibit) Register', {
    fields: '31:3 HPM WARL | 2 IR WARL | 1 TM RO | 0 CY WARL',
  }),
  ...counterIndices.map((index) =>
    defineCsr(0x320 + index, `mhpmevent${index}`, `What mhpmcounter${index} counts`, monitor),
  ),
  defineCsr(0xb00, 'mcycle', 'Clock cycles', monitor),
  defineCsr(0xb02, 'minstret', 'Instructions retired', monitor),
  ...counterIndices.map((index) =>
    defineCsr(0xb00 + index, `mhpmcounter${index}`, `Performance counter ${index}`, monitor),
  ),
  shadow(0xc00, 'cycle', 'Clock cycles: mcycle', 'mcycle'),
  defineCsr(0xc01, 'time', 'Wall-clock time: mtime', unprivilegedCounters, {
    manual: 'unprivileged',
    counterEnableBit: 1,
  }),
  shadow(0xc02, 'instret', 'Instructions retired: minstret', 'minstret'),
  ...counterIndices.map((index) =>
    shadow(
      0xc00 + index,
      `hpmcounter${index}`,
      `Performance counter ${index}: mhpmcounter${index}`,
      `mhpmcounter${index}`,
    ),
  ),
];
