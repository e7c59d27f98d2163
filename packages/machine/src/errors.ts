/** The machine was asked for something impossible by its owner (an option, a file, a call out of order): never by a guest. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}

/** A kernel, firmware or disk image cannot be loaded: `message` says what was expected and at which byte offset. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/** A snapshot cannot be taken, read or restored: nothing was restored then. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  /** Which part of the machine or of the snapshot: `header`, `harts[0].tlb`, `memory`. */
  readonly where: string;

  constructor(where: string, message: string) {
    super(`${where}: ${message}`);
    this.where = where;
  }
}
