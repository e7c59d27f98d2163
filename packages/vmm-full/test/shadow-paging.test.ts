import { ExceptionCause } from '@worldswitch/isa';
import { AccessKind, createTranslationContext, createWalkResult, PteFlag, permits, walk } from '@worldswitch/mmu-tlb';
import { describe, expect, it } from 'vitest';
import type { VirtualMachineOptions } from '../src/index.ts';
import { guestPageTables } from '../src/shadow-paging/guest-page-tables.ts';
import { FillOutcome } from '../src/shadow-paging/shadow-paging.ts';
import { Sstatus } from '../src/virtual-hart/virtual-hart.ts';
import { createGuest } from './guest.ts';
import { createHost } from './host.ts';
import { createRandom } from './random.ts';

const { valid: V, read: R, write: W, execute: X, user: U, global: G, accessed: A, dirty: D } = PteFlag;
const RAM_FRAME = 0x8_0000;
const SV39 = 8n << 60n;
/** Guest frames that the tests use for tables, and for what they map. */
const TABLES = RAM_FRAME + 16;
const DATA = RAM_FRAME + 256;

/** A machine whose guest page tables a test writes by hand. */
function createMmu(options: Partial<VirtualMachineOptions> = {}) {
  const { host } = createHost();
  const { vm } = createGuest(host, 'wfi', { memoryBytes: 8 << 20, ...options });
  let next = TABLES;
  const address = (frame: number, index: number) => vm.ram.toHost(frame * 4096) + index * 8;
  const read = (frame: number, index: number) => vm.ram.memory.read64(address(frame, index));
  const write = (frame: number, index: number, value: bigint) => vm.ram.memory.write64(address(frame, index), value);
  const pte = (frame: number, flags: number) => (BigInt(frame) << 10n) | BigInt(flags);
  const newTable = () => next++;
  /** Maps a page; returns where its entry is. */
  const map = (root: number, page: number, frame: number, flags: number, level = 0) => {
    let table = root;
    for (let at = 2; at > level; at--) {
      const index = Math.floor(page / 512 ** at) % 512;
      if ((read(table, index) & 1n) === 0n) write(table, index, pte(newTable(), V));
      table = Number(read(table, index) >> 10n);
    }
    const index = Math.floor(page / 512 ** level) % 512;
    write(table, index, pte(frame, flags));
    return { table, index };
  };
  const use = (root: number, asid = 0) => {
    vm.hart.satp = SV39 | (BigInt(asid) << 44n) | BigInt(root);
    vm.shadow.activate();
  };
  const mode = (isUser: boolean, status = 0) => {
    vm.hart.isUser = isUser;
    vm.hart.status = status;
    vm.shadow.activate();
  };
  const fill = (page: number, access: AccessKind) => vm.shadow.fill(page, access);
  const shadowOf = (page: number, view?: string, asid?: number) =>
    [...vm.shadow.mappings()].find(
      (mapping) =>
        page >= mapping.page &&
        page < mapping.page + 512 ** mapping.level &&
        (view === undefined || mapping.view === view) &&
        (asid === undefined || ((mapping.satp >> 44n) & 0xffffn) === BigInt(asid)),
    );
  return {
    host,
    vm,
    map,
    use,
    mode,
    fill,
    shadowOf,
    read,
    newTable,
    flagsAt: (place: { table: number; index: number }) => Number(read(place.table, place.index) & 0xffn),
  };
}

describe('shadow paging', () => {
  it('sets A on a load and lets nothing be stored until a store sets D', () => {
    const { map, use, mode, fill, shadowOf, newTable, flagsAt } = createMmu();
    const root = newTable();
    const place = map(root, 0x40, DATA, V | R | W);
    use(root);
    mode(false);
    expect(fill(0x40, AccessKind.load)).toBe(FillOutcome.filled);
    expect(flagsAt(place)).toBe(V | R | W | A);
    expect(shadowOf(0x40)!.flags & (R | W | U)).toBe(R | U);
    expect(fill(0x40, AccessKind.store)).toBe(FillOutcome.filled);
    expect(flagsAt(place)).toBe(V | R | W | A | D);
    expect(shadowOf(0x40)!.flags & (R | W | U)).toBe(R | W | U);
  });

  it('gives each virtual mode what the guest allows it', () => {
    const { vm, map, use, mode, fill, shadowOf, newTable } = createMmu();
    const root = newTable();
    map(root, 1, DATA, V | R | W | X | U | A | D);
    map(root, 2, DATA + 1, V | R | W | X | A | D);
    map(root, 3, DATA + 2, V | X | A);
    use(root);
    mode(true);
    expect([fill(1, AccessKind.fetch), fill(2, AccessKind.load)]).toEqual([FillOutcome.filled, FillOutcome.fault]);
    expect(vm.shadow.cause).toBe(ExceptionCause.loadPageFault);
    expect(shadowOf(1, 'user')!.flags & (R | W | X)).toBe(R | W | X);
    mode(false);
    expect([fill(1, AccessKind.store), fill(2, AccessKind.fetch)]).toEqual([FillOutcome.fault, FillOutcome.filled]);
    mode(false, Sstatus.SUM);
    expect([fill(1, AccessKind.store), fill(1, AccessKind.fetch)]).toEqual([FillOutcome.filled, FillOutcome.fault]);
    expect(vm.shadow.cause).toBe(ExceptionCause.instructionPageFault);
    // Data only, and only in the view with SUM.
    expect(shadowOf(1, 'kernel+SUM')!.flags & (R | W | X)).toBe(R | W);
    expect(shadowOf(1, 'kernel')).toBe(undefined);
    expect(fill(3, AccessKind.load)).toBe(FillOutcome.fault);
    mode(false, Sstatus.MXR);
    expect(fill(3, AccessKind.load)).toBe(FillOutcome.filled);
  });

  it('keeps the tables of address spaces and modes: coming back needs no fill', () => {
    const { vm, map, use, mode, fill, shadowOf, newTable } = createMmu({ maxAddressSpaces: 2 });
    const [first, second, third] = [newTable(), newTable(), newTable()];
    for (const root of [first, second, third]) map(root, 5, DATA, V | R | U | A);
    use(first, 1);
    mode(true);
    fill(5, AccessKind.load);
    use(second, 2);
    mode(false);
    expect(shadowOf(5, 'user', 1)).toBeDefined();
    mode(true);
    fill(5, AccessKind.load);
    use(first, 1);
    expect(vm.shadow.describe().filter(({ mappings }) => mappings === 1)).toHaveLength(2);
    // A third makes the second, least recently current, go.
    use(third, 3);
    expect([shadowOf(5, 'user', 1), shadowOf(5, 'user', 2)].map((mapping) => mapping !== undefined)).toEqual([
      true,
      false,
    ]);
  });

  it('takes global translations over into a new address space, and no others', () => {
    const { map, use, mode, fill, shadowOf, newTable } = createMmu();
    const [first, second] = [newTable(), newTable()];
    map(first, 7, DATA, V | R | A | G);
    map(first, 8, DATA + 1, V | R | A);
    use(first, 1);
    mode(false);
    fill(7, AccessKind.load);
    fill(8, AccessKind.load);
    use(second, 2);
    expect(shadowOf(7, 'kernel', 2)?.hostFrame).toBe(shadowOf(7, 'kernel', 1)!.hostFrame);
    expect(shadowOf(8, 'kernel', 2)).toBe(undefined);
  });

  it('never lets the machine see a global shadow entry', () => {
    const { map, use, mode, fill, shadowOf, newTable } = createMmu();
    const root = newTable();
    map(root, 7, DATA, V | R | A | G);
    use(root, 1);
    mode(false);
    fill(7, AccessKind.load);
    expect(shadowOf(7)!.flags & G).toBe(0);
  });

  it.each([
    ['one page of one address space', 1, 1, ['1:2', '2:1', '2:2', '1:3', '2:3']],
    ['one page of all', 1, undefined, ['1:2', '2:2', '1:3', '2:3']],
    ['a global page of one address space', 3, 1, ['1:1', '1:2', '2:1', '2:2', '1:3', '2:3']],
    ['a global page of all', 3, undefined, ['1:1', '1:2', '2:1', '2:2']],
    ['all of one address space that is current', undefined, 2, ['1:1', '1:2', '1:3', '2:3']],
    ['all of one address space that is not', undefined, 1, ['2:1', '2:2', '2:3']],
    ['everything', undefined, undefined, []],
  ] as const)('fences %s precisely', (_what, page, asid, left) => {
    const { vm, map, use, mode, fill, shadowOf, newTable } = createMmu();
    for (const space of [1, 2]) {
      const root = newTable();
      map(root, 1, DATA, V | R | A);
      map(root, 2, DATA + 1, V | R | A);
      map(root, 3, DATA + 2, V | R | A | G);
      use(root, space);
      mode(false);
      for (const each of [1, 2, 3]) expect(fill(each, AccessKind.load)).toBe(FillOutcome.filled);
    }
    vm.shadow.fence(page, asid);
    const found = [1, 2].flatMap((space) =>
      [1, 2, 3].filter((each) => shadowOf(each, 'kernel', space)).map((each) => `${space}:${each}`),
    );
    expect(found.sort()).toEqual([...left].sort());
  });

  it('maps large guest pages by large entries, and forgets all that one was made of', () => {
    const { vm, map, use, mode, fill, shadowOf, newTable } = createMmu();
    const root = newTable();
    // A gigapage over all of RAM, and a page of 2 MiB elsewhere.
    map(root, 2 * 512 * 512, RAM_FRAME, V | R | W | A | D, 2);
    map(root, 512, RAM_FRAME + 1024, V | R | A, 1);
    use(root);
    mode(false);
    fill(2 * 512 * 512 + 5, AccessKind.load);
    fill(2 * 512 * 512 + 600, AccessKind.load);
    fill(512 + 9, AccessKind.load);
    expect([...vm.shadow.mappings()].map(({ level }) => level)).toEqual([1, 1, 1]);
    expect(shadowOf(2 * 512 * 512 + 512)!.hostFrame).toBe(vm.ram.hostFrame(RAM_FRAME + 512));
    vm.shadow.fence(2 * 512 * 512 + 700, undefined);
    expect([...vm.shadow.mappings()].map((mapping) => mapping.page)).toEqual([512]);
    vm.shadow.fence(512 + 3, undefined);
    expect([...vm.shadow.mappings()]).toEqual([]);
  });

  it('knows RAM, devices and nothing else', () => {
    const { vm, map, use, mode, fill, newTable } = createMmu();
    mode(false);
    expect(fill(RAM_FRAME + 3, AccessKind.store)).toBe(FillOutcome.filled);
    expect(fill(0x1_0000, AccessKind.store)).toBe(FillOutcome.device);
    expect([fill(0x1_0000, AccessKind.fetch), vm.shadow.cause]).toEqual([FillOutcome.fault, 1]);
    expect([fill(RAM_FRAME - 1, AccessKind.load), vm.shadow.cause]).toEqual([FillOutcome.fault, 5]);
    expect([fill(RAM_FRAME + 2048, AccessKind.store), vm.shadow.cause]).toEqual([FillOutcome.fault, 7]);
    expect([fill(2 ** 51, AccessKind.load), vm.shadow.cause]).toEqual([FillOutcome.fault, 5]);
    const root = newTable();
    map(root, 1, RAM_FRAME + 2048, V | R | W | A | D);
    use(root);
    expect([fill(1, AccessKind.load), vm.shadow.cause]).toEqual([FillOutcome.fault, ExceptionCause.loadAccessFault]);
    expect([fill(2 ** 40, AccessKind.load), vm.shadow.cause]).toEqual([
      FillOutcome.fault,
      ExceptionCause.loadPageFault,
    ]);
    // A page table outside of RAM.
    use(RAM_FRAME + 4096);
    expect([fill(1, AccessKind.load), vm.shadow.cause]).toEqual([FillOutcome.fault, ExceptionCause.loadAccessFault]);
  });

  it.each([
    [8n, 3],
    [9n, 4],
    [10n, 5],
  ])('walks guest tables of satp.MODE %d', (mode, levels) => {
    const { vm, read, newTable } = createMmu();
    const write = (frame: number, index: number, value: bigint) =>
      vm.ram.memory.write64(vm.ram.toHost(frame * 4096) + index * 8, value);
    // The last page of the lower half, through the last entry of each table.
    let table = newTable();
    const root = table;
    for (let level = levels - 1; level > 0; level--) {
      const next = newTable();
      write(table, level === levels - 1 ? 255 : 511, (BigInt(next) << 10n) | 1n);
      table = next;
    }
    write(table, 511, (BigInt(DATA) << 10n) | BigInt(V | R | W));
    vm.hart.satp = (mode << 60n) | BigInt(root);
    vm.shadow.activate();
    const page = 2 ** (9 * levels - 1) - 1;
    expect(vm.shadow.fill(page, AccessKind.store)).toBe(FillOutcome.filled);
    expect(Number(read(table, 511)) & 0xff).toBe(V | R | W | A | D);
    expect([...vm.shadow.mappings()].filter(({ satp }) => satp !== 0n)).toMatchObject([
      { page, hostFrame: vm.ram.hostFrame(DATA) },
    ]);
    // One page further is not canonical.
    expect([vm.shadow.fill(page + 1, AccessKind.load), vm.shadow.cause]).toEqual([FillOutcome.fault, 13]);
    vm.shadow.fence(page, undefined);
    vm.shadow.fence(page + 1, undefined);
    expect([...vm.shadow.mappings()].filter(({ satp }) => satp !== 0n)).toEqual([]);
  });

  it('lives within its frames however far the guest spreads its accesses', () => {
    const { vm, map, use, mode, fill, newTable } = createMmu({ maxShadowFrames: 12 });
    const root = newTable();
    map(root, 0, DATA, V | R | A);
    // Each page needs two tables of its own.
    for (let index = 1; index < 100; index++) map(root, index * 512 * 512, DATA + index, V | R | A);
    use(root);
    mode(false);
    for (let index = 0; index < 100; index++) {
      expect(fill(index * 512 * 512, AccessKind.load)).toBe(FillOutcome.filled);
      expect(vm.shadow.tableFrames).toBeLessThanOrEqual(12);
    }
  });

  it('holds only what the guest tables say, whatever they are', () => {
    const random = createRandom(7);
    const { vm, map, use, mode, fill, newTable } = createMmu({ maxAddressSpaces: 3 });
    const roots = [newTable(), newTable(), newTable(), newTable()];
    const own = new Set(vm.ram.hostFrames());
    const pages = Array.from({ length: 24 }, () => [0, 512, 512 * 512][random.below(3)]! + random.below(4));
    const guest = guestPageTables(vm.ram);
    const result = createWalkResult();
    let filled = 0;
    for (let turn = 0; turn < 3000; turn++) {
      const page = pages[random.below(pages.length)]!;
      switch (random.below(4)) {
        case 0:
          // Global pages may stay valid in address spaces whose tables do not say so: that is their meaning.
          map(
            roots[random.below(4)]!,
            page,
            RAM_FRAME - 64 + random.below(2200),
            (random.below(256) | (random.below(2) * (V | R | A))) & ~G,
          );
          vm.shadow.fence(random.below(4) === 0 ? undefined : page, undefined);
          break;
        case 1:
          use(roots[random.below(4)]!, random.below(3));
          break;
        case 2:
          mode(random.below(2) === 0, random.below(2) * Sstatus.SUM + random.below(2) * Sstatus.MXR);
          break;
        default:
          if (vm.hart.satp !== 0n && fill(page, random.below(3) as AccessKind) === FillOutcome.filled) filled++;
      }
      for (const mapping of vm.shadow.mappings()) {
        const what = `seed ${random.seed} turn ${turn} page ${mapping.page} ${mapping.view}`;
        expect(own.has(mapping.hostFrame), what).toBe(true);
        if (mapping.satp === 0n) continue;
        for (const access of [AccessKind.fetch, AccessKind.load, AccessKind.store]) {
          if (!permits(mapping.flags, access, 0, false, false)) continue;
          const context = createTranslationContext({
            mode: 8,
            rootFrame: Number(mapping.satp & 0xfff_ffff_ffffn),
            privilege: mapping.view.startsWith('user') ? 0 : 1,
            isSumSet: mapping.view.includes('SUM'),
            isMxrSet: mapping.view.includes('MXR'),
          });
          // Without setting A and D: the guest's entry must have them already.
          expect(walk(result, guest, context, mapping.page, access), `${what} access ${access}`).toBe(0);
          expect(vm.ram.hostFrame(result.frame), what).toBe(mapping.hostFrame);
        }
      }
    }
    expect(filled).toBeGreaterThan(100);
  });
});
