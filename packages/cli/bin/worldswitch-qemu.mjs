#!/usr/bin/env node
import { loadCommandLine } from './command-line.mjs';

const { qemuMain } = await loadCommandLine();
process.exitCode = await qemuMain(process.argv.slice(2));
