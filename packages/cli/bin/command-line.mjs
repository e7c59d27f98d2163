import { existsSync } from 'node:fs';
import { keepHeapSmall } from './small-heap.mjs';

keepHeapSmall();

/** The command line's module: in a checkout made from the sources beside this file; the published package has dist only. */
export async function loadCommandLine() {
  const checkout = new URL('../../../scripts/checkout.mjs', import.meta.url);
  const inCheckout = existsSync(new URL('../src/main.ts', import.meta.url)) && existsSync(checkout);
  const entry = inCheckout
    ? await (await import(checkout.href)).bundleCommandLine()
    : new URL('../dist/main.js', import.meta.url).href;
  return await import(entry);
}
