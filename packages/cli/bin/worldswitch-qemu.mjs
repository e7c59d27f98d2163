#!/usr/bin/env node
import { existsSync } from 'node:fs';

// In a checkout there are sources beside this file, and they are what runs; the published package has dist only.
const checkout = new URL('../../../scripts/checkout.mjs', import.meta.url);
const inCheckout = existsSync(new URL('../src/main.ts', import.meta.url)) && existsSync(checkout);
const entry = inCheckout
  ? await (await import(checkout.href)).bundleCommandLine()
  : new URL('../dist/main.js', import.meta.url).href;
const { qemuMain } = await import(entry);
process.exitCode = await qemuMain(process.argv.slice(2));
