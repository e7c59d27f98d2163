import { TranslationMode } from '@worldswitch/contracts';
import { createArrayMemory } from '@worldswitch/contracts/conformance';
import {
  AccessKind,
  createPageTable,
  createPageTableMemory,
  createTlb,
  createTranslationContext,
  createWalkResult,
  formatPteFlags,
  PteFlag,
  walk,
} from '@worldswitch/mmu-tlb';

// 64 KiB of memory at 2 GiB, whose frames are handed out one after the other.
const memory = createArrayMemory({ base: 0x8000_0000, size: 0x1_0000 });
let nextFrame = 0x8_0000;
const table = createPageTable({
  memory,
  mode: TranslationMode.sv39,
  allocateFrame: () => nextFrame++,
  freeFrame() {},
});
const { read, write, user, accessed, dirty } = PteFlag;
table.map(0x12345, 0x8000f, read | write | user | accessed | dirty);

// A miss walks the table and fills the TLB; the next access hits.
const tlb = createTlb({ sets: 16, ways: 4 });
const result = createWalkResult();
const context = createTranslationContext({ mode: TranslationMode.sv39, rootFrame: table.rootFrame });
const lines: string[] = [];
for (const page of [0x12345, 0x12345, 0x12346]) {
  const entry = tlb.lookup(1, page);
  if (entry !== undefined) {
    lines.push(`0x${page.toString(16)}: hit, frame 0x${entry.frame.toString(16)}`);
  } else if (walk(result, createPageTableMemory(memory), context, page, AccessKind.load) === 0) {
    const { frame, flags, level, references } = result;
    tlb.insert({ asid: 1, page, frame, flags, level });
    lines.push(`0x${page.toString(16)}: walked, ${references} references, ${formatPteFlags(flags)}`);
  } else {
    lines.push(`0x${page.toString(16)}: page fault after ${result.references} references`);
  }
}

export { lines };
