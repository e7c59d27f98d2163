import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDrive } from '../src/node/files/drive.ts';

const BYTES = 3 * 65_536 + 512;
let folder: string;
let base: string;
let overlay: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'worldswitch-drive-'));
  base = join(folder, 'base.img');
  overlay = join(folder, 'changes.overlay');
  writeFileSync(base, new Uint8Array(BYTES).fill(1));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (options: { readOnly?: boolean; snapshot?: boolean; overlay?: string } = {}) =>
  openDrive({ file: base, readOnly: false, snapshot: false, ...options });
const sector = (drive: ReturnType<typeof open>, number: number) => {
  const bytes = new Uint8Array(512);
  expect(drive.backend.read(number, bytes)).toBe(true);
  expect(new Set(bytes).size).toBe(1);
  return bytes[0];
};
const filled = (value: number, sectors = 1) => new Uint8Array(512 * sectors).fill(value);
const isBaseUntouched = () => readFileSync(base).every((byte) => byte === 1);

describe('drives', () => {
  it('write at their place in the file', () => {
    const drive = open();
    expect(drive.backend.write(3, filled(7))).toBe(true);
    expect(drive.backend.flush()).toBe(true);
    expect(readFileSync(base)[3 * 512]).toBe(7);
    expect([sector(drive, 2), sector(drive, 3), sector(drive, 4)]).toEqual([1, 7, 1]);
    drive.close();
  });
  it('are read-only when told so, and then refuse to be written', () => {
    const drive = open({ readOnly: true });
    expect(drive.backend.isReadOnly).toBe(true);
    expect(drive.backend.write(0, filled(9))).toBe(false);
    drive.close();
    expect(isBaseUntouched()).toBe(true);
  });
  it('forget the changes of a snapshot', () => {
    const drive = open({ snapshot: true });
    drive.backend.write(0, filled(9));
    expect(sector(drive, 0)).toBe(9);
    drive.close();
    expect(isBaseUntouched()).toBe(true);
  });
});

describe('an overlay file', () => {
  it('keeps the changes and leaves the base alone', () => {
    const first = open({ overlay });
    // The last sector lies in a cluster of its own that the base does not fill; the write before crosses clusters.
    first.backend.write(120, filled(5, 20));
    first.backend.write(BYTES / 512 - 1, filled(6));
    first.close();
    const second = open({ overlay });
    expect([119, 120, 139, 140, BYTES / 512 - 1].map((number) => sector(second, number))).toEqual([1, 5, 5, 1, 6]);
    second.close();
    expect(isBaseUntouched()).toBe(true);
  });
  it('is as it was at the last flush when the process dies', () => {
    const killed = open({ overlay });
    killed.backend.write(0, filled(5));
    killed.backend.flush();
    killed.backend.write(200, filled(6));
    // Nothing is closed: this is what the files hold when the process is killed here.
    const after = open({ overlay });
    expect([sector(after, 0), sector(after, 1), sector(after, 200)]).toEqual([5, 1, 1]);
    after.backend.write(300, filled(8));
    after.close();
    const last = open({ overlay });
    expect([0, 200, 300].map((number) => sector(last, number))).toEqual([5, 1, 8]);
    last.close();
    expect(isBaseUntouched()).toBe(true);
  });
  it.each([
    ['another base', () => writeFileSync(base, new Uint8Array(BYTES).fill(2)), 'was made for another drive than'],
    ['a base of another size', () => truncateSync(base, BYTES - 512), 'was made for another drive than'],
    ['a file that is none', () => writeFileSync(overlay, new Uint8Array(8192)), 'it is not an overlay file'],
    ['another version', () => writeVersion(2), 'its format has version 2, expected 1'],
  ])('refuses %s', (_what, change, message) => {
    open({ overlay }).close();
    change();
    expect(() => open({ overlay })).toThrow(message);
  });
});

function writeVersion(version: number): void {
  const bytes = readFileSync(overlay);
  bytes.writeUInt32LE(version, 8);
  writeFileSync(overlay, bytes);
}
