import { SnapshotError } from '../errors.ts';
import { type Container, packSection, type Section } from './container.ts';

export const PAGE_BYTES = 4096;
/** Stands for a page of zeros, whose contents are not stored. */
const ZERO = 0xffff_ffff;
/** Contents that are compressed together: 4 MiB. */
const PAGES_PER_PIECE = 1024;
/** Pieces that a reader keeps unpacked. */
const PIECES_KEPT = 16;
const ENTRY_BYTES = 8;
const pieceName = (piece: number) => `contents/${piece}`;

/** Sections that hold pages of RAM: equal contents once, pages of zeros not at all. */
export interface PageSections {
  readonly sections: readonly Section[];
  /** Pages, and how many contents were stored for them. */
  readonly pages: number;
  readonly contents: number;
}

const wordsOf = (page: Uint8Array) => new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES / 4);

function isZero(words: Int32Array): boolean {
  for (let word = 0; word < words.length; word++) if (words[word] !== 0) return false;
  return true;
}

/** Equal pages have equal numbers; what has equal numbers is compared. */
function hashOf(words: Int32Array): number {
  let hash = 0x811c_9dc5;
  for (let word = 0; word < words.length; word++) hash = Math.imul(hash ^ words[word]!, 0x0100_0193) ^ (hash >>> 15);
  return hash;
}

function areEqual(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return false;
  return true;
}

/**
 * @param pages numbers of pages, ascending. @param read the page's contents, at an address divisible by 4; they stay until the
 * end of the call. @param keepZeros false leaves out pages of zeros: they are what RAM begins with.
 */
export function packPages(
  pages: Iterable<number>,
  read: (page: number) => Uint8Array,
  keepZeros: boolean,
): PageSections {
  const index: number[] = [];
  const sections: Section[] = [];
  /** First page with some contents, by their hash. */
  const stored = new Map<number, { readonly page: number; readonly content: number }[]>();
  const piece = new Uint8Array(PAGES_PER_PIECE * PAGE_BYTES);
  let contents = 0;
  const finishPiece = () => {
    const inPiece = contents - sections.length * PAGES_PER_PIECE;
    if (inPiece > 0) sections.push(packSection(pieceName(sections.length), piece.subarray(0, inPiece * PAGE_BYTES)));
  };
  for (const page of pages) {
    const bytes = read(page);
    const words = wordsOf(bytes);
    if (isZero(words)) {
      if (keepZeros) index.push(page, ZERO);
      continue;
    }
    const hash = hashOf(words);
    const candidates = stored.get(hash);
    const same = candidates?.find((other) => areEqual(words, wordsOf(read(other.page))));
    if (same) {
      index.push(page, same.content);
      continue;
    }
    index.push(page, contents);
    const entry = { page, content: contents };
    if (candidates) candidates.push(entry);
    else stored.set(hash, [entry]);
    piece.set(bytes, (contents % PAGES_PER_PIECE) * PAGE_BYTES);
    contents++;
    if (contents % PAGES_PER_PIECE === 0) finishPiece();
  }
  finishPiece();
  const table = new Uint8Array(index.length * 4);
  const view = new DataView(table.buffer);
  index.forEach((value, at) => {
    view.setUint32(at * 4, value, true);
  });
  return { sections: [packSection('pages', table), ...sections], pages: index.length / 2, contents };
}

/** Pages of a snapshot that is read. */
export interface PageReader {
  /** Numbers of the pages in it, in the order in which their contents are read fastest. */
  readonly pages: readonly number[];
  /** The contents of one, not to be written to; undefined for zeros. Throws SnapshotError for damage. */
  read(page: number): Uint8Array | undefined;
  has(page: number): boolean;
}

/** Throws SnapshotError when the table of pages is damaged or names pages beyond `ramPages`. */
export function readPages(container: Container, ramPages: number): PageReader {
  const table = container.unpack('pages');
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  if (table.length % ENTRY_BYTES !== 0) throw new SnapshotError('pages', `${table.length} bytes are no table of pages`);
  const contentOf = new Map<number, number>();
  for (let at = 0; at < table.length; at += ENTRY_BYTES) {
    const page = view.getUint32(at, true);
    if (page >= ramPages) throw new SnapshotError('pages', `page ${page} is outside of RAM, which has ${ramPages}`);
    contentOf.set(page, view.getUint32(at + 4, true));
  }
  const pieces = new Map<number, Uint8Array>();
  const load = (number: number): Uint8Array => {
    let piece = pieces.get(number);
    if (piece) return piece;
    piece = container.unpack(pieceName(number));
    const [oldest] = pieces.keys();
    if (pieces.size >= PIECES_KEPT && oldest !== undefined) pieces.delete(oldest);
    pieces.set(number, piece);
    return piece;
  };
  return {
    pages: [...contentOf].sort(([, a], [, b]) => a - b).map(([page]) => page),
    has: (page) => contentOf.has(page),
    read(page) {
      const content = contentOf.get(page) ?? ZERO;
      if (content === ZERO) return undefined;
      const piece = load(Math.floor(content / PAGES_PER_PIECE));
      const at = (content % PAGES_PER_PIECE) * PAGE_BYTES;
      if (at + PAGE_BYTES > piece.length) throw new SnapshotError('pages', `there are no contents ${content}`);
      return piece.subarray(at, at + PAGE_BYTES);
    },
  };
}
