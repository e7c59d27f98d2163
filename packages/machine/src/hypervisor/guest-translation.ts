import { BARE_ASID, guestSpace, TranslationMode } from '@worldswitch/contracts';
import { Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import {
  AccessKind,
  createTranslationContext,
  createTwoStageTranslator,
  faultCause,
  needsAccessedDirty,
  type PageTableMemory,
  PteFlag,
  permits,
  type TranslationContext,
  TranslationFault,
  type TwoStageResult,
  type TwoStageTranslator,
} from '@worldswitch/mmu-tlb';
import type { Hart } from '../hart/hart.ts';
import { CsrSlot, GuestFaultKind, type HartContext, Mstatus } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { type GuestWorld, ROOT_FRAMES } from '../memory/software-tlb.ts';

/** Bits of the upper halves of menvcfg and henvcfg. */
const ADUE_HIGH = 1 << 29;
const PBMTE_HIGH = 1 << 30;
/** In a TLB entry, the flags of the G-stage's leaf stand above those of the VS-stage's. */
const G_STAGE_SHIFT = 8;
const PHYSICAL_PAGES = 2 ** 44;

/** What a hart needs to translate for guests: made once. */
export class GuestTranslation {
  readonly translator: TwoStageTranslator;
  readonly first: TranslationContext = createTranslationContext({ hasNapot: true });
  readonly second: TranslationContext = createTranslationContext({ hasNapot: true, isGuestStage: true });
  /** The world that a set is chosen for. */
  readonly world: GuestWorld = { key: 0, space: 0 };
  /** The TLB may hold translations of guests. */
  isUsed = false;

  constructor(pageTables: PageTableMemory) {
    this.translator = createTwoStageTranslator(pageTables);
  }
}

const modeOf = (context: HartContext, slot: number): TranslationMode =>
  (context.csrHigh(slot) >>> 28) as TranslationMode;
const rootOf = (context: HartContext, slot: number): number =>
  (context.csrHigh(slot) & 0xfff) * 2 ** 32 + (context.csrLow(slot) >>> 0);

function spaceOf(context: HartContext): number {
  const vmid = (context.csrHigh(CsrSlot.hgatp) >>> 12) & 0x3fff;
  const slot = context.guestSatpSlot;
  const isBare = modeOf(context, slot) === TranslationMode.bare;
  return guestSpace(vmid, isBare ? BARE_ASID : (context.csrHigh(slot) >>> 12) & 0xffff);
}

/**
 * The physical page number of a guest virtual address, by way of the TLB model and both stages of translation; or -1, and the
 * fault is noted in the context (privileged ISA, "Two-Stage Address Translation").
 */
export function translateGuestPage(hart: Hart, low: number, high: number, kind: AccessKind): number {
  const context = hart.current;
  const page = (high >>> 0) * 2 ** 20 + (low >>> 12);
  const privilege = kind === AccessKind.fetch ? context.privilege : context.dataPrivilege;
  const satp = context.guestSatpSlot;
  const mode = modeOf(context, satp);
  const guestMode = modeOf(context, CsrSlot.hgatp);
  if (mode === TranslationMode.bare && guestMode === TranslationMode.bare) {
    hart.leafLevel = -1;
    return page < PHYSICAL_PAGES ? page : fault(hart, TranslationFault.access, kind, low, high);
  }
  const { guestStatus, isExecuteRead } = context;
  const isSumSet = (guestStatus & Mstatus.SUM) !== 0;
  const isMxrSet = (context.hostStatus & Mstatus.MXR) !== 0;
  const isGuestMxrSet = isMxrSet || (guestStatus & Mstatus.MXR) !== 0;
  const space = spaceOf(context);
  const entry = hart.tlb.lookup(space, page);
  if (entry === undefined) context.misses++;
  else {
    const flags = entry.flags & 0xff;
    const guestFlags = entry.flags >>> G_STAGE_SHIFT;
    if (
      permits(flags, kind, privilege, isSumSet, isGuestMxrSet, isExecuteRead) &&
      permits(guestFlags, kind, Privilege.user, false, isMxrSet, isExecuteRead) &&
      !needsAccessedDirty(flags & guestFlags, kind)
    ) {
      hart.leafLevel = entry.level;
      return entry.frame;
    }
  }
  const { translator, first, second } = hart.guest;
  first.mode = mode;
  first.rootFrame = rootOf(context, satp);
  first.privilege = privilege;
  first.isSumSet = isSumSet;
  first.isMxrSet = isGuestMxrSet;
  first.isExecuteRead = isExecuteRead;
  const machineEnvironment = context.csrHigh(CsrSlot.menvcfg);
  const environment = context.csrHigh(CsrSlot.henvcfg) & machineEnvironment;
  first.updatesAccessedDirty = (environment & ADUE_HIGH) !== 0;
  first.hasMemoryTypes = (environment & PBMTE_HIGH) !== 0;
  second.mode = guestMode;
  second.rootFrame = rootOf(context, CsrSlot.hgatp);
  second.isMxrSet = isMxrSet;
  second.isExecuteRead = isExecuteRead;
  second.updatesAccessedDirty = (machineEnvironment & ADUE_HIGH) !== 0;
  second.hasMemoryTypes = (machineEnvironment & PBMTE_HIGH) !== 0;
  const outcome = translator.translate(first, second, page, kind);
  const { result } = translator;
  context.walkReferences += result.references;
  if (outcome === TranslationFault.guestPage) noteGuestFault(context, result, low);
  if (outcome !== TranslationFault.none) return fault(hart, outcome, kind, low, high);
  const { frame, guestLevel: level } = result;
  // G means all address spaces of one virtual machine: an entry for each is as good.
  const flags = (result.flags & ~PteFlag.global) | (result.guestFlags << G_STAGE_SHIFT);
  hart.guest.isUsed = true;
  hart.tlb.insert({ asid: space, page, frame, flags, level });
  hart.leafLevel = level;
  return frame;
}

/** The frame that a guest executes a page from, without a trace of the question; undefined where it could not. */
export function peekGuestFrame(hart: Hart, context: HartContext, page: number): number | undefined {
  const first = createTranslationContext({
    mode: modeOf(context, CsrSlot.satp),
    rootFrame: rootOf(context, CsrSlot.satp),
    privilege: context.privilege,
    hasNapot: true,
    hasMemoryTypes: true,
  });
  const second = createTranslationContext({
    mode: modeOf(context, CsrSlot.hgatp),
    rootFrame: rootOf(context, CsrSlot.hgatp),
    hasNapot: true,
    hasMemoryTypes: true,
    isGuestStage: true,
  });
  const translator = createTwoStageTranslator(hart.pageTables);
  const outcome = translator.translate(first, second, page, AccessKind.fetch);
  return outcome === TranslationFault.none ? translator.result.frame : undefined;
}

/** What htval or mtval2 and htinst or mtinst are going to say. */
function noteGuestFault(context: HartContext, result: TwoStageResult, low: number): void {
  const { faultPage, faultOffset, isImplicit, isImplicitWrite } = result;
  const offset = isImplicit ? faultOffset : low & 0xfff;
  context.guestFaultLow = ((faultPage % 2 ** 22) * 1024 + (offset >>> 2)) | 0;
  context.guestFaultHigh = Math.floor(faultPage / 2 ** 22);
  if (!isImplicit) context.guestFaultKind = GuestFaultKind.explicit;
  else context.guestFaultKind = isImplicitWrite ? GuestFaultKind.tableWrite : GuestFaultKind.tableRead;
}

function fault(hart: Hart, outcome: Exclude<TranslationFault, 0>, kind: AccessKind, low: number, high: number): -1 {
  hart.noteFault(faultCause(outcome, kind), low, high);
  return -1;
}

/** The set for accesses of a guest with a privilege, under its SUM and MXR or as without them. */
function guestSet(
  hart: Hart,
  context: HartContext,
  privilege: PrivilegeLevel,
  isSumSet: boolean,
  isMxrSet: boolean,
): number {
  const satp = context.guestSatpSlot;
  const mode = modeOf(context, satp);
  const guestMode = modeOf(context, CsrSlot.hgatp);
  if (mode === TranslationMode.bare && guestMode === TranslationMode.bare) {
    return hart.sets.select(TranslationMode.bare, 0, 0, privilege, false, false);
  }
  const { world } = hart.guest;
  world.space = spaceOf(context);
  world.key = worldKey(context, guestMode);
  const asid = mode === TranslationMode.bare ? 0 : (context.csrHigh(satp) >>> 12) & 0xffff;
  const root = mode === TranslationMode.bare ? 0 : rootOf(context, satp);
  const isSumApplied = isSumSet && privilege === Privilege.supervisor;
  return hart.sets.select(mode, asid, root, privilege, isSumApplied, isMxrSet, world);
}

/** hgatp and the hypervisor's MXR in one number above 0. Root frames outside any RAM share one: nothing is entered for them. */
function worldKey(context: HartContext, guestMode: TranslationMode): number {
  const isMxrSet = (context.hostStatus & Mstatus.MXR) !== 0;
  const vmid = (context.csrHigh(CsrSlot.hgatp) >>> 12) & 0x3fff;
  const rest = 1 | (isMxrSet ? 2 : 0) | (guestMode << 2) | (vmid << 6);
  return rest + Math.min(rootOf(context, CsrSlot.hgatp), ROOT_FRAMES - 1) * 2 ** 20;
}

/** Chooses the translation sets while loads and stores are a guest's: all of them in a guest, under MPRV with MPV those alone. */
export function selectGuestTranslations(hart: Hart, context: HartContext, retiring: number): void {
  const { i32 } = hart.memory;
  const { word, privilege, isVirtual } = context;
  const fetch = isVirtual
    ? guestSet(hart, context, privilege, false, false)
    : hart.sets.select(TranslationMode.bare, 0, 0, privilege, false, false);
  // The second choice must not take the first one's set away.
  hart.sets.pin(fetch, fetch, fetch);
  const { guestStatus } = context;
  const isSumSet = (guestStatus & Mstatus.SUM) !== 0;
  const data = guestSet(hart, context, context.dataPrivilege, isSumSet, (guestStatus & Mstatus.MXR) !== 0);
  hart.sets.pin(data, fetch, data);
  const isTranslated =
    modeOf(context, context.guestSatpSlot) !== TranslationMode.bare ||
    modeOf(context, CsrSlot.hgatp) !== TranslationMode.bare;
  i32[word + HartOffset.dataTranslations / 4] = data;
  i32[word + HartOffset.fetchTranslations / 4] = fetch;
  i32[word + HartOffset.isTranslating / 4] = isTranslated ? 1 : 0;
  const isFetchTranslated = isVirtual && isTranslated;
  if (isFetchTranslated !== context.isFetchTranslated) context.markFetches(isFetchTranslated, retiring);
}
