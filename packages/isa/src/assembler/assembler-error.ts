/** A mistake in assembly source. Lines and columns count from 1. */
export class AssemblerError extends Error {
  override readonly name = 'AssemblerError';
  readonly line: number;
  readonly column: number;
  /** What the assembler could have made sense of at this place. */
  readonly expected: string;

  constructor(place: { readonly line: number; readonly column: number }, problem: string, expected: string) {
    super(`${place.line}:${place.column}: ${problem}, expected ${expected}`);
    this.line = place.line;
    this.column = place.column;
    this.expected = expected;
  }
}
