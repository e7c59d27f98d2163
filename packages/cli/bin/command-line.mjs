import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// A machine's memory is no garbage of JavaScript, and what else it makes dies young: V8 need not let the space for new objects grow
// from 1 to 16 MiB, twice, whenever code is translated, nor the one for old objects to twice of what is in use.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=20');

/** The command line's module: in a checkout made from the sources beside this file; the published package has dist only. */
export async function loadCommandLine() {
  const checkout = new URL('../../../scripts/checkout.mjs', import.meta.url);
  const inCheckout = existsSync(new URL('../src/main.ts', import.meta.url)) && existsSync(checkout);
  const entry = inCheckout
    ? await (await import(checkout.href)).bundleCommandLine()
    : new URL('../dist/main.js', import.meta.url).href;
  return await import(entry);
}
