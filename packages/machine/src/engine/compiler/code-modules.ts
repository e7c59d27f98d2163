import type { LineSet } from './frame-code.ts';

/** Functions that are kept at once: what bounds the table. */
export const DEFAULT_MAX_FUNCTIONS = 0x4000;
/**
 * Guest instructions in them, and bytes of WebAssembly, of which V8 makes about four times as many of machine code: what bounds the
 * memory of translated code.
 */
const MAX_INSTRUCTIONS = 150_000;
export const DEFAULT_MAX_BYTES = 8 << 20;
/** Places in the table that a module takes, however few regions it has. */
const MODULE_PLACES = 32;
/** Entries compiled together, at most: fewer than MODULE_PLACES. */
export const BATCH = 24;
/** Where more of the room is taken, small modules would drive out each other. */
const MOST_FILLED = 7 / 8;
/** Where a greater share of the regions made lately was overwritten, the next ones are unlikely to pay for modules of their own. */
const MOST_OVERWRITTEN = 1 / 2;
/** Regions over which that share is taken. */
const RECENT_REGIONS = 256;

/** A region that was translated, as a function in the table. */
export interface CompiledRegion {
  /** Byte offset of the entry in the machine's memory, and with the variant what identifies translated code. */
  readonly address: number;
  readonly key: number;
  readonly tableIndex: number;
  /** Where in its frame it has code. */
  readonly lines: LineSet;
  readonly module: CodeModule;
}

/** Regions that were compiled together, and go together. */
export interface CodeModule {
  readonly firstIndex: number;
  readonly regions: CompiledRegion[];
  /** How many of them were not overwritten. */
  liveRegions: number;
  readonly instructions: number;
  readonly bytes: number;
  /** One of its regions was entered since the last time that it was looked at. */
  isUsed: boolean;
}

export interface ModuleBounds {
  /** Size of the table, at least that of a few modules. */
  readonly maxFunctions: number;
  /** Bytes of WebAssembly that are kept at once. */
  readonly maxBytes: number;
}

/** Who knows where the regions of modules are entered from. */
export interface ModuleOwner {
  /** The next entry into one of its regions is to be noticed. */
  watch(module: CodeModule): void;
  /** Its regions must not be entered any more: their functions are gone. */
  forget(module: CodeModule): void;
}

/** The modules that are kept, within bounds, and their places in the table. Those that were not entered for long go first. */
export class CodeModules {
  readonly #table: WebAssembly.Table;
  readonly #maxBytes: number;
  readonly #owner: ModuleOwner;
  /** In the order in which they are looked at when one has to go. */
  readonly #modules: CodeModule[] = [];
  /** First table indices that no module has. */
  readonly #free: number[] = [];
  readonly #places: number;
  /** Of the regions made lately, the share that was overwritten. */
  #overwritten = 0;
  #liveInstructions = 0;
  #liveBytes = 0;

  constructor(table: WebAssembly.Table, { maxFunctions, maxBytes }: ModuleBounds, owner: ModuleOwner) {
    this.#table = table;
    this.#maxBytes = maxBytes;
    this.#owner = owner;
    const places = Math.max(Math.floor(maxFunctions / MODULE_PLACES), 1);
    this.#places = places;
    // Index 0 is the interpreter's.
    const size = 1 + places * MODULE_PLACES;
    if (table.length < size) table.grow(size - table.length);
    for (let place = places - 1; place >= 0; place--) this.#free.push(1 + place * MODULE_PLACES);
  }

  /** Bytes of WebAssembly of the modules that are kept. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Small modules do not pay: entries are to wait until more of them can be compiled together. */
  get isCrowded(): boolean {
    const filled = Math.max(
      this.#modules.length / this.#places,
      this.#liveInstructions / MAX_INSTRUCTIONS,
      this.#liveBytes / this.#maxBytes,
    );
    return filled > MOST_FILLED || this.#overwritten > MOST_OVERWRITTEN;
  }

  /**
   * The first table index for a module of so many guest instructions and bytes. Where there is no room, modules go that were not
   * entered since they were looked at last; the others are watched from now on.
   */
  reserve(instructions: number, bytes: number): number {
    while (this.#modules.length > 0) {
      const hasRoom =
        this.#liveInstructions + instructions <= MAX_INSTRUCTIONS && this.#liveBytes + bytes <= this.#maxBytes;
      if (this.#free.length > 0 && hasRoom) break;
      const module = this.#modules.shift()!;
      if (module.isUsed) {
        module.isUsed = false;
        this.#owner.watch(module);
        this.#modules.push(module);
      } else this.#evict(module);
    }
    this.#liveInstructions += instructions;
    this.#liveBytes += bytes;
    return this.#free.pop()!;
  }

  /** Keeps a module of what was reserved. */
  add(module: CodeModule): void {
    this.#modules.push(module);
    this.#overwritten *= (1 - 1 / RECENT_REGIONS) ** module.regions.length;
  }

  /** A region was overwritten. Its module goes when it was the last one. */
  overwrite({ module }: CompiledRegion): void {
    this.#overwritten += 1 / RECENT_REGIONS;
    if (--module.liveRegions > 0) return;
    this.#modules.splice(this.#modules.indexOf(module), 1);
    this.#evict(module);
  }

  clear(): void {
    for (const module of this.#modules.splice(0)) this.#evict(module);
  }

  #evict(module: CodeModule): void {
    this.#liveInstructions -= module.instructions;
    this.#liveBytes -= module.bytes;
    this.#free.push(module.firstIndex);
    for (const { tableIndex } of module.regions) this.#table.set(tableIndex, null);
    this.#owner.forget(module);
  }
}
