import { CsrAddress } from '@worldswitch/isa';
import type { Machine } from '@worldswitch/machine';
import {
  createPageTableMemory,
  formatPteFlags,
  isLeaf,
  PAGES_PER_LEAF,
  PTES_PER_TABLE,
  PteFlag,
  pteFrame,
} from '@worldswitch/mmu-tlb';

/** Levels of page tables by satp.MODE (privileged ISA, "Supervisor Address Translation and Protection Register"). */
const LEVELS: Readonly<Record<number, number>> = { 8: 3, 9: 4, 10: 5 };
const PAGE = 4096n;
const LINES_MAX = 2000;

interface Range {
  start: bigint;
  physical: bigint;
  pages: bigint;
  flags: number;
}

/** What satp of hart 0 maps, neighbours with the same rights put together: one line each, as QEMU's `info mem` prints it. */
export function mappedRanges(machine: Machine): string {
  const satp = machine.board.vcpu.readCsr(CsrAddress.satp);
  const levels = LEVELS[Number(satp >> 60n)];
  if (levels === undefined) return 'No translation or protection\n';
  const memory = createPageTableMemory(machine.board.ram);
  const ranges: Range[] = [];
  let isCut = false;

  const visit = (frame: number, level: number, upper: bigint): void => {
    for (let index = 0; index < PTES_PER_TABLE && !isCut; index++) {
      if (!memory.readPte(frame, index)) return;
      const { low, high } = memory;
      if ((low & PteFlag.valid) === 0) continue;
      const page = upper + BigInt(index) * BigInt(PAGES_PER_LEAF[level]!);
      const target = pteFrame(low, high);
      if (!isLeaf(low)) {
        if (level > 0) visit(target, level - 1, page);
        continue;
      }
      add(page, BigInt(target), BigInt(PAGES_PER_LEAF[level]!), low & 0xff);
    }
  };
  const add = (page: bigint, frame: bigint, pages: bigint, flags: number) => {
    const last = ranges.at(-1);
    if (last && last.flags === flags && last.start + last.pages === page && last.physical + last.pages === frame) {
      last.pages += pages;
    } else if (ranges.length >= LINES_MAX) isCut = true;
    else ranges.push({ start: page, physical: frame, pages, flags });
  };
  visit(Number(satp & ((1n << 44n) - 1n)), levels - 1, 0n);

  const bits = BigInt(12 + 9 * levels);
  const hex = (value: bigint, digits: number) => value.toString(16).padStart(digits, '0');
  const lines = ranges.map(({ start, physical, pages, flags }) => {
    const address = BigInt.asUintN(64, BigInt.asIntN(Number(bits), start * PAGE));
    return `${hex(address, 16)} ${hex(physical * PAGE, 16)} ${hex(pages * PAGE, 16)} ${formatPteFlags(flags)}`;
  });
  const head = [
    'vaddr            paddr            size             attr',
    '---------------- ---------------- ---------------- -------',
  ];
  return `${[...head, ...lines, ...(isCut ? ['(more is not shown)'] : [])].join('\n')}\n`;
}
