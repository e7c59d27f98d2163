/**
 * A process that starts another one and writes, as JSON, each line of its output with the CPU seconds that it had taken by
 * then (user and system, all threads, of /proc): FILE ARGUMENT...
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

const lines: TimedLine[] = [];
let unfinished = '';
let last = 0;
child.stdout.on('data', (bytes: Buffer) => {
  try {
    last = cpuSeconds();
  } catch {
    // It has ended: the last figure is as good.
  }
  const parts = (unfinished + bytes.toString('latin1')).split('\n');
  unfinished = parts.pop()!;
  for (const part of parts) lines.push({ text: part.replaceAll('\r', ''), cpuSeconds: last });
});
child.on('close', (code) => {
  process.stdout.write(JSON.stringify(lines));
  process.exitCode = code ?? 1;
});
