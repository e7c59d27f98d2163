import type { TlbModel } from '@worldswitch/contracts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { loadUserModule } from './user-module.ts';

/**
 * Makes TLBs of a model of the user's own: a module whose default export is a function that makes one. A model that breaks a law of
 * TLBs is told of, and used.
 */
export async function loadTlb(path: string): Promise<() => TlbModel> {
  const refusal = (what: string) =>
    new UserError(
      `the TLB '${path}' must export as default a function that makes a TlbModel, anew at each call: ${what}`,
      ExitCode.badInput,
    );
  const { default: create } = await loadUserModule(path, 'TLB');
  if (typeof create !== 'function') throw refusal(`the default export is ${kindOf(create)}`);
  const make = (): TlbModel => {
    const model: unknown = create();
    const mistake = mistakeIn(model);
    if (mistake !== undefined) throw refusal(mistake);
    return model as TlbModel;
  };
  // Before anything runs: a world would tell of it as a mistake of its own.
  make();
  await tellOfBrokenLaws(path, make);
  return make;
}

async function tellOfBrokenLaws(path: string, make: () => TlbModel): Promise<void> {
  const { checkLaws, tlbModelLaws } = await import('@worldswitch/contracts/conformance');
  const broken = (await checkLaws(tlbModelLaws(make))).filter(({ outcome }) => outcome === 'broken');
  if (broken.length === 0) return;
  const laws = broken.map(({ name, message }) => `\n  ${name}: ${message}`).join('');
  process.stderr.write(`worldswitch: the TLB '${path}' does not obey these laws of a TlbModel:${laws}\n`);
}

const counterNames = ['lookups', 'misses', 'insertions', 'evictions', 'flushes'] as const;

/** What a TlbModel has that this lacks. */
function mistakeIn(model: unknown): string | undefined {
  if (typeof model !== 'object' || model === null || model instanceof Promise)
    return `what it gives is ${kindOf(model)}`;
  const { name, observesHits, counters } = model as Partial<TlbModel>;
  if (typeof name !== 'string' || name === '') return `'name' is ${kindOf(name)}, not a text`;
  if (typeof observesHits !== 'boolean') return `'observesHits' is ${kindOf(observesHits)}, not true or false`;
  for (const method of ['lookup', 'insert', 'flush', 'entries'] as const) {
    const found = (model as Partial<TlbModel>)[method];
    if (typeof found !== 'function') return `'${method}' is ${kindOf(found)}, not a function`;
  }
  const missing = counterNames.find((counter) => typeof counters?.[counter] !== 'number');
  return missing === undefined ? undefined : `'counters.${missing}' is no number`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (value instanceof Promise) return 'a Promise';
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
