/** Looks for texts in a stream of bytes, wherever its pieces begin and end. */
export interface TextWatch {
  add(bytes: Uint8Array): void;
  /** All expected texts came, in order. Never when none is expected. */
  readonly isSatisfied: boolean;
  /** The expected text that has not come yet, if any. */
  readonly missing: string | undefined;
  /** The forbidden text that came, if any. */
  readonly failed: string | undefined;
}

export function watchText(expected: readonly string[], forbidden: readonly string[]): TextWatch {
  // Bytes as characters of the same number: what is searched for is encoded in the same way.
  const encode = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
  const wanted = expected.map(encode);
  const unwanted = forbidden.map(encode);
  const longest = Math.max(0, ...[...wanted, ...unwanted].map((text) => text.length));
  let tail = '';
  let next = 0;
  let failed: string | undefined;
  return {
    add(bytes) {
      if (longest === 0 || failed !== undefined) return;
      let text = tail;
      for (const byte of bytes) text += String.fromCharCode(byte);
      const bad = unwanted.findIndex((candidate) => text.includes(candidate));
      if (bad >= 0) {
        failed = forbidden[bad];
        return;
      }
      for (let at = 0; next < wanted.length; next++) {
        const found = text.indexOf(wanted[next]!, at);
        if (found < 0) {
          text = text.slice(at);
          break;
        }
        at = found + wanted[next]!.length;
        if (next === wanted.length - 1) text = text.slice(at);
      }
      tail = text.slice(-(longest - 1) || text.length);
    },
    get isSatisfied() {
      return wanted.length > 0 && next === wanted.length;
    },
    get missing() {
      return expected[next];
    },
    get failed() {
      return failed;
    },
  };
}
