/**
 * The file format of snapshots, little-endian:
 *
 *   8 bytes   magic: "WSNAP", 0, CR, LF (a transfer as text damages it)
 *   u32       version of the format
 *   u32       length of the header
 *   header    JSON, UTF-8: what the snapshot is of (SnapshotHeader) and the list of sections
 *   32 bytes  SHA-256 of everything before
 *   sections  one after the other, each compressed (DEFLATE, RFC 1951); the header has length and SHA-256 of each
 *
 * So each byte of a file is under a checksum, and what a snapshot is of can be said without unpacking it.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { deflateSync, inflateSync } from 'fflate';
import { SnapshotError } from '../errors.ts';

const FORMAT_VERSION = 1;
const MAGIC = Uint8Array.of(0x57, 0x53, 0x4e, 0x41, 0x50, 0x00, 0x0d, 0x0a);
const FIXED_BYTES = MAGIC.length + 8;
const DIGEST_BYTES = 32;
/** Of a section, unpacked: RAM goes in pieces that are far smaller. */
const SECTION_LIMIT = 2 ** 28;
/** The fastest level: the others save a tenth and take several times as long. */
const LEVEL = 1;

interface SectionEntry {
  readonly name: string;
  /** Bytes in the file, and unpacked. */
  readonly length: number;
  readonly unpacked: number;
  readonly sha256: string;
}

export interface Section {
  readonly entry: SectionEntry;
  readonly packed: Uint8Array;
}

/** What is read from a file, checked: digests of sections are checked when they are unpacked. */
export interface Container {
  /** The header's own fields: whoever reads them checks them. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sections: readonly Section[];
  /** Unpacks a section. Throws SnapshotError when there is none of that name or it is damaged. */
  unpack(name: string): Uint8Array;
}

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function packSection(name: string, bytes: Uint8Array): Section {
  const packed = deflateSync(bytes, { level: LEVEL });
  return { entry: { name, length: packed.length, unpacked: bytes.length, sha256: hexOf(sha256(packed)) }, packed };
}

/** @param fields of the header, JSON. */
export function writeContainer(fields: Readonly<Record<string, unknown>>, sections: readonly Section[]): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ ...fields, sections: sections.map(({ entry }) => entry) }));
  const start = FIXED_BYTES + header.length;
  const length = sections.reduce((sum, { packed }) => sum + packed.length, start + DIGEST_BYTES);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(MAGIC.length, FORMAT_VERSION, true);
  view.setUint32(MAGIC.length + 4, header.length, true);
  file.set(header, FIXED_BYTES);
  file.set(sha256(file.subarray(0, start)), start);
  let at = start + DIGEST_BYTES;
  for (const { packed } of sections) {
    file.set(packed, at);
    at += packed.length;
  }
  return file;
}

/** Throws SnapshotError for anything that is not whole and of this version. Sections are views of `file`. */
export function readContainer(file: Uint8Array): Container {
  if (file.length < FIXED_BYTES) throw new SnapshotError('file', `truncated: ${file.length} bytes are no snapshot`);
  if (MAGIC.some((byte, index) => file[index] !== byte)) {
    throw new SnapshotError(
      'file',
      `it is no snapshot: expected to begin with ${hexOf(MAGIC)}, found ${hexOf(file.subarray(0, 8))}`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== FORMAT_VERSION) {
    throw new SnapshotError('version', `the snapshot has format ${version}, this version reads ${FORMAT_VERSION}`);
  }
  const headerLength = view.getUint32(MAGIC.length + 4, true);
  const start = FIXED_BYTES + headerLength;
  if (start + DIGEST_BYTES > file.length) {
    throw new SnapshotError(
      'file',
      `truncated: its header ends at byte ${start + DIGEST_BYTES}, the file has ${file.length}`,
    );
  }
  if (hexOf(sha256(file.subarray(0, start))) !== hexOf(file.subarray(start, start + DIGEST_BYTES))) {
    throw new SnapshotError('header', 'its checksum (SHA-256) does not match: the file is damaged');
  }
  const fields = readHeader(file.subarray(FIXED_BYTES, start));
  let at = start + DIGEST_BYTES;
  const sections = fields.sections.map((entry): Section => {
    const packed = file.subarray(at, at + entry.length);
    at += entry.length;
    return { entry, packed };
  });
  if (at > file.length) throw new SnapshotError('file', `truncated: expected ${at} bytes, found ${file.length}`);
  if (at < file.length) throw new SnapshotError('file', `${file.length - at} bytes follow the end at byte ${at}`);
  return {
    fields,
    sections,
    unpack(name) {
      const section = sections.find(({ entry }) => entry.name === name);
      if (!section) throw new SnapshotError(name, 'the snapshot has no such section');
      return unpackSection(section);
    },
  };
}

function unpackSection({ entry, packed }: Section): Uint8Array {
  if (hexOf(sha256(packed)) !== entry.sha256) {
    throw new SnapshotError(entry.name, 'its checksum (SHA-256) does not match: the file is damaged');
  }
  let bytes: Uint8Array | undefined;
  try {
    bytes = inflateSync(packed, { out: new Uint8Array(entry.unpacked) });
  } catch (error) {
    throw new SnapshotError(entry.name, `it cannot be unpacked (${(error as Error).message})`);
  }
  if (bytes.length === entry.unpacked) return bytes;
  throw new SnapshotError(entry.name, `expected ${entry.unpacked} bytes unpacked, found ${bytes.length}`);
}

const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readHeader(
  bytes: Uint8Array,
): Readonly<Record<string, unknown>> & { readonly sections: readonly SectionEntry[] } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SnapshotError('header', `it cannot be read as JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new SnapshotError('header', 'expected an object');
  }
  const { sections } = header as { sections?: unknown };
  if (!Array.isArray(sections)) throw new SnapshotError('header', 'expected a list of sections');
  for (const entry of sections as Partial<SectionEntry>[]) {
    const { name, length, unpacked, sha256: digest } = entry ?? {};
    if (typeof name !== 'string' || !isLength(length) || !isLength(unpacked) || typeof digest !== 'string') {
      throw new SnapshotError('header', 'a section is without name, lengths or checksum');
    }
    if (unpacked > SECTION_LIMIT)
      throw new SnapshotError(name, `${unpacked} bytes unpacked are more than a section has`);
  }
  return header as Readonly<Record<string, unknown>> & { readonly sections: readonly SectionEntry[] };
}
