/** A debugger was used in a way that it cannot be: an unknown register, a hart that does not exist, a file without symbols. */
export class DebuggerError extends Error {
  override readonly name = 'DebuggerError';
}
