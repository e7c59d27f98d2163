import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MachineOptions } from '../worlds.ts';

export interface MachineFlags {
  readonly engine?: 'reference' | 'compiled';
  readonly memory?: number;
}

/** Options that every command which starts a machine takes. */
export function addMachineOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--engine <name>', 'how the machine executes instructions').choices(['reference', 'compiled']),
    )
    .option('--memory <size>', 'RAM of the bare machine or of the guest, such as 64M (2M to 2G)', memorySize)
    .option('--max-instructions <n>', 'stop each world after this many instructions', positiveInteger);
}

export function machineOptions(flags: MachineFlags): MachineOptions {
  return {
    ...(flags.engine === undefined ? {} : { engine: flags.engine }),
    ...(flags.memory === undefined ? {} : { guestMemoryBytes: flags.memory }),
  };
}

export function positiveInteger(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new InvalidArgumentError(`expected a whole number above 0, got '${text}'.`);
  return value;
}

export function memorySize(text: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  const unit = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[match?.[2]?.toUpperCase() ?? ''] ?? 1;
  const bytes = Number(match?.[1]) * unit;
  if (!(bytes >= 2 ** 21 && bytes <= 2 ** 31 && bytes % 2 ** 21 === 0)) {
    throw new InvalidArgumentError(`expected a multiple of 2M from 2M to 2G, got '${text}'.`);
  }
  return bytes;
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
