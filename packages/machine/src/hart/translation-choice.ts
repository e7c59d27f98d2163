import { TranslationMode } from '@worldswitch/contracts';
import { CsrAddress, Privilege } from '@worldswitch/isa';
import { CacheControl, cacheRefusal } from '../hypervisor/access-rules.ts';
import { selectGuestTranslations } from '../hypervisor/guest-translation.ts';
import type { Hart } from './hart.ts';
import { CsrSlot, type HartContext, Mstatus } from './hart-context.ts';
import { HartOffset, OpenControl } from './hart-state.ts';

/** Bits of mstatus that decide which accesses a translation allows. */
const ACCESS_RIGHTS = Mstatus.MPRV | Mstatus.MPP | Mstatus.SUM | Mstatus.MXR;

/** Translation sets, and what they were chosen for. */
interface Choice {
  context: HartContext | undefined;
  satpLow: number;
  satpHigh: number;
  rights: number;
  /** See TranslationSets.generation. */
  generation: number;
  data: number;
  fetch: number;
  /** See HartOffset.flippedTranslations. */
  flipped: number;
  isFetchTranslated: boolean;
  isDataTranslated: boolean;
}

const noChoice = (): Choice => ({
  ...{ context: undefined, satpLow: 0, satpHigh: 0, rights: 0, generation: -1, data: 0, fetch: 0, flipped: 0 },
  ...{ isFetchTranslated: false, isDataTranslated: false },
});

/** Decides by a context's mode and CSRs which translation sets and which variant of code are in force, and notes it there. */
export class TranslationChoice {
  readonly #hart: Hart;
  /** The last choice of each privilege: kernels and their programs take turns. */
  readonly #choices: readonly Choice[] = [noChoice(), noChoice(), noChoice(), noChoice()];

  constructor(hart: Hart) {
    this.#hart = hart;
  }

  /** @param retiring 1 while the instruction that changes them is about to retire: it was fetched by the old ones. */
  choose(context: HartContext, retiring: number): void {
    const hart = this.#hart;
    this.#noteOpenControls(context);
    if (context.isDataVirtual) {
      context.i32(HartOffset.flippedTranslations, 0);
      selectGuestTranslations(hart, context, retiring);
      this.#chooseVariant(context);
      return;
    }
    const { privilege } = context;
    const satpLow = context.csrLow(CsrSlot.satp);
    const satpHigh = context.csrHigh(CsrSlot.satp);
    const rights = context.mstatus & ACCESS_RIGHTS;
    const choice = this.#choices[privilege]!;
    if (
      choice.context !== context ||
      choice.satpLow !== satpLow ||
      choice.satpHigh !== satpHigh ||
      choice.rights !== rights ||
      choice.generation !== hart.sets.generation
    ) {
      choice.context = context;
      choice.satpLow = satpLow;
      choice.satpHigh = satpHigh;
      choice.rights = rights;
      this.#select(choice, context);
    }
    const { data, fetch, flipped, isFetchTranslated, isDataTranslated } = choice;
    hart.sets.pin(data, fetch, flipped === 0 ? data : flipped);
    const { i32 } = hart.memory;
    const { word } = context;
    i32[word + HartOffset.dataTranslations / 4] = data;
    i32[word + HartOffset.fetchTranslations / 4] = fetch;
    i32[word + HartOffset.flippedTranslations / 4] = flipped;
    i32[word + HartOffset.isTranslating / 4] = isDataTranslated ? 1 : 0;
    this.#chooseVariant(context);
    if (isFetchTranslated !== context.isFetchTranslated) context.markFetches(isFetchTranslated, retiring);
  }

  #select(choice: Choice, context: HartContext): void {
    const { sets } = this.#hart;
    const { privilege, dataPrivilege, mstatus } = context;
    const { satpLow, satpHigh } = choice;
    const mode = (satpHigh >>> 28) as TranslationMode;
    const asid = (satpHigh >>> 12) & 0xffff;
    const root = (satpHigh & 0xfff) * 2 ** 32 + (satpLow >>> 0);
    choice.isFetchTranslated = mode !== TranslationMode.bare && privilege !== Privilege.machine;
    choice.isDataTranslated = mode !== TranslationMode.bare && dataPrivilege !== Privilege.machine;
    choice.fetch = choice.isFetchTranslated
      ? sets.select(mode, asid, root, privilege, false, false)
      : sets.select(TranslationMode.bare, 0, 0, privilege, false, false);
    // The later choices must not take the earlier ones' sets away.
    sets.pin(choice.fetch, choice.fetch, choice.fetch);
    const isSumSet = dataPrivilege === Privilege.supervisor && (mstatus & Mstatus.SUM) !== 0;
    const isMxrSet = (mstatus & Mstatus.MXR) !== 0;
    choice.data = choice.isDataTranslated
      ? sets.select(mode, asid, root, dataPrivilege, isSumSet, isMxrSet)
      : sets.select(TranslationMode.bare, 0, 0, dataPrivilege, false, false);
    choice.flipped = 0;
    // Kernels set SUM around each access to user memory: the engine changes over by itself.
    if (choice.isDataTranslated && privilege === Privilege.supervisor) {
      sets.pin(choice.data, choice.fetch, choice.data);
      choice.flipped = sets.select(mode, asid, root, privilege, !isSumSet, isMxrSet);
    }
    choice.generation = sets.generation;
  }

  /** Code for physical data addresses checks bounds alone: no protection and no debugger must want to see accesses to RAM. */
  #chooseVariant(context: HartContext): void {
    const { memory, points } = this.#hart;
    const { word, pmp } = context;
    const isPlain = memory.i32[word + HartOffset.isTranslating / 4] === 0 && pmp.length === 0 && points === undefined;
    context.i32(HartOffset.codeVariant, isPlain ? 1 : 0);
  }

  /** Notes what the mode in force may do without asking: see OpenControl. */
  #noteOpenControls(context: HartContext): void {
    let open = cacheRefusal(context, CacheControl.CBZE) === 0 ? OpenControl.zeroBlock : 0;
    // A guest's time is not the clock's.
    const isTimeOpen = !context.isVirtual && this.#hart.csrs.refusal(context, CsrAddress.time, false) === 0;
    if (isTimeOpen) open |= OpenControl.time;
    context.i32(HartOffset.openControls, open);
  }
}
