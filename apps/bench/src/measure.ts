import { spawnSync } from 'node:child_process';

/** A process to start. */
export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
}

export interface Measurement {
  /** User and system time of the process and its children, all threads: what the operating system charged it with. */
  readonly cpuSeconds: number;
  readonly output: string;
}

/** bash's keyword `time` gives milliseconds of getrusage(2); POSIX `times` only hundredths of a second. */
const SCRIPT = 'TIMEFORMAT="%3U %3S"; time "$@"';

/** Runs a command to its end. Throws Error, saying what it wrote, when it fails or takes longer than `timeoutSeconds`. */
export function measure(command: Command, timeoutSeconds: number): Measurement {
  const { status, signal, stdout, stderr, error } = spawnSync(
    'bash',
    ['-c', SCRIPT, 'bench', command.file, ...command.arguments],
    { encoding: 'utf8', timeout: timeoutSeconds * 1000, env: { ...process.env, LC_ALL: 'C' }, input: '' },
  );
  if (error && 'code' in error && error.code === 'ETIMEDOUT') throw new Error(`took more than ${timeoutSeconds} s`);
  if (error) throw new Error(`bash, which measures, could not be started: ${error.message}`);
  const lines = stderr.trimEnd().split('\n');
  const times = /^([\d.]+) ([\d.]+)$/.exec(lines.pop() ?? '');
  if (status !== 0 || !times) {
    throw new Error(`${command.file} ended with ${status ?? signal}: ${lines.slice(-3).join(' ') || 'no message'}`);
  }
  return { cpuSeconds: Number(times[1]) + Number(times[2]), output: stdout };
}
