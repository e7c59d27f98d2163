import type { DecodedInstruction } from '@worldswitch/isa';
import type { MachineMemory } from '../../memory/machine-memory.ts';
import { RAM } from '../../memory/memory-layout.ts';
import { HEAT, HEAT_SIZE, heatOf, MAX_HEAT } from '../interpreter/layout.ts';
import type { PlainCsrLookup } from '../plain-csr.ts';
import { BATCH, type CodeModule, CodeModules, type CompiledRegion, type ModuleBounds } from './code-modules.ts';
import { discoverRegion, isComputedJump, type PageDecoder } from './discovery/discover.ts';
import { ByteWriter } from './emission/byte-writer.ts';
import {
  addLines,
  clearFrameCode,
  cover,
  createFrameCodes,
  type FrameCode,
  hasLine,
  isCovered,
  linesOf,
  noteTarget,
} from './frame-code.ts';
import { CODE_SLOT_COUNT, CODE_SLOTS, CodeVariant, codeKeyOf, codeSlotOf } from './layout.ts';
import type { Dispatcher } from './link.ts';
import { encodeRegions } from './link.ts';
import type { PlacedRegion } from './translation/placed-region.ts';

/** Visits of an entry after which it waits to be compiled together with others; after half as many more it is compiled at once. */
export const DEFAULT_THRESHOLD = 16_000;
/** How often a place may be visited so many times more that is translated already, before it is compiled as an entry of its own. */
const COVERED_RELUCTANCE = 1;
/**
 * Code that was overwritten so many times, and no more, is compiled again after fewer visits than the first time: kernels patch their
 * code at start-up. After that it takes twice as many visits each time.
 */
const EAGER_REWRITES = 4;
/** How often an entry waits half as many visits again as the threshold while modules are crowded, before it is compiled all the same. */
const MOST_WAITS = 4;
/** Frames whose visits are counted; past it, those without translated code are forgotten. */
const MAX_FRAMES = 0x800;
const PAGE_SIZE = 4096;

export interface CodeCacheOptions extends ModuleBounds {
  readonly memory: MachineMemory;
  readonly table: WebAssembly.Table;
  readonly decode: (bits: number) => DecodedInstruction | undefined;
  /** Tells that stores to this frame of RAM must be reported from now on. */
  readonly markCode: (frame: number) => void;
  readonly clock: () => number;
  readonly threshold: number;
  readonly plainCsrOf: PlainCsrLookup;
}

/**
 * Translated code by physical address. Translations say nothing about virtual addresses, so changes of address spaces do not
 * concern it; writes to frames do. Bounded: see `CodeModules`.
 */
export class CodeCache {
  readonly #options: CodeCacheOptions;
  readonly #frames = new Map<number, FrameCode>();
  readonly #spareFrames: FrameCode[] = [];
  readonly #modules: CodeModules;
  readonly #encoded = new ByteWriter();
  #imports: Pick<Dispatcher, 'callGuest' | 'callRegion'> | undefined;
  #pending: number[] = [];
  readonly statistics = {
    modules: 0,
    regions: 0,
    instructions: 0,
    bytes: 0,
    evictedModules: 0,
    invalidations: 0,
    compileMs: 0,
  };

  constructor(options: CodeCacheOptions) {
    this.#options = options;
    this.#modules = new CodeModules(options.table, options, {
      watch: ({ regions }) => {
        for (const region of regions) this.#clearSlot(region);
      },
      forget: (module) => this.#forget(module),
    });
    this.#clearSlots();
  }

  /** Bytes of WebAssembly of the modules that are kept. */
  get liveBytes(): number {
    return this.#modules.liveBytes;
  }

  /** Regions that can be entered. */
  get liveRegions(): number {
    let count = 0;
    for (const { entries } of this.#frames.values()) count += entries.size;
    return count;
  }

  link(imports: Pick<Dispatcher, 'callGuest' | 'callRegion'>): void {
    this.#imports = imports;
  }

  /**
   * Of code without visits left (see HEAT): makes it callable through its slot, compiling it when it is hot enough. Returns false
   * when it has to be interpreted this time; it has visits left then.
   */
  enter(address: number, variant: CodeVariant): boolean {
    const { threshold, memory } = this.#options;
    const frame = (address - RAM) >>> 12;
    const offset = address & (PAGE_SIZE - 1);
    const code = this.#frameCode(frame);
    const region = code.entries.get(offset | variant);
    if (region) {
      this.#setSlot(region);
      return true;
    }
    // Code that is overwritten again and again is compiled ever more reluctantly, and so is what was translated as part of
    // other regions: it is entered from outside when those are left early, and would be translated twice.
    const reluctance =
      Math.max(2 ** Math.min(code.rewrites - EAGER_REWRITES, 7) - 1, 0) +
      (isCovered(code, offset, variant) ? COVERED_RELUCTANCE : 0);
    const patience = this.#modules.isCrowded ? MOST_WAITS : 0;
    const calls = code.calls[offset >>> 1]!;
    const isHot = threshold === 0 || calls > reluctance + patience;
    const entry = address + variant;
    if (isHot || (calls >= reluctance && threshold <= MAX_HEAT)) {
      if (!this.#pending.includes(entry)) this.#pending.push(entry);
    }
    if (isHot || this.#pending.length >= BATCH) this.#compilePending(isHot ? entry : undefined);
    const compiled = code.entries.get(offset | variant);
    if (!compiled) {
      if (threshold <= MAX_HEAT) code.calls[offset >>> 1] = Math.min(calls + 1, 255);
      memory.u16[heatOf(address)] = Math.max(calls >= reluctance ? this.#visits >>> 1 : this.#visits, 1);
      return false;
    }
    this.#setSlot(compiled);
    return true;
  }

  /**
   * Takes back half of the visits of code that is not compiled. Done from time to time, it keeps out code that is visited now and
   * then: over an hour that comes to as many visits as hot code has in a second.
   */
  cool(): void {
    const { u16 } = this.#options.memory;
    const visits = this.#visits;
    for (let place = HEAT >>> 1; place < (HEAT >>> 1) + HEAT_SIZE; place++) {
      const left = u16[place]!;
      if (left !== 0 && left < visits) u16[place] = left + ((visits - left) >>> 1);
    }
  }

  /** Visits that cold code has left. */
  get #visits(): number {
    return Math.min(this.#options.threshold, MAX_HEAT);
  }

  #frameCode(frame: number): FrameCode {
    let code = this.#frames.get(frame);
    if (!code) {
      if (this.#frames.size >= MAX_FRAMES) this.#forgetColdFrames();
      if (this.#spareFrames.length === 0) this.#spareFrames.push(...createFrameCodes());
      code = this.#spareFrames.pop()!;
      this.#frames.set(frame, code);
    }
    return code;
  }

  /**
   * Tells that interpreted code went from one address of the machine's memory to another of the same page. Of computed jumps
   * that are no returns it is remembered, so that their targets become part of the region.
   */
  noteJump(from: number, to: number): void {
    const offset = from & (PAGE_SIZE - 1);
    const decoded = this.#decoder(from - offset)(offset);
    if (!decoded || !isComputedJump(decoded)) return;
    noteTarget(this.#frameCode((from - RAM) >>> 12), offset, to & (PAGE_SIZE - 1));
  }

  #forgetColdFrames(): void {
    for (const [frame, code] of this.#frames) if (code.entries.size === 0) this.#forgetFrame(frame, code);
  }

  #forgetFrame(frame: number, code: FrameCode): void {
    this.#frames.delete(frame);
    clearFrameCode(code);
    this.#spareFrames.push(code);
  }

  #setSlot(region: CompiledRegion): void {
    const { i32, u16 } = this.#options.memory;
    const word = codeSlotOf(region.key) >>> 2;
    i32[word] = region.key;
    i32[word + 1] = region.tableIndex;
    region.module.isUsed = true;
    // When another region takes the slot, the next visit is to bring this one back.
    u16[heatOf(region.address)] = 0;
  }

  #clearSlot(region: CompiledRegion): void {
    const { i32 } = this.#options.memory;
    const word = codeSlotOf(region.key) >>> 2;
    if (i32[word] === region.key) i32[word] = 0;
  }

  #clearSlots(): void {
    const { i32, u16 } = this.#options.memory;
    i32.fill(0, CODE_SLOTS >>> 2, (CODE_SLOTS >>> 2) + CODE_SLOT_COUNT * 2);
    u16.fill(this.#visits, HEAT >>> 1, (HEAT >>> 1) + HEAT_SIZE);
  }

  #decoder(codePage: number): PageDecoder {
    const { memory, decode } = this.#options;
    return (offset) => {
      const low = memory.view.getUint16(codePage + offset, true);
      if ((low & 3) !== 3) return decode(low);
      if (offset + 4 > PAGE_SIZE) return undefined;
      return decode(memory.view.getUint32(codePage + offset, true));
    };
  }

  /** What stands waiting is left out where a region before it translates it; not so the place that is `wanted`. */
  #compilePending(wanted: number | undefined): void {
    const { memory, table, markCode, clock, plainCsrOf } = this.#options;
    const started = clock();
    const placed: (PlacedRegion & { readonly address: number; readonly variant: CodeVariant })[] = [];
    // Functions are likely to be entered where they begin, before places within them.
    for (const entry of this.#pending.sort((a, b) => a - b)) {
      const variant = (entry & 1) as CodeVariant;
      const address = entry - variant;
      const offset = address & (PAGE_SIZE - 1);
      const codePage = address - offset;
      const code = this.#frames.get((address - RAM) >>> 12);
      if (!code || code.entries.has(offset | variant)) continue;
      if (isCovered(code, offset, variant) && entry !== wanted) continue;
      const region = discoverRegion(offset, this.#decoder(codePage), plainCsrOf, (jump) => code.jumps.get(jump) ?? []);
      cover(code, region, variant);
      const physicalSize = variant === CodeVariant.physical ? memory.ramSize : 0;
      placed.push({ region, codePage, physicalSize, address, variant });
    }
    this.#pending = [];
    if (placed.length > 0) {
      const instructions = placed.reduce((sum, { region }) => sum + region.instructionCount, 0);
      const bytes = encodeRegions(placed, this.#encoded);
      const firstIndex = this.#modules.reserve(instructions, bytes.length);
      const { callGuest, callRegion } = this.#imports!;
      const env = { memory: memory.wasm, callGuest, callRegion };
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
      for (const index of placed.keys()) table.set(firstIndex + index, exports[index]);
      const module: CodeModule = {
        firstIndex,
        regions: [],
        liveRegions: placed.length,
        instructions,
        bytes: bytes.length,
        isUsed: true,
      };
      for (const [index, { region, address, variant }] of placed.entries()) {
        const key = codeKeyOf(address, variant === CodeVariant.physical);
        const compiled = { address, key, tableIndex: firstIndex + index, lines: linesOf(region), module };
        module.regions.push(compiled);
        const frame = (address - RAM) >>> 12;
        const code = this.#frames.get(frame)!;
        code.entries.set(key & (PAGE_SIZE - 1), compiled);
        addLines(code.lines, compiled.lines);
        // The next visit puts it into its slot.
        memory.u16[heatOf(address)] = 0;
        markCode(frame);
      }
      this.#modules.add(module);
      this.statistics.modules++;
      this.statistics.regions += module.regions.length;
      this.statistics.instructions += instructions;
      this.statistics.bytes += bytes.length;
    }
    this.statistics.compileMs += clock() - started;
  }

  /** Of a module whose functions are gone. */
  #forget(module: CodeModule): void {
    this.statistics.evictedModules++;
    for (const region of module.regions) {
      const entries = this.#frames.get((region.address - RAM) >>> 12)?.entries;
      const entry = region.key & (PAGE_SIZE - 1);
      // What was overwritten may have been compiled again.
      if (entries?.get(entry) !== region) continue;
      entries.delete(entry);
      this.#clearSlot(region);
      this.#options.memory.u16[heatOf(region.address)] = this.#visits;
    }
  }

  /**
   * Forgets the code that was made from these bytes of a frame. `isEmpty`: no code of the frame is left; `isChanged`: some was
   * forgotten.
   */
  invalidate(
    frame: number,
    offset: number,
    length: number,
  ): { readonly isEmpty: boolean; readonly isChanged: boolean } {
    const code = this.#frames.get(frame);
    if (!code) return nothingForgotten;
    // Data next to code are written often: most writes end here.
    if (!hasLine(code.lines, offset, length)) return code.entries.size === 0 ? nothingForgotten : nothingHit;
    let isChanged = false;
    code.lines.fill(0);
    for (const [entry, region] of code.entries) {
      if (!hasLine(region.lines, offset, length)) {
        addLines(code.lines, region.lines);
        continue;
      }
      this.#clearSlot(region);
      isChanged = true;
      code.entries.delete(entry);
      this.#modules.overwrite(region);
      code.calls[entry >>> 1] = 0;
      const visits = this.#visits >>> Math.max(EAGER_REWRITES - code.rewrites, 0);
      this.#options.memory.u16[heatOf(region.address)] = Math.max(visits, 1);
    }
    if (isChanged) {
      code.covered.fill(0);
      code.jumps.clear();
      code.rewrites++;
      this.statistics.invalidations++;
    }
    return { isEmpty: code.entries.size === 0, isChanged };
  }

  reset(): void {
    this.#modules.clear();
    for (const [frame, code] of this.#frames) this.#forgetFrame(frame, code);
    this.#pending = [];
    this.#clearSlots();
  }
}

const nothingForgotten = { isEmpty: true, isChanged: false } as const;
const nothingHit = { isEmpty: false, isChanged: false } as const;
