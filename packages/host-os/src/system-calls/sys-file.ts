import { Errno } from '../errno.ts';
import { ticksOf } from '../kernel-state.ts';
import type { Process } from '../processes/process.ts';
import type { WaitQueue } from '../schedule/wait-queue.ts';
import { postSignal } from '../signals/signal-delivery.ts';
import { Signal } from '../signals/signals.ts';
import { inodeSize } from '../vfs/inode.ts';
import { OpenFile, OpenFlag, WOULD_BLOCK } from '../vfs/open-file.ts';
import { createPipe } from '../vfs/pipe.ts';
import { BLOCKED, type SystemCall } from './system-call.ts';

/** Most bytes that one read or write moves; programs come back for the rest. */
const MAX_TRANSFER = 1 << 20;
const MAX_VECTORS = 1024;

/** Reads from a file into a process's memory. */
function readInto(process: Process, file: OpenFile, address: number, length: number, offset?: number): number {
  const { userMemory } = process.kernel;
  const buffer = new Uint8Array(Math.min(length, MAX_TRANSFER));
  const { position } = file;
  const count = file.read(buffer, process, offset);
  if (count === WOULD_BLOCK) return waitFor(process, file, false);
  if (count <= 0) return count;
  if (userMemory.write(process.space, address, buffer.subarray(0, count))) return count;
  file.position = position;
  return -Errno.EFAULT;
}

/** Writes all of it, as far as the file takes it: a full pipe makes the process wait and go on where it was. */
function writeFrom(process: Process, file: OpenFile, address: number, length: number, offset?: number): number {
  const done = process.callState?.kind === 'write' ? process.callState.done : 0;
  if (!file.canWrite) return -Errno.EBADF;
  const total = Math.min(length, MAX_TRANSFER);
  const bytes = process.kernel.userMemory.read(process.space, address + done, total - done);
  if (bytes === undefined) return -Errno.EFAULT;
  const written = file.write(bytes, process, offset);
  if (written === -Errno.EPIPE) postSignal(process, Signal.SIGPIPE);
  if (written === WOULD_BLOCK) {
    const result = waitFor(process, file, true);
    return result !== BLOCKED && done > 0 ? done : result;
  }
  if (written < 0) return done > 0 ? done : written;
  if (done + written >= total || file.inode.type !== 'pipe') return done + written;
  process.callState = { kind: 'write', done: done + written };
  const result = waitFor(process, file, true);
  return result === BLOCKED ? BLOCKED : done + written;
}

function waitFor(process: Process, file: OpenFile, forWriting: boolean): number {
  if (file.flags & OpenFlag.nonBlocking) return -Errno.EAGAIN;
  process.block(file.queue(forWriting));
  return BLOCKED;
}

/** One buffer after the other (readv, writev), until one is not filled. */
function eachVector(
  process: Process,
  vectors: number,
  count: number,
  transfer: (address: number, length: number) => number,
): number {
  if (count < 0 || count > MAX_VECTORS) return -Errno.EINVAL;
  const { userMemory } = process.kernel;
  const { space } = process;
  const parts: { address: number; length: number }[] = [];
  for (let index = 0; index < count; index++) {
    const address = userMemory.read64(space, vectors + index * 16);
    const length = userMemory.read64(space, vectors + index * 16 + 8);
    if (address < 0 || length < 0) return -Errno.EFAULT;
    if (length > 0) parts.push({ address, length });
  }
  let total = 0;
  for (const { address, length } of parts) {
    // Only the first buffer may make it wait: the others have something to give back already.
    const result = transfer(address, length);
    if (result < 0) return total > 0 && result !== BLOCKED ? total : result;
    total += result;
    if (result < length) break;
  }
  return total;
}

/** writev as one write, so that a pipe takes it in one piece or waits for it. */
function writeVectors(process: Process, file: OpenFile, vectors: number, count: number): number {
  const pieces: Uint8Array[] = [];
  let room = MAX_TRANSFER;
  const gathered = eachVector(process, vectors, count, (address, length) => {
    const bytes = process.kernel.userMemory.read(process.space, address, Math.min(length, room));
    if (bytes === undefined) return -Errno.EFAULT;
    room -= bytes.length;
    pieces.push(bytes);
    return bytes.length;
  });
  if (gathered < 0) return gathered;
  const done = process.callState?.kind === 'write' ? process.callState.done : 0;
  const all = new Uint8Array(gathered);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  const written = file.write(all.subarray(done), process);
  if (written === -Errno.EPIPE) postSignal(process, Signal.SIGPIPE);
  if (written === WOULD_BLOCK) return waitFor(process, file, true);
  if (written < 0) return done > 0 ? done : written;
  if (done + written >= gathered || file.inode.type !== 'pipe') return done + written;
  process.callState = { kind: 'write', done: done + written };
  const result = waitFor(process, file, true);
  return result === BLOCKED ? BLOCKED : done + written;
}

function seek(process: Process, descriptor: number, offset: number, whence: number): number {
  const file = process.files.get(descriptor);
  if (file === undefined) return -Errno.EBADF;
  const { inode } = file;
  if (inode.type === 'pipe' || inode.type === 'device') return -Errno.ESPIPE;
  if (whence < 0 || whence > 2) return -Errno.EINVAL;
  const base = whence === 0 ? 0 : whence === 1 ? file.position : inodeSize(inode, process);
  if (base + offset < 0) return -Errno.EINVAL;
  if (inode.type === 'directory') file.listing = undefined;
  file.position = base + offset;
  return file.position;
}

const Fcntl = {
  dupFd: 0,
  getFd: 1,
  setFd: 2,
  getFlags: 3,
  setFlags: 4,
  dupFdCloseOnExec: 1030,
  getPipeSize: 1032,
} as const;

function fileControl(process: Process, descriptor: number, command: number, argument: number): number {
  const slot = process.files.slot(descriptor);
  if (slot === undefined) return -Errno.EBADF;
  switch (command) {
    case Fcntl.dupFd:
    case Fcntl.dupFdCloseOnExec:
      if (argument < 0) return -Errno.EINVAL;
      return process.files.add(slot.file.share(), command === Fcntl.dupFdCloseOnExec, argument);
    case Fcntl.getFd:
      return slot.closesOnExec ? 1 : 0;
    case Fcntl.setFd:
      slot.closesOnExec = (argument & 1) !== 0;
      return 0;
    case Fcntl.getFlags:
      return slot.file.flags;
    case Fcntl.setFlags: {
      const changeable = OpenFlag.append | OpenFlag.nonBlocking;
      slot.file.flags = (slot.file.flags & ~changeable) | (argument & changeable);
      return 0;
    }
    case Fcntl.getPipeSize:
      return slot.file.inode.type === 'pipe' ? 65536 : -Errno.EBADF;
    default:
      return -Errno.EINVAL;
  }
}

function makePipe(process: Process, address: number, flags: number): number {
  if (flags & ~(OpenFlag.closeOnExec | OpenFlag.nonBlocking)) return -Errno.EINVAL;
  const { kernel } = process;
  const pipe = createPipe(kernel.pipes);
  if (pipe === undefined) return -Errno.ENFILE;
  const inode = {
    type: 'pipe' as const,
    number: kernel.nextInodeNumber(),
    mode: 0o600,
    links: 1,
    modified: 0n,
    pipe,
  };
  const closes = (flags & OpenFlag.closeOnExec) !== 0;
  const shared = flags & OpenFlag.nonBlocking;
  const reader = process.files.add(new OpenFile(inode, OpenFlag.readOnly | shared), closes);
  if (reader < 0) return reader;
  const writer = process.files.add(new OpenFile(inode, OpenFlag.writeOnly | shared), closes);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setInt32(0, reader, true);
  new DataView(bytes.buffer).setInt32(4, writer, true);
  if (writer >= 0 && kernel.userMemory.write(process.space, address, bytes)) return 0;
  process.files.close(reader);
  if (writer < 0) return writer;
  process.files.close(writer);
  return -Errno.EFAULT;
}

const Poll = { in: 1, out: 4, error: 8, hangUp: 16, invalid: 32 } as const;

/** ppoll: looks at each descriptor, and waits on all of them when none is ready. */
function poll(process: Process, address: number, count: number, timeout: number): number {
  if (count > MAX_VECTORS) return -Errno.EINVAL;
  const { userMemory, hardware } = process.kernel;
  const table = userMemory.read(process.space, address, count * 8);
  if (table === undefined) return -Errno.EFAULT;
  const view = new DataView(table.buffer);
  const queues: WaitQueue[] = [];
  let ready = 0;
  for (let index = 0; index < count; index++) {
    const descriptor = view.getInt32(index * 8, true);
    const wanted = view.getInt16(index * 8 + 4, true);
    let found = 0;
    if (descriptor >= 0) {
      const file = process.files.get(descriptor);
      if (file === undefined) found = Poll.invalid;
      else {
        if (wanted & Poll.in && file.isReadable) found |= Poll.in;
        if (wanted & Poll.out && file.isWritable) found |= Poll.out;
        if (file.inode.type === 'pipe' && file.canRead && file.inode.pipe.writers === 0) {
          found = (found & ~(file.inode.pipe.length === 0 ? Poll.in : 0)) | Poll.hangUp;
        }
        if (file.inode.type === 'pipe' && file.canWrite && file.inode.pipe.readers === 0) found |= Poll.error;
        queues.push(...file.queue((wanted & Poll.out) !== 0));
      }
    }
    view.setInt16(index * 8 + 6, found, true);
    if (found !== 0) ready++;
  }
  if (ready === 0 && process.callState === undefined) {
    let deadline = Number.POSITIVE_INFINITY;
    if (timeout !== 0) {
      const seconds = userMemory.read64(process.space, timeout);
      const nanoseconds = userMemory.read64(process.space, timeout + 8);
      if (seconds < 0 || nanoseconds < 0) return -Errno.EFAULT;
      deadline = hardware.clock.now() + ticksOf(hardware, BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
    }
    process.callState = { kind: 'deadline', deadline };
  }
  const state = process.callState;
  if (ready === 0 && state?.kind === 'deadline' && hardware.clock.now() < state.deadline) {
    process.block(queues, state.deadline);
    return BLOCKED;
  }
  return userMemory.write(process.space, address, table) ? ready : -Errno.EFAULT;
}

const MAX_SENDFILE = 1 << 16;

function sendFile(process: Process, out: OpenFile, from: OpenFile, count: number): number {
  const buffer = new Uint8Array(Math.min(count, MAX_SENDFILE));
  const { position } = from;
  const read = from.read(buffer, process);
  if (read === WOULD_BLOCK) return waitFor(process, from, false);
  if (read <= 0) return read;
  const written = out.write(buffer.subarray(0, read), process);
  from.position = position + Math.max(0, written);
  return written === WOULD_BLOCK ? waitFor(process, out, true) : written;
}

/** Calls `use` with the open file, or gives EBADF. */
function withFile(process: Process, descriptor: number, use: (file: OpenFile) => number): number {
  const file = process.files.get(descriptor);
  return file === undefined ? -Errno.EBADF : use(file);
}

/** System calls on file descriptors. */
export const fileCalls: readonly SystemCall[] = [
  {
    number: 23,
    name: 'dup',
    support: 'full',
    handler: (process, args) => withFile(process, args.int(0), (file) => process.files.add(file.share())),
  },
  {
    number: 24,
    name: 'dup3',
    support: 'full',
    handler: (process, args) => {
      const [from, to, flags] = [args.int(0), args.int(1), args.int(2)];
      if (from === to || flags & ~OpenFlag.closeOnExec) return -Errno.EINVAL;
      return withFile(process, from, (file) => process.files.set(to, file.share(), flags !== 0));
    },
  },
  {
    number: 25,
    name: 'fcntl',
    support: 'partial',
    note: 'F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETPIPE_SZ; no locks',
    handler: (process, args) => fileControl(process, args.int(0), args.int(1), args.int(2)),
  },
  {
    number: 29,
    name: 'ioctl',
    support: 'partial',
    note: 'no file is a terminal: always ENOTTY',
    handler: (process, args) => withFile(process, args.int(0), () => -Errno.ENOTTY),
  },
  {
    number: 46,
    name: 'ftruncate',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => {
        const size = args.long(1);
        if (size < 0 || !file.canWrite || file.inode.type !== 'file') return -Errno.EINVAL;
        return file.inode.truncate(size);
      }),
  },
  {
    number: 57,
    name: 'close',
    support: 'full',
    handler: (process, args) => (process.files.close(args.int(0)) ? 0 : -Errno.EBADF),
  },
  {
    number: 59,
    name: 'pipe2',
    support: 'full',
    handler: (process, args) => makePipe(process, args.word(0), args.int(1)),
  },
  {
    number: 62,
    name: 'lseek',
    support: 'partial',
    note: 'SEEK_SET, SEEK_CUR, SEEK_END',
    handler: (process, args) => seek(process, args.int(0), args.long(1), args.int(2)),
  },
  {
    number: 63,
    name: 'read',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => readInto(process, file, args.word(1), args.word(2))),
  },
  {
    number: 64,
    name: 'write',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => writeFrom(process, file, args.word(1), args.word(2))),
  },
  {
    number: 65,
    name: 'readv',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => {
        let isFirst = true;
        return eachVector(process, args.word(1), args.int(2), (address, length) => {
          if (!isFirst && !file.isReadable) return 0;
          isFirst = false;
          return readInto(process, file, address, length);
        });
      }),
  },
  {
    number: 66,
    name: 'writev',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => writeVectors(process, file, args.word(1), args.int(2))),
  },
  {
    number: 67,
    name: 'pread64',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => {
        const offset = args.long(3);
        return offset < 0 ? -Errno.EINVAL : readInto(process, file, args.word(1), args.word(2), offset);
      }),
  },
  {
    number: 68,
    name: 'pwrite64',
    support: 'full',
    handler: (process, args) =>
      withFile(process, args.int(0), (file) => {
        const offset = args.long(3);
        return offset < 0 ? -Errno.EINVAL : writeFrom(process, file, args.word(1), args.word(2), offset);
      }),
  },
  {
    number: 71,
    name: 'sendfile',
    support: 'partial',
    note: 'without an offset argument',
    handler: (process, args) =>
      withFile(process, args.int(0), (out) =>
        withFile(process, args.int(1), (from) =>
          args.word(2) !== 0 ? -Errno.EINVAL : sendFile(process, out, from, args.word(3)),
        ),
      ),
  },
  {
    number: 73,
    name: 'ppoll',
    support: 'partial',
    note: 'the signal mask is left as it is',
    handler: (process, args) => poll(process, args.word(0), args.int(1), args.word(2)),
  },
  { number: 81, name: 'sync', support: 'accepted', handler: () => 0 },
  {
    number: 82,
    name: 'fsync',
    support: 'accepted',
    handler: (process, args) => withFile(process, args.int(0), () => 0),
  },
  {
    number: 83,
    name: 'fdatasync',
    support: 'accepted',
    handler: (process, args) => withFile(process, args.int(0), () => 0),
  },
];
