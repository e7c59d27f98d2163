/** What the host OS was asked for and cannot do, by the name of a Linux error: no memory, a bad program, bad options. */
export type HostOsErrorCode = 'ENOMEM' | 'EAGAIN' | 'EINVAL' | 'ENOEXEC' | 'ENOENT' | 'ENOTDIR';

/** The host OS was used wrongly, or is out of something. Never thrown for what a program or guest does. */
export class HostOsError extends Error {
  override readonly name = 'HostOsError';
  readonly code: HostOsErrorCode;

  constructor(code: HostOsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
