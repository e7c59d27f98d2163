/** The host used this package wrongly: sizes that make no TLB, frames that are not there. Guests cannot cause it. */
export class MmuError extends Error {
  override readonly name = 'MmuError';
}
