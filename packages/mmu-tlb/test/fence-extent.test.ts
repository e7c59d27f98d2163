import { describe, expect, it } from 'vitest';
import { createTlb } from '../src/index.ts';
import { PteFlag } from '../src/pte.ts';

const PAGE = 4096;
const MIB = 2 ** 20;
const leafFlags = PteFlag.valid | PteFlag.read | PteFlag.write | PteFlag.accessed | PteFlag.dirty;

/** Beginnings of what RISC-V Linux maps with leaves of 2 MiB in Sv39 and Sv57: memory itself, and the kernel. */
const kernelMaps = [0xffff_ffd6_0000_0000, 0xffff_ffff_8000_0000, 0xff60_0000_0000_0000, 0xff1c_0000_0000_0000];
/** Programs: linked at fixed and at random places, libraries, stacks. */
const programs = [0x1_0000, 0x2a_b5c0_0000, 0x5555_5000_0000, 0x3f_9a00_0000, 0x3f_ffe0_0000, 0xff_ffff_8000_0000];

describe('a fence for a page of a program', () => {
  it.each(kernelMaps)('does not search the TLB for superpages that are elsewhere: from %d on', (start) => {
    const tlb = createTlb({ sets: 1024, ways: 4 });
    const mapped = start / PAGE;
    for (let leaf = 0; leaf < 512; leaf++) {
      // A piece of each, not all in the same set.
      const page = mapped + (leaf * 2 * MIB) / PAGE + leaf;
      tlb.insert({ asid: 0, page, frame: 0x8_0000 + leaf * 513, flags: leafFlags | PteFlag.global, level: 1 });
    }
    let searched = 0;
    let asked = 0;
    for (const program of programs) {
      for (let leaf = 0; leaf < 32; leaf++, asked++)
        if (tlb.extentOf?.((program + leaf * 2 * MIB) / PAGE) === 'superpage') searched++;
    }
    // 512 superpages have a sixteenth of the counters.
    expect(searched / asked).toBeLessThan(0.15);
    expect(tlb.extentOf?.(mapped + 7)).toBe('superpage');
  });
});
