/** A broken invariant of Worldswitch itself: never caused by a guest, a program or an option. Please report it. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}
