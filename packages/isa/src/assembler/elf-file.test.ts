import { expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { elfFile } from './elf-file.ts';

const source = `
        .globl _start
        .equ SIZE, 3
        .text
helper: ret
_start: j helper
        .data
text:   .ascii "abc"
`;

it.each([0x1_0000n, 0x8000_0000n, 0x1_0f98n, 0x64n])('writes an ELF executable for 0x%s', (origin) => {
  const program = assemble(source, { origin });
  const file = elfFile(program);
  const view = new DataView(file.buffer);
  expect([...file.subarray(0, 7)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  expect(view.getBigUint64(24, true)).toBe(origin + 4n);
  // The segment: at the same place within a page, with all of the program.
  const [offset, address] = [view.getBigUint64(72, true), view.getBigUint64(80, true)];
  expect([address, (address - offset) % 4096n]).toEqual([origin, 0n]);
  expect(file.subarray(Number(offset), Number(offset + view.getBigUint64(96, true)))).toEqual(program.bytes);

  const table = Number(view.getBigUint64(40, true));
  const sections = Array.from({ length: view.getUint16(60, true) }, (_, index) => {
    const at = table + index * 64;
    const start = Number(view.getBigUint64(at + 24, true));
    return {
      name: view.getUint32(at, true),
      kind: view.getUint32(at + 4, true),
      bytes: file.subarray(start, start + Number(view.getBigUint64(at + 32, true))),
      link: view.getUint32(at + 40, true),
      locals: view.getUint32(at + 44, true),
    };
  });
  const textAt = (bytes: Uint8Array, at: number) => new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
  const names = sections[view.getUint16(62, true)]!.bytes;
  expect(sections.map(({ name }) => textAt(names, name))).toEqual([
    '',
    '.text',
    '.data',
    '.symtab',
    '.strtab',
    '.shstrtab',
  ]);
  expect(new TextDecoder().decode(sections[2]!.bytes)).toBe('abc');

  const { bytes, link, locals } = sections.find(({ kind }) => kind === 2)!;
  const symbols = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = Array.from({ length: bytes.length / 24 }, (_, index) => ({
    name: textAt(sections[link]!.bytes, symbols.getUint32(index * 24, true)),
    isGlobal: symbols.getUint8(index * 24 + 4) >> 4 === 1,
    home: symbols.getUint16(index * 24 + 6, true),
    value: symbols.getBigUint64(index * 24 + 8, true),
  }));
  expect(found[0]).toEqual({ name: '', isGlobal: false, home: 0, value: 0n });
  expect(found.findIndex(({ isGlobal }) => isGlobal)).toBe(locals);
  expect(Object.fromEntries(found.slice(1).map(({ name, home, value }) => [name, [home, value]]))).toEqual({
    helper: [1, origin],
    _start: [1, origin + 4n],
    text: [2, origin + 8n],
    SIZE: [0xfff1, 3n],
  });
});
