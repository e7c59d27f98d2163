import { type HostKernel, InternalError, TranslationMode, type Vcpu } from '@worldswitch/contracts';
import { Privilege } from '@worldswitch/isa';
import {
  AccessKind,
  createTranslationContext,
  createWalkResult,
  faultCause,
  type PageTableMemory,
  PteFlag,
  TranslationFault,
  walk,
} from '@worldswitch/mmu-tlb';
import type { GuestRam } from '../virtual-board/guest-ram.ts';
import { Sstatus, type VirtualHart } from '../virtual-hart/virtual-hart.ts';
import { guestPageTables } from './guest-page-tables.ts';
import { leafStart, OUT_OF_SHADOW_FRAMES, ShadowFlag, type ShadowFrameBudget, ShadowTable } from './shadow-table.ts';

/**
 * Views of one guest address space. Each is a shadow table of its own, so that a change of virtual mode, of SUM or of MXR is a
 * change of address space and flushes nothing.
 */
const USER_VIEW = 0;
const KERNEL_VIEW = 2;
const SUM_VIEW = 1;
const VIEWS = 6;
const viewNames = ['user', 'user+MXR', 'kernel', 'kernel+SUM', 'kernel+MXR', 'kernel+SUM+MXR'];

function viewOf(isUser: boolean, status: number): number {
  if (isUser) return USER_VIEW + ((status & Sstatus.MXR) === 0 ? 0 : 1);
  return KERNEL_VIEW + ((status & Sstatus.SUM) === 0 ? 0 : SUM_VIEW) + ((status & Sstatus.MXR) === 0 ? 0 : 2);
}

/** One value that the guest wrote to satp, and the shadow tables made for it so far. */
interface AddressSpace {
  readonly satp: bigint;
  readonly mode: TranslationMode;
  readonly guestAsid: number;
  readonly rootFrame: number;
  readonly views: (ShadowTable | undefined)[];
}

/** What became of a fault: the entry is filled in; it is a device's address; or the guest has to see exception `cause`. */
export const FillOutcome = { filled: 0, device: 1, fault: 2, noMemory: 3 } as const;
export type FillOutcome = (typeof FillOutcome)[keyof typeof FillOutcome];

/** One translation for people. */
export interface ShadowMapping {
  readonly satp: bigint;
  readonly view: string;
  readonly page: number;
  readonly hostFrame: number;
  readonly flags: number;
  readonly level: number;
}

export interface ShadowPagingOptions {
  readonly host: HostKernel;
  readonly vcpu: Vcpu;
  readonly ram: GuestRam;
  readonly hart: VirtualHart;
  /** Whether a page belongs to a device. */
  readonly isDevicePage: (frame: number) => boolean;
  /** Address spaces that are remembered; the one that was current longest ago is dropped first. Default 32. */
  readonly maxAddressSpaces?: number;
  /** Frames that all shadow tables together may take. Default: 64 and a 16th of the guest's memory. */
  readonly maxTableFrames?: number;
}

/**
 * Shadow page tables: what the machine walks while the guest runs. They are filled from the guest's own tables when an access
 * misses, and forget what the guest fences. A switch back to an address space finds its tables as they were left.
 */
export class ShadowPaging {
  readonly #host: HostKernel;
  readonly #vcpu: Vcpu;
  readonly #ram: GuestRam;
  readonly #hart: VirtualHart;
  readonly #isDevicePage: (frame: number) => boolean;
  readonly #guestTables: PageTableMemory;
  readonly #walkContext = createTranslationContext({ updatesAccessedDirty: true });
  readonly #walkResult = createWalkResult();
  readonly #maxAddressSpaces: number;
  readonly #budget: ShadowFrameBudget;
  /** By satp value, the least recently current first. */
  readonly #spaces = new Map<bigint, AddressSpace>();
  #space: AddressSpace;
  #view = 0;
  #table: ShadowTable | undefined;
  /** Of the last {@link fill} or {@link translate}: the guest frame, or the exception. */
  frame = 0;
  cause = 0;

  constructor(options: ShadowPagingOptions) {
    this.#host = options.host;
    this.#vcpu = options.vcpu;
    this.#ram = options.ram;
    this.#hart = options.hart;
    this.#isDevicePage = options.isDevicePage;
    this.#guestTables = guestPageTables(options.ram);
    this.#maxAddressSpaces = options.maxAddressSpaces ?? 32;
    this.#budget = { used: 0, limit: options.maxTableFrames ?? 64 + Math.floor(options.ram.frameCount / 16) };
    this.#space = this.#findSpace(options.hart.satp);
  }

  /** Page-table frames in use. */
  get tableFrames(): number {
    return this.#budget.used;
  }

  /** To be called after the guest's satp, virtual mode, SUM or MXR has changed. False when there is no memory for a table. */
  activate(): boolean {
    const { satp, isUser, status } = this.#hart;
    if (satp !== this.#space.satp) this.#space = this.#findSpace(satp);
    // Without translation the modes see the same.
    this.#view = this.#space.mode === TranslationMode.bare ? USER_VIEW : viewOf(isUser, status);
    this.#table = undefined;
    this.#table = this.#space.views[this.#view] ?? this.#withMemory(() => this.#createTable());
    this.#table?.activate();
    return this.#table !== undefined;
  }

  #findSpace(satp: bigint): AddressSpace {
    const known = this.#spaces.get(satp);
    if (known) {
      this.#spaces.delete(satp);
      this.#spaces.set(satp, known);
      return known;
    }
    const space: AddressSpace = {
      satp,
      mode: Number(satp >> 60n) as TranslationMode,
      guestAsid: Number((satp >> 44n) & 0xffffn),
      rootFrame: Number(satp & 0xfff_ffff_ffffn),
      views: new Array(VIEWS).fill(undefined),
    };
    this.#spaces.set(satp, space);
    if (this.#spaces.size > this.#maxAddressSpaces) {
      for (const oldest of this.#spaces.values()) {
        this.#release(oldest);
        break;
      }
    }
    return space;
  }

  #release(space: AddressSpace): void {
    this.#spaces.delete(space.satp);
    for (const table of space.views) table?.release();
    space.views.fill(undefined);
  }

  #createTable(): ShadowTable {
    const { mode, views } = this.#space;
    const view = this.#view;
    const table = new ShadowTable(
      this.#host,
      this.#vcpu,
      this.#budget,
      mode === TranslationMode.bare ? TranslationMode.sv39 : mode,
    );
    if (view >= KERNEL_VIEW) {
      // What the kernel sees without SUM it sees with it, too; and global translations hold in every address space.
      const withoutSum = (view & SUM_VIEW) === 0 ? undefined : views[view - SUM_VIEW];
      const source = withoutSum ?? this.#latestTable(view, table.mode);
      if (source) table.adopt(source, withoutSum === undefined);
    }
    views[view] = table;
    return table;
  }

  /** The table of a view of the address space that was current last and has one. */
  #latestTable(view: number, mode: TranslationMode): ShadowTable | undefined {
    let latest: ShadowTable | undefined;
    for (const space of this.#spaces.values()) if (space.mode === mode) latest = space.views[view] ?? latest;
    return latest;
  }

  /** Runs something that needs table frames; drops other address spaces, then everything, to get them. */
  #withMemory<Result>(action: () => Result): Result | undefined {
    for (let attempt = 0; ; attempt++) {
      try {
        return action();
      } catch (error) {
        if (error !== OUT_OF_SHADOW_FRAMES) throw error;
        if (attempt === 2) return undefined;
        for (const space of [...this.#spaces.values()]) if (space !== this.#space) this.#release(space);
        if (attempt === 1) {
          for (const [view, table] of this.#space.views.entries()) {
            if (table === this.#table && table) table.forgetAll(false);
            else {
              table?.release();
              this.#space.views[view] = undefined;
            }
          }
          this.#table?.activate();
        }
      }
    }
  }

  /**
   * An access missed in the current shadow table. Looks the page up as the guest's hardware would, sets A and D in the guest's
   * entry, and enters the translation; it is writable only once D is set.
   * @param page virtual page number, in [0, 2^52).
   */
  fill(page: number, access: AccessKind): FillOutcome {
    const outcome = this.translate(page, access);
    if (outcome !== FillOutcome.filled) return outcome;
    const { frame } = this;
    const hostFrame = this.#ram.hostFrame(frame);
    const guestLevel = this.#walkResult.level;
    const level = guestLevel > 0 && this.#ram.isChunkContiguous(frame) ? 1 : 0;
    const flags = this.#rights();
    const table = this.#table;
    if (!table) throw new InternalError('an access without an active shadow table');
    const isFilled = this.#withMemory(() => {
      table.map(leafStart(page, level), leafStart(hostFrame, level), flags, level, guestLevel);
      return true;
    });
    return isFilled ? FillOutcome.filled : FillOutcome.noMemory;
  }

  /** Flags of the shadow entry: what the current virtual mode may do there, given to the machine's user mode. */
  #rights(): number {
    const { flags } = this.#walkResult;
    const common = PteFlag.user | PteFlag.accessed | PteFlag.dirty;
    if (this.#space.mode === TranslationMode.bare) return common | PteFlag.read | PteFlag.write | PteFlag.execute;
    const { isUser, status } = this.#hart;
    let rights = common | (flags & (PteFlag.read | PteFlag.execute));
    // MXR makes executable pages readable.
    if ((flags & PteFlag.execute) !== 0 && (status & Sstatus.MXR) !== 0) rights |= PteFlag.read;
    // The kernel executes no user page, whatever SUM is.
    if (!isUser && (flags & PteFlag.user) !== 0) rights &= ~PteFlag.execute;
    if ((flags & PteFlag.write) !== 0 && (flags & PteFlag.dirty) !== 0) rights |= PteFlag.write;
    if ((flags & PteFlag.global) !== 0) rights |= ShadowFlag.guestGlobal;
    return rights;
  }

  /** Translates for the current virtual mode and enters nothing. `frame` is then the guest frame, or `cause` the exception. */
  translate(page: number, access: AccessKind): FillOutcome {
    const { mode, rootFrame } = this.#space;
    const context = this.#walkContext;
    const { isUser, status } = this.#hart;
    context.mode = mode;
    context.rootFrame = rootFrame;
    context.privilege = isUser ? Privilege.user : Privilege.supervisor;
    context.isSumSet = (status & Sstatus.SUM) !== 0;
    context.isMxrSet = (status & Sstatus.MXR) !== 0;
    const result = this.#walkResult;
    const fault = walk(result, this.#guestTables, context, page, access);
    if (fault !== TranslationFault.none) {
      this.cause = faultCause(fault, access);
      return FillOutcome.fault;
    }
    // Without translation the guest sees its RAM in the largest pieces there are.
    if (mode === TranslationMode.bare) result.level = 1;
    this.frame = result.frame;
    if (this.#ram.hostFrame(result.frame) >= 0) return FillOutcome.filled;
    if (access !== AccessKind.fetch && this.#isDevicePage(result.frame)) return FillOutcome.device;
    this.cause = faultCause(TranslationFault.access, access);
    return FillOutcome.fault;
  }

  /** sfence.vma: undefined is every page, and every address space with its global translations. */
  fence(page: number | undefined, guestAsid: number | undefined): void {
    const keepsGlobal = guestAsid !== undefined;
    for (const space of [...this.#spaces.values()]) {
      if (space.mode === TranslationMode.bare || (keepsGlobal && space.guestAsid !== guestAsid)) continue;
      if (page === undefined && space !== this.#space) {
        this.#release(space);
        continue;
      }
      for (const table of space.views) {
        if (page === undefined) table?.forgetAll(keepsGlobal);
        else table?.forgetPage(page, keepsGlobal);
      }
    }
    // A table that forgot everything has a new root.
    if (page === undefined) this.#table?.activate();
  }

  /** Every translation that the machine could use for this guest. */
  *mappings(): Iterable<ShadowMapping> {
    for (const { satp, views } of this.#spaces.values()) {
      for (const [view, table] of views.entries()) {
        if (!table) continue;
        for (const { page, frame, flags, level } of table.entries()) {
          yield { satp, view: viewNames[view]!, page, hostFrame: frame, flags, level };
        }
      }
    }
  }

  /** Tables for people. */
  describe(): { readonly satp: string; readonly view: string; readonly asid: number; readonly mappings: number }[] {
    return [...this.#spaces.values()].flatMap(({ satp, views }) =>
      views.flatMap((table, view) =>
        table
          ? [{ satp: `0x${satp.toString(16)}`, view: viewNames[view]!, asid: table.asid, mappings: table.mappings }]
          : [],
      ),
    );
  }

  release(): void {
    for (const space of [...this.#spaces.values()]) this.#release(space);
    this.#table = undefined;
  }
}
