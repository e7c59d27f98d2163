#!/usr/bin/env node
/**
 * Counts, from the sources, what the paravirtual port changes in the guest kernel:
 *   - in shared files, the lines between `#ifdef CONFIG_PARAVIRT` (or `#ifndef`), `#else` and `#endif`;
 *   - the files of kernel/para/, and the files they take the place of (same name in kernel/ or kernel/arch/).
 * Blank lines and the directives themselves do not count.
 *
 *   node guest-diff.mjs [--json] [--kernel FOLDER]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = /\.(c|h|S|lds)$/;

/** Whether a directive opens a branch for the port (`true`), for the unmodified kernel (`false`), or neither. */
function paravirtCondition(line) {
  if (/^\s*#\s*(ifdef\s+CONFIG_PARAVIRT\b|if\s+defined\s*\(?\s*CONFIG_PARAVIRT\b)/.test(line)) return true;
  if (/^\s*#\s*(ifndef\s+CONFIG_PARAVIRT\b|if\s+!\s*defined\s*\(?\s*CONFIG_PARAVIRT\b)/.test(line)) return false;
  return undefined;
}

/** Lines that only the port has (`added`) and lines that only the unmodified kernel has (`removed`). */
export function changedLines(text) {
  const conditions = [];
  let added = 0;
  let removed = 0;
  for (const line of text.split('\n')) {
    if (/^\s*#\s*if/.test(line)) conditions.push(paravirtCondition(line));
    else if (/^\s*#\s*(else|elif)/.test(line)) {
      const condition = conditions.pop();
      conditions.push(condition === undefined ? undefined : !condition);
    } else if (/^\s*#\s*endif/.test(line)) conditions.pop();
    else if (line.trim() !== '') {
      const inner = conditions.findLast((condition) => condition !== undefined);
      if (inner === true) added++;
      if (inner === false) removed++;
    }
  }
  return { added, removed };
}

const countLines = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '').length;

function sourceFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => SOURCE.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The report: one row a changed file, and totals. Paths are relative to the kernel's folder. */
export function paravirtReport(kernel) {
  const shared = [...sourceFiles(kernel), ...sourceFiles(join(kernel, 'arch'))];
  const port = sourceFiles(join(kernel, 'para'));
  const portNames = new Set(port.map((file) => basename(file)));
  const path = (file) => file.slice(kernel.length + 1);

  const rows = port.map((file) => ({ file: path(file), kind: 'new', added: countLines(file), removed: 0 }));
  for (const file of shared) {
    const isReplaced = portNames.has(basename(file));
    const changed = isReplaced ? { added: 0, removed: countLines(file) } : changedLines(readFileSync(file, 'utf8'));
    if (changed.added + changed.removed > 0)
      rows.push({ file: path(file), kind: isReplaced ? 'replaced' : 'changed', ...changed });
  }
  const sum = (field) => rows.reduce((total, row) => total + row[field], 0);
  return {
    files: rows,
    added: sum('added'),
    removed: sum('removed'),
    sharedFiles: shared.length,
    kernelLines: shared.reduce((total, file) => total + countLines(file), 0),
  };
}

function printTable(report) {
  const width = Math.max(...report.files.map((row) => row.file.length), 'total'.length);
  const line = (file, added, removed, kind) =>
    console.log(`${file.padEnd(width)}  ${String(added).padStart(6)}  ${String(removed).padStart(7)}  ${kind}`);
  line('file', 'added', 'removed', 'kind');
  for (const row of report.files) line(row.file, row.added, row.removed, row.kind);
  line('total', report.added, report.removed, `of ${report.kernelLines} lines in ${report.sharedFiles} files`);
}

/** The command: prints the report for the arguments that follow the script's name. */
export function main(args) {
  const at = args.indexOf('--kernel');
  const kernel = at >= 0 ? args[at + 1] : join(dirname(fileURLToPath(import.meta.url)), 'kernel');
  if (kernel === undefined || !existsSync(kernel)) {
    console.error(`no kernel sources at ${kernel}`);
    process.exit(2);
  }
  const report = paravirtReport(kernel.replace(/\/$/, ''));
  if (args.includes('--json')) console.log(JSON.stringify(report, null, 2));
  else printTable(report);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
