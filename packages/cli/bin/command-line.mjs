import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { keepHeapSmall } from './small-heap.mjs';

keepHeapSmall();
// From Node 22 on: V8's code of the modules is kept in the folder for temporary files, and the next command starts sooner.
module.enableCompileCache?.();

/** The command line's module: in a checkout made from the sources beside this file; the published package has dist only. */
export async function loadCommandLine() {
  const checkout = new URL('../../../scripts/checkout.mjs', import.meta.url);
  const inCheckout = existsSync(new URL('../src/main.ts', import.meta.url)) && existsSync(checkout);
  const entry = inCheckout
    ? await (await import(checkout.href)).bundleCommandLine()
    : new URL('../dist/main.js', import.meta.url).href;
  return await import(entry);
}
