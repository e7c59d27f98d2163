import { describe } from '@worldswitch/isa';
import { extensionPages } from './extensions.ts';

export default {
  paths: () =>
    extensionPages().map(({ name, slug, rows }) => ({
      params: { extension: slug },
      content: `# ${name}\n\n${rows.map((row) => describe(row)).join('\n\n')}\n`,
    })),
};
