/** Misuse of this package by the host: an unknown image name, a path that cannot stand in an archive. */
export class GuestOsError extends Error {
  override readonly name = 'GuestOsError';
}
