/** Where a debugger's server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Port of QEMU's `-s`. */
export const DEFAULT_GDB_PORT = 1234;

/**
 * `[host:]port`, or QEMU's `tcp:[host]:port` with options after commas, which mean nothing here. Without a host it listens on
 * this computer alone: whoever reaches the port owns the machine. Undefined for anything else.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [place = ''] = text.split(',');
  const match = /^(?:tcp:)?(?:(\[[0-9a-fA-F:]+\]|[^:\s]*):)?(\d{1,5})$/.exec(place);
  if (!match || Number(match[2]) > 65535) return undefined;
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port: Number(match[2]) };
}
