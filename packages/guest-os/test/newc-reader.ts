/** A second reading of the cpio "newc" form, independent of the writer. */
export interface ArchiveEntry {
  readonly name: string;
  readonly mode: number;
  readonly data: Uint8Array;
}

export function readNewc(archive: Uint8Array): ArchiveEntry[] {
  const text = (from: number, to: number) => new TextDecoder().decode(archive.subarray(from, to));
  const entries: ArchiveEntry[] = [];
  for (let at = 0; ; ) {
    if (text(at, at + 6) !== '070701') throw new Error(`no entry at ${at}`);
    const field = (index: number) => Number.parseInt(text(at + 6 + index * 8, at + 14 + index * 8), 16);
    const size = field(6);
    const nameSize = field(11);
    const name = text(at + 110, at + 110 + nameSize - 1);
    const dataStart = Math.ceil((at + 110 + nameSize) / 4) * 4;
    if (name === 'TRAILER!!!') return entries;
    entries.push({ name, mode: field(1), data: archive.slice(dataStart, dataStart + size) });
    at = Math.ceil((dataStart + size) / 4) * 4;
  }
}
