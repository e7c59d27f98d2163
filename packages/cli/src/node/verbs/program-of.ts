/** What runs when nothing is named. */
export const DEFAULT_PROGRAM = 'tour';

/** The program and its arguments: it is named by the option, or else by the first argument. */
export function programOf(
  first: string | undefined,
  others: readonly string[],
  option: string | undefined,
): [name: string, args: readonly string[]] {
  if (option === undefined) return [first ?? DEFAULT_PROGRAM, others];
  return [option, first === undefined ? others : [first, ...others]];
}
