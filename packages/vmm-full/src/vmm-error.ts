/** Misuse of this package by its host: a kernel that is none, impossible options, something that is not built yet. */
export class VmmError extends Error {
  override readonly name = 'VmmError';
}
