import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Ends what hangs for good; no computer is so slow. */
const HANG_MS = 300_000;
const dist = join(import.meta.dirname, '..', '.vitepress', 'dist');
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Serves the built site as any static host does, with no special header. */
function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/'));
    const file = [path, `${path}.html`, join(path, 'index.html')]
      .map((name) => join(dist, name))
      .find((name) => extname(name) !== '' && existsSync(name));
    if (file === undefined) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      .end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe.skipIf(browserPath === undefined)('the live page (skipped where there is no Chromium)', () => {
  let server: Server;
  let context: BrowserContext;
  let profile: string;
  let origin: string;

  beforeAll(async () => {
    server = await serve();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    profile = mkdtempSync(join(tmpdir(), 'worldswitch-chromium-'));
    context = await chromium.launchPersistentContext(profile, {
      headless: true,
      timeout: HANG_MS,
      executablePath: browserPath ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    context.setDefaultTimeout(HANG_MS);
  });
  afterAll(async () => {
    await context?.close();
    server?.close();
    if (profile) rmSync(profile, { recursive: true, force: true });
  });

  it('runs compare in a worker and shows the table', async () => {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${origin}/live/compare`);
    await page.getByRole('button', { name: 'Run in all worlds' }).click();
    await page.getByText(/^(Done|Error)/).waitFor();
    expect(await page.getByRole('status').textContent()).toBe('Done. Output identical in all worlds.');
    const head = await page.locator('.compare-lab thead th').allInnerTexts();
    expect(head.slice(1)).toEqual(['bare', 'full', 'para', 'container', 'process']);
    const cells = async (label: string) => {
      const row = page
        .locator('.compare-lab tbody tr')
        .filter({ has: page.locator('td:first-child', { hasText: new RegExp(`^\\s*${label}$`) }) });
      return (await row.first().locator('td').allInnerTexts()).slice(1);
    };
    expect(await cells('ended')).toEqual(Array(5).fill('exit code 0'));
    const user = (await cells('user mode')).map((text) => Number(text.replaceAll(',', '')));
    expect(Math.min(...user)).toBeGreaterThan(1_000_000);
    expect((await cells('hypercalls'))[2]).toMatch(/\d/);
    expect((await cells('shadow-page fills'))[1]).toMatch(/\d/);
    expect(await page.locator('.hops li').count()).toBeGreaterThan(10);
    expect(errors).toEqual([]);
  });

  it('shows the generated reference', async () => {
    const page = await context.newPage();
    await page.goto(`${origin}/isa/`);
    await page.locator('.vp-doc a', { hasText: /^M$/ }).click();
    await page.getByRole('heading', { name: /mulhsu/ }).waitFor();
  });
});
