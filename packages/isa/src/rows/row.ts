import type { Instruction, Statement } from '../instruction.ts';

/** The parts of a row that not every row has. */
export type RowOptions = Partial<Pick<Instruction, 'privilege' | 'sensitivity' | 'where' | 'refines' | 'expandsTo'>>;

/**
 * Makes the row function of one table: the extension, the manual and the section are said once, each row says the rest, in the
 * order of a reference page: name, encoding, syntax, meaning.
 */
export function rowsOf(extension: string, manual: string, section: string) {
  return (
    name: string,
    format: string,
    encoding: string,
    syntax: string,
    summary: string,
    semantics: readonly Statement[] | Statement,
    options: RowOptions = {},
  ): Instruction => ({
    name,
    extension,
    encoding,
    format,
    syntax,
    semantics: Array.isArray(semantics) ? semantics : [semantics as Statement],
    ...options,
    summary,
    cite: { manual, section },
  });
}
