/// <reference types="node" />
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';

const root = new URL('../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const guides = readdirSync(new URL('apps/docs-site/guide/', root)).filter((name) => name.endsWith('.md'));

it('files that ARCHITECTURE.md names by their whole path exist', () => {
  const paths = [...text('ARCHITECTURE.md').matchAll(/`((?:packages|apps|scripts|docs)\/[^`\s]+)`/g)].map(
    ([, path]) => path!,
  );
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
});

describe.each(guides)('the guide %s', (name) => {
  const guide = new URL(`apps/docs-site/guide/${name}`, root);
  const markdown = readFileSync(guide, 'utf8');

  it('embeds files that exist', () => {
    const paths = [...markdown.matchAll(/^<<< ([^\s{]+)(?:\{\w+\})?$/gm)].map(([, path]) => path!);
    expect(paths.filter((path) => !existsSync(fileURLToPath(new URL(path, guide))))).toEqual([]);
  });

  it('is in the sidebar', () => {
    expect(text('apps/docs-site/.vitepress/config.ts')).toContain(`'/guide/${name.replace(/\.md$/, '')}'`);
  });

  it('shows options of worldswitch that there are', () => {
    const sources = readdirSync(new URL('packages/cli/src/', root), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => text(`packages/cli/src/${file}`));
    const commands = [...markdown.matchAll(/^npx worldswitch ((?:.*\\\n)*.*)$/gm)].map(([, line]) => line!);
    const flags = commands.flatMap(
      (line) =>
        line
          .split(' # ')[0]!
          .split(/ -- /)[0]!
          .match(/--[a-z][a-z-]*/g) ?? [],
    );
    expect(flags.filter((flag) => !sources.some((source) => new RegExp(`${flag}\\b`).test(source)))).toEqual([]);
  });
});

it('the worker of the guide runs a kernel and answers', async () => {
  const worker = new EventTarget();
  const answers: { readonly output?: string; readonly end?: { readonly reason: string } }[] = [];
  vi.stubGlobal('self', Object.assign(worker, { postMessage: (answer: object) => answers.push(answer) }));
  try {
    await import(new URL('apps/docs-site/guide/machine.worker.ts', root).href);
    const kernel = readFileSync(new URL('packages/guest-os/images/kernel/kernel.image', root));
    const data = { kernel: new Uint8Array(kernel), maxInstructions: 200_000 };
    worker.dispatchEvent(Object.assign(new Event('message'), { data }));
  } finally {
    vi.unstubAllGlobals();
  }
  expect(answers.map(({ output }) => output ?? '').join('')).toContain('kernel panic: cannot run /init');
  expect(answers.at(-1)?.end?.reason).toBe('poweroff');
});
