import { GuestOsError } from './guest-os-error.ts';

export interface BootOptions {
  /** Path of the first program; it is also its argv[0]. */
  readonly init: string;
  /** argv[1] and following of the first program: at most 31. */
  readonly args?: readonly string[];
  /** The kernel prints nothing on the console except a panic. */
  readonly quiet?: boolean;
  /** The terminal starts with echo off, so that input does not appear in the output. */
  readonly noEcho?: boolean;
}

/** Bytes of the kernel's command-line buffer, without the final zero. */
const LONGEST_COMMAND_LINE = 1023;
const MOST_ARGUMENTS = 31;

/** Words with spaces are quoted; quotes and backslashes are escaped (kernel/command-line.c takes them apart). */
function word(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&');
  return escaped === '' || /\s/.test(escaped) ? `"${escaped}"` : escaped;
}

/**
 * The kernel command line that runs a program: `init=/path quiet noecho -- args...`.
 *
 * @throws GuestOsError when the program's path has spaces or the kernel could not hold the line.
 */
export function bootArguments(options: BootOptions): string {
  const { init, args = [] } = options;
  if (!/^\/[^\s"\\]+$/.test(init)) throw new GuestOsError(`not a program path for init=: ${JSON.stringify(init)}`);
  if (args.length > MOST_ARGUMENTS)
    throw new GuestOsError(`the guest takes ${MOST_ARGUMENTS} arguments, not ${args.length}`);
  const words = [`init=${init}`];
  if (options.quiet === true) words.push('quiet');
  if (options.noEcho === true) words.push('noecho');
  if (args.length > 0) words.push('--', ...args.map(word));
  const line = words.join(' ');
  if (new TextEncoder().encode(line).length > LONGEST_COMMAND_LINE || line.includes('\0')) {
    throw new GuestOsError(`the guest's command line holds ${LONGEST_COMMAND_LINE} bytes without zeroes`);
  }
  return line;
}
