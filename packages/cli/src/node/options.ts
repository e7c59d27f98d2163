import type { TlbModel } from '@worldswitch/contracts';
import { type EngineName, engineNames } from '@worldswitch/machine';
import { createNoTlb, createTlb, createUnboundedTlb, fifo, lru, random, treePlru } from '@worldswitch/mmu-tlb';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MachineOptions } from '../compare/worlds.ts';
import { parseMemory } from '../machine-file/machine-description.ts';
import { loadExtensions, type UserExtensions } from './files/user-extension.ts';
import { isModuleFile } from './files/user-module.ts';
import { loadTlb } from './files/user-tlb.ts';

export interface ExtensionFlag {
  readonly extension?: UserExtensions;
}

export interface MachineFlags extends ExtensionFlag {
  readonly engine?: EngineName;
  readonly memory?: number;
  readonly tlb?: () => TlbModel;
}

/** The value of an option that may be given again. */
export const oneMore = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

/** Before the command acts, puts what `load` makes of an option's value in its place, where `isFile` says that it names files. */
export function loadBefore<Files>(
  command: Command,
  option: string,
  isFile: (value: unknown) => value is Files,
  load: (files: Files) => Promise<unknown>,
): Command {
  return command.hook('preAction', async (_, action) => {
    const value: unknown = action.getOptionValue(option);
    if (isFile(value)) action.setOptionValue(option, await load(value));
  });
}

const isText = (value: unknown): value is string => typeof value === 'string';
/** Of an option that takes `oneMore`. */
export const areTexts = (value: unknown): value is string[] => Array.isArray(value);

/** Adds the option for extensions of the user's own, which are loaded before the command acts. */
export function addExtensionOption(command: Command): Command {
  const described = command.option(
    '--extension <file>',
    'instructions and CSRs of your own: a module whose default export is an IsaExtension; again for more',
    oneMore,
  );
  return loadBefore(described, 'extension', areTexts, loadExtensions);
}

/** Options that every command which starts a machine takes. */
export function addMachineOptions(command: Command): Command {
  const described = addExtensionOption(command)
    .addOption(new Option('--engine <name>', 'how the machine executes instructions').choices(engineNames))
    .option('--memory <size>', 'RAM of the machine or of the guest, such as 64M (2M to 3G)', memorySize)
    .option(
      '--tlb <model>',
      'SETSxWAYS with :fifo, :lru, :plru or :random, such as 16x2:lru; unbounded; none; or a module of your own whose default export makes a TlbModel',
      (text: string) => (isModuleFile(text) ? text : tlbModel(text)),
    )
    .option(
      '--max-instructions <n>',
      'stop the machine, or each world, after this many instructions from where this command begins',
      positiveInteger,
    );
  return loadBefore(described, 'tlb', isText, loadTlb);
}

export function machineOptions(flags: MachineFlags): MachineOptions {
  return {
    ...(flags.engine === undefined ? {} : { engine: flags.engine }),
    ...(flags.tlb === undefined ? {} : { createTlb: flags.tlb }),
    ...(flags.memory === undefined ? {} : { guestMemoryBytes: flags.memory }),
    ...flags.extension,
  };
}

export function positiveInteger(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new InvalidArgumentError(`expected a whole number above 0, got '${text}'.`);
  return value;
}

function memorySize(text: string): number {
  const bytes = parseMemory(text);
  // A guest maps its memory by pages of 2 MiB.
  if (bytes === undefined || bytes % 2 ** 21 !== 0) {
    throw new InvalidArgumentError(`expected a multiple of 2M from 2M to 3G, got '${text}'.`);
  }
  return bytes;
}

/** Entries of a TLB at most: memory for more is better spent on the machine. */
const TLB_MAX = 2 ** 20;
const policies = { fifo: () => fifo, lru: () => lru, plru: () => treePlru, random: () => random(1) };

/** A TLB as the command line describes it, made anew for each machine. */
function tlbModel(text: string): () => TlbModel {
  if (text === 'none') return createNoTlb;
  if (text === 'unbounded') return createUnboundedTlb;
  const [, sets, ways, name = 'fifo'] = /^(\d+)x(\d+)(?::(\w+))?$/.exec(text) ?? [];
  const policy = policies[name as keyof typeof policies];
  if (sets === undefined || ways === undefined || policy === undefined) {
    throw new InvalidArgumentError(
      `expected none, unbounded, SETSxWAYS[:${Object.keys(policies).join('|')}] or a file such as ./mine.ts, got '${text}'.`,
    );
  }
  if (Number(sets) * Number(ways) > TLB_MAX) {
    throw new InvalidArgumentError(`expected at most ${TLB_MAX} entries, got '${text}'.`);
  }
  const create = () => createTlb({ sets: Number(sets), ways: Number(ways), policy: policy() });
  try {
    create();
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return create;
}

/** Makes TLBs of a model by its name, such as `16x4 tree-plru`; undefined for one that is not of this command. */
export function tlbNamed(name: string): (() => TlbModel) | undefined {
  try {
    return tlbModel(name.replace('tree-', '').replace(' ', ':'));
  } catch {
    return undefined;
  }
}

export function commaList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === ''))
    throw new InvalidArgumentError(`expected names with commas between them, got '${text}'.`);
  return names;
}

export function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), ...commaList(text)];
}

/** A number of harts. Throws InvalidArgumentError. */
export function hartCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 8) {
    throw new InvalidArgumentError(`expected a number of harts from 1 to 8, got '${text}'.`);
  }
  return count;
}
