/// <reference types="node" />
import type { PhysicalMemory } from '@worldswitch/contracts';
import { PteFlag, pteFrame } from '@worldswitch/mmu-tlb';
import { afterAll, describe, expect, it } from 'vitest';
import { hypercallTable } from '../src/index.ts';
import { randomFrom } from './random.ts';
import { createRogueWorld } from './rogue-guest.ts';

interface Extent {
  readonly firstFrame: number;
  readonly frameCount: number;
}

const CALLS = 400;
const LISTS = 64;
const RECORDS = 4;

/** Makes the calls of a script one after the other, whatever comes back, and then does nothing for ever. */
const player = `
  la s1, script
  la s2, script_end
next:
  ld a7, 0(s1)
  ld a0, 8(s1)
  ld a1, 16(s1)
  ld a2, 24(s1)
  addi s1, s1, 32
  ecall
  bltu s1, s2, next
idle: j idle
`;

/** Calls that come close to what a guest may do, on a domain that lies at `extent`. */
function createScript(seed: number, extent: Extent): string {
  const random = randomFrom(seed);
  const frame = () => {
    const near = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 101, 102, 103, 600, 601, 602, 1024, extent.frameCount - 1];
    if (random(10) === 0) return extent.firstFrame + [-1, extent.frameCount, extent.frameCount + 7, -512][random(4)]!;
    return extent.firstFrame + near[random(near.length)]!;
  };
  const flags = () => [0, 0x01, 0xd3, 0xd7, 0xdf, 0x17, 0xf7, 0x07][random(8)]!;
  const pte = () => BigInt(frame()) * 1024n + BigInt(flags());
  const entry = () => BigInt(frame()) * 4096n + BigInt([0, 8, 512 * 8 - 8, random(512) * 8, random(4096)][random(5)]!);
  // Lists first for mmu_update, then for mmuext_op.
  const lists: string[] = [];
  for (let list = 0; list < LISTS; list++) {
    for (let record = 0; record < RECORDS; record++) {
      const words =
        list < LISTS / 2 ? [entry(), pte()] : [BigInt([0, 1, 2, 4, 5, 6, 7, 15][random(8)]!), BigInt(frame())];
      lists.push(`.dword ${words.join(', ')}`);
    }
  }
  const pointer = (index: number) => `lists + ${index * RECORDS * 16}`;
  const calls: string[] = [];
  for (let call = 0; call < CALLS; call++) {
    const kind = random(12);
    if (kind < 5) calls.push(`.dword 1, ${pointer(random(LISTS / 2))}, ${1 + random(RECORDS)}, 0`);
    else if (kind < 10) calls.push(`.dword 26, ${pointer(LISTS / 2 + random(LISTS / 2))}, ${1 + random(RECORDS)}, 0`);
    else {
      // Anything but what ends the domain, changes the context, or waits.
      const others = hypercallTable.filter(
        ({ name }) => name !== 'sched_op' && name !== 'iret' && name !== 'set_trap_table',
      );
      const argument = () => [`${random(8)}`, pointer(random(LISTS)), '0xffffffffffffff00', '0x123456'][random(4)];
      calls.push(`.dword ${others[random(others.length)]!.number}, ${random(20)}, ${argument()}, ${argument()}`);
    }
  }
  return `.balign 16\nlists:\n${lists.join('\n')}\nscript:\n${calls.join('\n')}\nscript_end:`;
}

/** Follows the page tables as the hardware does; says what each leaf maps, and which frames are tables. */
function scan(memory: PhysicalMemory, root: number) {
  const tables = new Set<number>();
  const leaves: { frame: number; flags: number }[] = [];
  const visit = (table: number, level: number) => {
    tables.add(table);
    for (let index = 0; index < 512; index++) {
      const low = memory.read32(table * 4096 + index * 8) | 0;
      if ((low & PteFlag.valid) === 0) continue;
      const frame = pteFrame(low, memory.read32(table * 4096 + index * 8 + 4) | 0);
      if ((low & (PteFlag.read | PteFlag.execute)) !== 0) leaves.push({ frame, flags: low & 0xff });
      else if (level > 0) visit(frame, level - 1);
    }
  };
  visit(root, 2);
  return { tables, leaves };
}

describe('a guest that makes random hypercalls', () => {
  const seeds = [1, 2, 3, 4, 5, 6].map((index) => (index * 0x9e37_79b9 + Number(process.env.WORLDSWITCH_SEED)) | 1);

  // One guest may soon unmap its own code; not all of them do.
  let hypercalls = 0;
  afterAll(() => {
    expect(hypercalls).toBeGreaterThan(CALLS);
  });

  it.each(seeds)('maps nothing but its own frames, and no page table writable (seed %i)', (seed) => {
    const probe = createRogueWorld('');
    const { extent } = probe.world.inspect() as { extent: Extent };
    probe.world.dispose();

    const { world, host } = createRogueWorld({ code: player, data: createScript(seed, extent) });
    const foreign = host.memory.bytes.slice(0, extent.firstFrame * 4096 - host.memory.base);
    world.run(20_000);
    const state = world.inspect() as {
      extent: Extent;
      kernelRoot: { frame: number };
      userRoot: { frame: number } | null;
    };
    if (world.result === undefined) {
      expect(state.extent).toEqual(extent);
      const tables = new Set<number>();
      const leaves: { frame: number; flags: number }[] = [];
      for (const root of [state.kernelRoot.frame, ...(state.userRoot === null ? [] : [state.userRoot.frame])]) {
        const found = scan(host.memory, root);
        for (const table of found.tables) tables.add(table);
        leaves.push(...found.leaves);
      }
      const isOwn = (frame: number) => frame >= extent.firstFrame && frame < extent.firstFrame + extent.frameCount;
      expect(leaves.length).toBeGreaterThan(0);
      expect([...tables].filter((table) => !isOwn(table))).toEqual([]);
      expect(leaves.filter(({ frame }) => !isOwn(frame))).toEqual([]);
      expect(leaves.filter(({ frame, flags }) => (flags & PteFlag.write) !== 0 && tables.has(frame))).toEqual([]);
    } else {
      // It pulled the ground from under itself.
      expect(world.result.reason).toBe('fault');
    }
    expect(host.memory.bytes.subarray(0, foreign.length).every((byte, index) => byte === foreign[index])).toBe(true);
    hypercalls += world.metrics().boot.hypercalls;
    world.dispose();
  });
});
