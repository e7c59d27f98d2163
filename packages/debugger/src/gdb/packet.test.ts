import { expect, it } from 'vitest';
import { encodePacket, MAX_PACKET, PacketReader, type Received, registerHex, registerValue } from './packet.ts';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const text = (data: Uint8Array) => String.fromCharCode(...data);
const read = (...pieces: string[]): Received[] => {
  const reader = new PacketReader();
  return pieces.flatMap((piece) => [...reader.read(bytes(piece))]);
};
const packet = (contents: string, isIntact = true) => ({ kind: 'packet', data: bytes(contents), isIntact });

it('encodes with the checksum and escapes of the manual', () => {
  expect(text(encodePacket('OK'))).toBe('$OK#9a');
  expect(text(encodePacket('a#b$c}d*'))).toBe('$a}\u0003b}\u0004c}]d}\n#ec');
});

it('reads packets however they are cut', () => {
  expect(read('$OK#9a')).toEqual([packet('OK')]);
  expect(read('+$O', 'K#', '9', 'a$g#67')).toEqual([{ kind: 'acknowledged' }, packet('OK'), packet('g')]);
  expect(read('-', '\u0003')).toEqual([{ kind: 'retransmit' }, { kind: 'interrupt' }]);
  const contents = 'X0,4:}#$*\u0003';
  expect(read(text(encodePacket(contents)))).toEqual([packet(contents)]);
});

it('tells broken packets from whole ones', () => {
  expect(read('$OK#00')).toEqual([packet('OK', false)]);
  expect(read('$OK#zz')).toEqual([packet('OK', false)]);
  expect(read('noise$O$OK#9a')).toEqual([packet('OK')]);
  const [long] = read(`$${'a'.repeat(MAX_PACKET + 1)}#00`);
  expect(long).toMatchObject({ kind: 'packet', isIntact: false });
});

it('tells registers in the byte order of the target', () => {
  expect(registerHex(0x8020_0000n)).toBe('0000208000000000');
  expect(registerValue('0000208000000000')).toBe(0x8020_0000n);
  expect(registerValue('')).toBeUndefined();
  expect(registerValue('123')).toBeUndefined();
});
