interface Version {
  readonly checkpoint: number;
  /** Undefined for zeros. */
  readonly contents: Uint8Array | undefined;
}

const isZero = (bytes: Uint8Array): boolean => {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let word = 0; word < words.length; word++) if (words[word] !== 0) return false;
  return true;
};

/** What pages of RAM held at checkpoints, numbered upwards: one copy for each page and each checkpoint before which it changed. */
export class PageVersions {
  readonly #versions = new Map<number, Version[]>();
  /** Bytes of all copies. */
  bytes = 0;

  /** @param checkpoint a later one than all so far. */
  add(page: number, checkpoint: number, contents: Uint8Array): void {
    const copy = isZero(contents) ? undefined : contents.slice();
    const version = { checkpoint, contents: copy };
    const versions = this.#versions.get(page);
    if (versions) versions.push(version);
    else this.#versions.set(page, [version]);
    this.bytes += copy?.length ?? 0;
  }

  /** What the page held at a checkpoint; undefined for zeros. */
  at(page: number, checkpoint: number): Uint8Array | undefined {
    const versions = this.#versions.get(page) ?? [];
    for (let at = versions.length - 1; at >= 0; at--) {
      if (versions[at]!.checkpoint <= checkpoint) return versions[at]!.contents;
    }
    return undefined;
  }

  /** The checkpoint before this one is gone: what `pages` held then is not needed any more. */
  dropBefore(checkpoint: number, pages: Iterable<number>): void {
    for (const page of pages) {
      const versions = this.#versions.get(page);
      while (versions && versions.length > 1 && versions[1]!.checkpoint <= checkpoint) {
        this.bytes -= versions.shift()?.contents?.length ?? 0;
      }
    }
  }

  /** This checkpoint and all later ones are gone. */
  dropFrom(checkpoint: number, pages: Iterable<number>): void {
    for (const page of pages) {
      const versions = this.#versions.get(page);
      while (versions && versions.length > 0 && versions.at(-1)!.checkpoint >= checkpoint) {
        this.bytes -= versions.pop()?.contents?.length ?? 0;
      }
      if (versions?.length === 0) this.#versions.delete(page);
    }
  }
}
