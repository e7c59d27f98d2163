/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { engineNames, Machine } from '../src/index.ts';
import { loadSlow } from '../src/memory/access/load.ts';
import { storeSlow } from '../src/memory/access/store.ts';
import { createRandom } from './random-program.ts';
import { firmwareMachine } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);

/** Pointers that hostile software would try: every device, the edges of RAM, nowhere. */
const pointers = [0x10_0000, 0x200_0000, 0x200_bff8, 0xc00_0000, 0xc20_0004, 0x1000_0000, 0x1000_1000, 0x1000_8000];
const edges = [0x7fff_fff8, 0x8000_0000, 0x803f_fff8, 0x8040_0000, 0xffff_fff8, 0];

describe.each(engineNames)(`nothing that software does ends the host, %s engine (seed ${seed})`, (engine) => {
  it('random bits as machine-mode software', () => {
    const bits = createRandom(seed);
    const random = () => bits() / 2 ** 32;
    const ends = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const firmware = new Uint8Array(8192).map(() => random() * 256);
      // Half of the words are loads and stores through a0 to a5.
      const view = new DataView(firmware.buffer);
      for (let at = 0; at < 8192; at += 8) {
        const base = 10 + Math.floor(random() * 6);
        const isStore = random() < 0.5;
        view.setUint32(at, ((random() * 2 ** 32) & 0xfff0_7f80) | (base << 15) | (isStore ? 0x23 : 0x03), true);
      }
      const machine = Machine.create({ firmware, memoryBytes: 2 ** 22, engine, disk: new Uint8Array(4096) });
      const { vcpu } = machine.board;
      for (let register = 10; register < 16; register++) {
        const all = [...pointers, ...edges];
        vcpu.writeX(register, BigInt(all[Math.floor(random() * all.length)]!));
      }
      // Traps come back into the middle of it.
      vcpu.writeCsr(0x305, BigInt(0x8000_0000 + 4 * Math.floor(random() * 2000)));
      ends.add(machine.run({ maxInstructions: 20_000 }).reason);
      machine.dispose();
    }
    expect(ends.size, `ends seen: ${[...ends]}`).toBeGreaterThan(1);
  });

  it('reads and writes of every width all over the physical address space', () => {
    const machine = firmwareMachine('j .', engine);
    const { hart, vcpu } = machine.board;
    for (const address of [...pointers, ...edges]) {
      for (let offset = -16; offset < 300; offset += 3) {
        for (const width of [1, 2, 4, 8] as const) {
          const at = address + offset;
          const high = at < 0 ? -1 : Math.floor(at / 2 ** 32);
          expect([0, 1]).toContain(loadSlow(hart, at | 0, high, width));
          expect([0, 1, 2]).toContain(storeSlow(hart, at | 0, high, width));
        }
      }
    }
    expect(vcpu.privilege).toBe(3);
    machine.dispose();
  });
});
