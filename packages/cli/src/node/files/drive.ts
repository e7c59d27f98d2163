import { closeSync, fstatSync, fsyncSync, openSync, readSync } from 'node:fs';
import { type BlockBackend, createOverlayBackend } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import type { DriveDescription } from '../../machine-file/machine-description.ts';
import { fileReason } from './file-reason.ts';
import { openOverlayFile } from './overlay-file.ts';
import { readWhole, succeeds, writeWhole } from './whole-io.ts';

/** A disk that must be closed when its machine is gone. */
export interface OpenDrive {
  readonly backend: BlockBackend;
  /** Writes what is still in memory, and closes its files. */
  close(): void;
}

const SECTOR_BYTES = 512;

/** Opens the files of a drive. @throws UserError when one cannot be used as it is. */
export function openDrive(drive: DriveDescription): OpenDrive {
  const changesFile = !drive.readOnly && !drive.snapshot && drive.overlay === undefined;
  const file = openDisk(drive.file, changesFile);
  try {
    if (drive.overlay !== undefined) {
      const store = openOverlayFile(drive.overlay, file.descriptor, file.bytes, drive.file);
      return {
        backend: { ...createOverlayBackend(file.backend, store), isReadOnly: drive.readOnly },
        close() {
          store.close();
          closeSync(file.descriptor);
        },
      };
    }
    return {
      backend: drive.snapshot ? createOverlayBackend(file.backend) : file.backend,
      close: () => closeSync(file.descriptor),
    };
  } catch (error) {
    closeSync(file.descriptor);
    throw error;
  }
}

function openDisk(path: string, isWritable: boolean) {
  let descriptor: number;
  try {
    descriptor = openSync(path, isWritable ? 'r+' : 'r');
  } catch (error) {
    throw new UserError(`cannot open the drive '${path}': ${whyNot(error, isWritable)}`, ExitCode.noInput);
  }
  const status = fstatSync(descriptor);
  const refuse = (why: string): never => {
    closeSync(descriptor);
    throw new UserError(`the drive '${path}' cannot be used: ${why}`, ExitCode.badInput);
  };
  if (status.isDirectory()) {
    closeSync(descriptor);
    throw new UserError(
      `cannot open the drive '${path}': it is a directory; expected a raw disk image`,
      ExitCode.noInput,
    );
  }
  // A device of the host's says no size by itself.
  if (!status.isFile()) refuse('it is not a file; expected a raw disk image');
  if (status.size === 0 || status.size % SECTOR_BYTES !== 0) {
    refuse(`its ${status.size} bytes are not a multiple of ${SECTOR_BYTES}; expected a raw disk image`);
  }
  const bytes = status.size;
  const magic = Buffer.alloc(4);
  readSync(descriptor, magic, 0, 4, 0);
  if (magic.toString('latin1') === 'QFI\xfb') {
    refuse('it is a qcow2 image, which is not built yet; convert it: qemu-img convert -O raw');
  }
  return { descriptor, bytes, backend: fileBackend(descriptor, bytes, !isWritable) };
}

function whyNot(error: unknown, isWritable: boolean): string {
  const { code } = error as NodeJS.ErrnoException;
  const reason = fileReason(error, code !== 'ENOENT' && isWritable ? 'write' : 'read');
  if (code === 'EISDIR') return `${reason}; expected a raw disk image`;
  return (code === 'EACCES' || code === 'EROFS') && isWritable ? `${reason}; give readonly=on or snapshot=on` : reason;
}

/** A disk in a file: each request is done at its place, a flush waits until the file is on its disk. */
function fileBackend(descriptor: number, bytes: number, isReadOnly: boolean): BlockBackend {
  return {
    sectors: bytes / SECTOR_BYTES,
    isReadOnly,
    read: (sector, into) => succeeds(() => readWhole(descriptor, into, sector * SECTOR_BYTES)),
    write: (sector, from) => succeeds(() => writeWhole(descriptor, from, sector * SECTOR_BYTES)),
    flush: () => isReadOnly || succeeds(() => fsyncSync(descriptor)),
  };
}
