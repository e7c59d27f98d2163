/**
 * A process that starts another one and writes, as JSON, each line of its output with what it had taken by then (CPU time, user and
 * system, of all threads, and memory, of /proc; time by the clock): FILE ARGUMENT...
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TimedLine } from './linux-session.ts';

/** USER_HZ, the unit of proc(5)'s times: 100 in every Linux on processors that Node runs on. */
const TICKS_PER_SECOND = 100;

const [file, ...rest] = process.argv.slice(2);
if (!file) throw new Error('usage: time-console FILE ARGUMENT...');
const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
process.on('SIGTERM', () => {
  child.kill('SIGKILL');
  process.exit(1);
});

/** utime and stime: fields 14 and 15 of proc_pid_stat(5), counted after the name's closing parenthesis. */
function cpuSeconds(): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** VmHWM of proc_pid_status(5). */
function peakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1')) ?? [];
  return Number(kibibytes) * 1024;
}

const start = performance.now();
const lines: TimedLine[] = [];
let unfinished = '';
let last = { cpuSeconds: 0, peakBytes: 0 };
child.stdout.on('data', (bytes: Buffer) => {
  try {
    last = { cpuSeconds: cpuSeconds(), peakBytes: peakBytes() };
  } catch {
    // It has ended: the last figure is as good.
  }
  const parts = (unfinished + bytes.toString('latin1')).split('\n');
  unfinished = parts.pop()!;
  const wallSeconds = (performance.now() - start) / 1000;
  for (const part of parts) lines.push({ text: part.replaceAll('\r', ''), wallSeconds, ...last });
});
child.on('close', (code) => {
  process.stdout.write(JSON.stringify(lines));
  process.exitCode = code ?? 1;
});
