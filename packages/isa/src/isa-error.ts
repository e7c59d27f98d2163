/** The host misused this package: a table that contradicts itself, an unknown name, an impossible operand. Guest faults are never errors. */
export class IsaError extends Error {
  override readonly name = 'IsaError';
}
