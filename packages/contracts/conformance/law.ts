/**
 * One thing that an implementation of an interface must do. Laws know no test runner: loop over them in any.
 *
 *     for (const law of tlbModelLaws(createMyTlb)) it(law.name, law.check);
 */
export interface Law {
  /** A sentence. */
  readonly name: string;
  /** @throws ConformanceError when the implementation breaks the law. Whatever else it throws breaks it too. */
  readonly check: () => void | Promise<void>;
  /** Why it does not apply to this implementation; a runner then skips it and shows the reason. */
  readonly skipped?: string;
}

/** An implementation broke a law: the message says what was expected and what came. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

/** What became of one law. */
export interface LawOutcome {
  readonly name: string;
  readonly outcome: 'kept' | 'broken' | 'skipped';
  /** The error's message, or the reason of a skip. */
  readonly message?: string;
}

/** Checks all laws, one after the other, and never throws: for reports, and for tests that break something on purpose. */
export async function checkLaws(laws: readonly Law[]): Promise<LawOutcome[]> {
  const outcomes: LawOutcome[] = [];
  for (const { name, check, skipped } of laws) {
    if (skipped !== undefined) {
      outcomes.push({ name, outcome: 'skipped', message: skipped });
      continue;
    }
    try {
      await check();
      outcomes.push({ name, outcome: 'kept' });
    } catch (error) {
      outcomes.push({ name, outcome: 'broken', message: error instanceof Error ? error.message : String(error) });
    }
  }
  return outcomes;
}

/**
 * Marks laws that do not apply.
 * @param reasons why, by the law's name. @throws ConformanceError for a name that no law has: a skip must not outlive its law.
 */
export function skipLaws(laws: readonly Law[], reasons: Readonly<Record<string, string>>): Law[] {
  for (const name of Object.keys(reasons))
    if (!laws.some((law) => law.name === name)) throw new ConformanceError(`there is no law named "${name}" to skip`);
  return laws.map((law) => {
    const skipped = reasons[law.name];
    return skipped === undefined ? law : { ...law, skipped };
  });
}

/** @throws ConformanceError unless `condition` holds. */
export function requireThat(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new ConformanceError(`expected ${expectation}`);
}

/** @throws ConformanceError unless the two print the same. */
export function requireEqual(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [show(actual), show(expected)];
  if (found !== wanted) throw new ConformanceError(`${what}: expected ${wanted}, got ${found}`);
}

/** @throws ConformanceError unless `action` throws an Error that `isRight` accepts. */
export function requireThrow(action: () => unknown, isRight: (error: Error) => boolean, expectation: string): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof Error) || !isRight(thrown))
    throw new ConformanceError(`expected ${expectation}, got ${thrown === undefined ? 'no error' : String(thrown)}`);
}

/** Numbers and addresses in hex beyond what people read in decimal; object keys in order, so that order does not matter. */
function show(value: unknown): string {
  if (typeof value === 'bigint') return value > 9999n || value < -9999n ? hex(value) : `${value}n`;
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '0';
    return Number.isInteger(value) && value > 9999 ? hex(value) : String(value);
  }
  if (value instanceof Uint8Array) return `bytes [${[...value.subarray(0, 64)]}] of ${value.length}`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${key}: ${show(field)}`)
      .join(', ')}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
