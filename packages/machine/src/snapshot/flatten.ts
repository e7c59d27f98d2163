import { SnapshotError } from '../errors.ts';
import { type Section, writeContainer } from './container.ts';
import { pagesOf, readChain } from './header.ts';
import { PAGE_BYTES, type PageReader, packPages, readPages } from './page-sections.ts';

/**
 * Makes one full snapshot of a full one and those that build on it. It keeps the last one's id, so that what builds on that one
 * builds on it as well. Throws SnapshotError for a broken chain and for damage.
 */
export function flattenSnapshots(files: readonly Uint8Array[]): Uint8Array {
  const chain = readChain(files);
  const last = chain.at(-1)!;
  const ramPages = pagesOf(last.header.board);
  const holders = new Map<number, PageReader>();
  for (const { container } of chain) {
    const reader = readPages(container, ramPages);
    for (const page of reader.pages) holders.set(page, reader);
  }
  const zeros = new Uint8Array(PAGE_BYTES);
  const numbers = [...holders.keys()].sort((a, b) => a - b);
  const { sections, pages, contents } = packPages(numbers, (page) => holders.get(page)?.read(page) ?? zeros, false);
  return writeContainer({ ...last.header, kind: 'full', parent: '', pages, contents }, [stateOf(last), ...sections]);
}

/** The section of everything but RAM, as it is. */
function stateOf({ container }: ReturnType<typeof readChain>[number]): Section {
  container.unpack('state');
  const section = container.sections.find(({ entry }) => entry.name === 'state');
  if (!section) throw new SnapshotError('state', 'the snapshot has no such section');
  return section;
}
