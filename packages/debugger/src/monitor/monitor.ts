import { formatPteFlags } from '@worldswitch/mmu-tlb';
import { type MappedRange, mappedRanges, modeNames, modeOf } from '../address-translation.ts';
import { addressSpaceOf, type DebugHart, modeName, translate } from '../debug-hart.ts';
import type { MachineDebugger } from '../machine-debugger.ts';
import { readRegister, registersOf } from '../registers.ts';
import { examine } from './examine.ts';

interface MonitorCommand {
  readonly usage: string;
  readonly help: string;
  run(context: MonitorContext, args: string): string;
}

interface MonitorContext {
  readonly debugger: MachineDebugger;
  readonly hart: DebugHart;
}

const hex = (value: bigint | number, digits = 16): string => value.toString(16).padStart(digits, '0');
/** Lines of a page table that are printed. */
const MAX_LINES = 4000;

const commands: readonly MonitorCommand[] = [
  {
    usage: 'help',
    help: 'this list',
    run: () => `${commands.map(({ usage, help }) => `${usage.padEnd(24)} ${help}`).join('\n')}\n`,
  },
  {
    usage: 'info registers',
    help: 'registers and CSRs of the chosen hart',
    run: ({ hart }) => {
      const cells = registersOf(hart)
        .filter(({ name }) => !/^(pmp|m?hpm)/.test(name))
        .map(({ name, number }) => `${name.padEnd(13)} ${hex(readRegister(hart, number) ?? 0n)}`);
      const rows: string[] = [];
      for (let at = 0; at < cells.length; at += 3) rows.push(cells.slice(at, at + 3).join('  '));
      return `${rows.join('\n')}\n`;
    },
  },
  {
    usage: 'info cpus',
    help: 'where each hart is',
    run: ({ debugger: { harts }, hart: chosen }) =>
      harts
        .map((hart) => {
          const { counters } = hart.vcpu;
          return `${hart === chosen ? '*' : ' '} hart ${hart.id}: pc 0x${hex(hart.vcpu.pc)} ${modeName(hart)}-mode, ${hart.activity}, ${counters.instructions} instructions\n`;
        })
        .join(''),
  },
  {
    usage: 'info tlb',
    help: 'what the TLB of the chosen hart holds',
    run: ({ hart: { hart } }) => {
      const { tlb } = hart;
      const lines = [...tlb.entries()]
        .sort((a, b) => a.asid - b.asid || a.page - b.page)
        .map(({ asid, page, frame, flags, level }) => {
          const virtual = hex(BigInt(page) << 12n);
          return `${String(asid).padStart(5)} ${virtual} ${hex(BigInt(frame) << 12n)} ${pageSize(level).padStart(4)} ${formatPteFlags(flags)}`;
        });
      const { lookups, misses } = tlb.counters;
      return `${tlb.name}: ${lines.length} entries, ${lookups} lookups, ${misses} misses\n asid virtual          physical         size flags\n${lines.join('\n')}\n`;
    },
  },
  {
    usage: 'info mem',
    help: 'mappings of the page table in force for the chosen hart',
    run: ({ hart }) => {
      const space = addressSpaceOf(hart);
      const name = (atp: bigint) => modeNames[modeOf(atp)] ?? 'reserved';
      const title =
        space.hgatp === undefined
          ? `satp ${name(space.satp)}`
          : `vsatp ${name(space.satp)}, hgatp ${name(space.hgatp)}x4: guest physical addresses`;
      return describeMappings(title, mappedRanges(hart.hart.ram, space));
    },
  },
  {
    usage: 'info mtree',
    help: 'RAM and devices by physical address',
    run: ({ debugger: { machine } }) => {
      const { ram, bus } = machine.board;
      const rows = [...bus.regions.map(({ base, device }) => ({ base, size: device.size, name: device.name }))];
      rows.push({ base: ram.base, size: ram.size, name: 'RAM' });
      rows.sort((a, b) => a.base - b.base);
      return rows.map(({ base, size, name }) => `${hex(base)}-${hex(base + size - 1)} ${name}\n`).join('');
    },
  },
  {
    usage: 'info status',
    help: 'time, instructions and traps of the machine',
    run: ({ debugger: { machine } }) => {
      const traps = Object.entries(machine.traps).map(([cause, count]) => `  ${cause}: ${count}\n`);
      return `time ${machine.hart.now()} (10 MHz), ${machine.counters.instructions} instructions, ${machine.outputBytes} bytes printed\ntraps:\n${traps.join('')}`;
    },
  },
  {
    usage: 'gva2gpa ADDRESS',
    help: 'where a virtual address lies in physical memory',
    run: ({ hart }, args) => {
      const address = parseNumber(args);
      if (address === undefined) return 'expected an address, such as 0x80200000\n';
      const place = translate(hart, address);
      if (!place) return `0x${hex(address)} is not mapped\n`;
      return `0x${hex(place.physical)}${place.flags ? ` ${place.flags}, page of ${place.pageBytes / 1024n}K` : ''}\n`;
    },
  },
  {
    usage: 'xp /NFS ADDRESS',
    help: 'physical memory: N units of size b, h, w or g in format x, d, u, c, s or i',
    run: ({ hart }, args) => examine(hart, 'physical', args),
  },
  {
    usage: 'x /NFS ADDRESS',
    help: 'virtual memory, likewise',
    run: ({ hart }, args) => examine(hart, 'virtual', args),
  },
];

const pageSize = (level: number): string => ['4K', '2M', '1G', '512G', '256T'][level] ?? '?';

function describeMappings(
  title: string,
  { ranges, isComplete }: { readonly ranges: readonly MappedRange[]; readonly isComplete: boolean },
): string {
  const lines = ranges
    .slice(0, MAX_LINES)
    .map(({ virtual, physical, bytes, flags }) => `${hex(virtual)} ${hex(physical)} ${hex(bytes)} ${flags}\n`);
  const more = ranges.length > MAX_LINES ? `and ${ranges.length - MAX_LINES} more\n` : '';
  const incomplete = isComplete ? '' : 'the rest was left out: there are too many page tables\n';
  return `${title}\nvirtual          physical         size             flags\n${lines.join('')}${more}${incomplete}`;
}

/** A number as people write it: 0x80, 128. Undefined for what is none or does not fit 64 bits. */
function parseNumber(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,19})$/i.test(trimmed)) return undefined;
  return BigInt.asUintN(64, BigInt(trimmed));
}

/** Carries out a command of the monitor and gives its output. */
export function runMonitorCommand(machineDebugger: MachineDebugger, hart: DebugHart, line: string): string {
  const words = line.trim().replace(/\s+/g, ' ');
  // `info page-table` is what others call `info mem`.
  const normal = words.replace(/^info (page-?tables?|pt)$/, 'info mem').replace(/^info harts$/, 'info cpus');
  for (const command of commands) {
    const [name = ''] = /^[a-z0-9]+(?: [a-z]+)?(?= |$)/.exec(command.usage) ?? [];
    if (normal === name || normal.startsWith(`${name} `) || normal.startsWith(`${name}/`)) {
      return command.run({ debugger: machineDebugger, hart }, normal.slice(name.length).trim());
    }
  }
  return `there is no command '${words}'; try help\n`;
}
