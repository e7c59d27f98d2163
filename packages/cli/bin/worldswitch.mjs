#!/usr/bin/env node
import { loadCommandLine } from './command-line.mjs';

const { main } = await loadCommandLine();
process.exitCode = await main(process.argv.slice(2));
