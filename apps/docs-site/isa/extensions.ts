import { defaultInstructionSet, type Instruction } from '@worldswitch/isa';

export interface ExtensionPage {
  readonly name: string;
  readonly slug: string;
  readonly rows: readonly Instruction[];
}

/** The instruction table, one page for each extension, in the table's order. */
export function extensionPages(): ExtensionPage[] {
  const groups = new Map<string, Instruction[]>();
  for (const row of defaultInstructionSet().rows)
    groups.set(row.extension, [...(groups.get(row.extension) ?? []), row]);
  return [...groups].map(([name, rows]) => ({ name, slug: name.toLowerCase(), rows }));
}
