/**
 * `config`: config.json is missing, malformed, or has a value of the wrong type. `unsupported`: it asks for something that
 * this runtime does not do. `id`: the name is taken, unknown or malformed. `state`: not possible in the state it is in.
 */
export type ContainersErrorCode = 'config' | 'unsupported' | 'id' | 'state';

/** A container was asked for in a way that cannot be done. Never thrown for what its program does. */
export class ContainersError extends Error {
  override readonly name = 'ContainersError';
  readonly code: ContainersErrorCode;

  constructor(code: ContainersErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
