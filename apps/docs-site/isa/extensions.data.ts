import { extensionPages } from './extensions.ts';

interface ExtensionSummary {
  readonly name: string;
  readonly slug: string;
  readonly names: readonly string[];
}

declare const data: ExtensionSummary[];

export { data };

export default {
  load(): ExtensionSummary[] {
    return extensionPages().map(({ name, slug, rows }) => ({ name, slug, names: rows.map((row) => row.name) }));
  },
};
