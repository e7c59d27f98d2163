import { disassemble } from '@worldswitch/isa';
import type { DebugHart } from '../debug-hart.ts';
import { type AddressKind, readMemory } from '../memory.ts';

const sizes: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8 };
const MAX_UNITS = 4096;
const USAGE = 'expected /NFS and an address, such as /4xg 0x80200000\n';

/** Prints memory as `x` of debuggers does: count, format and unit size after a slash, then the address. */
export function examine(hart: DebugHart, kind: AddressKind, args: string): string {
  const match = /^(?:\/(\d*)([xduci]?)([bhwg]?)([xduci]?) ?)?(0x[0-9a-f]{1,16}|\d{1,19})$/i.exec(args.trim());
  if (!match) return USAGE;
  const count = Math.min(Number(match[1] || 1), MAX_UNITS);
  const format = match[2] || match[4] || 'x';
  const size = sizes[match[3] || (format === 'c' ? 'b' : 'w')] ?? 4;
  const address = BigInt.asUintN(64, BigInt(match[5] ?? 0));
  return format === 'i' ? instructions(hart, kind, address, count) : units(hart, kind, address, count, size, format);
}

const label = (address: bigint): string => `0x${BigInt.asUintN(64, address).toString(16).padStart(16, '0')}:`;
const unreadable = (address: bigint): string => `${label(address)} cannot be read: no RAM there\n`;

function units(hart: DebugHart, kind: AddressKind, start: bigint, count: number, size: number, format: string): string {
  const bytes = readMemory(hart, kind, start, count * size);
  const perLine = Math.max(16 / size, 1);
  let text = '';
  for (let unit = 0; unit < count; unit++) {
    const at = unit * size;
    const address = start + BigInt(at);
    if (at + size > bytes.length)
      return `${text}${text.endsWith('\n') || text === '' ? '' : '\n'}${unreadable(address)}`;
    if (unit % perLine === 0) text += label(address);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
    text += ` ${formatUnit(value, size, format)}`;
    if (unit % perLine === perLine - 1 || unit === count - 1) text += '\n';
  }
  return text;
}

function formatUnit(value: bigint, size: number, format: string): string {
  switch (format) {
    case 'd':
      return BigInt.asIntN(size * 8, value).toString();
    case 'u':
      return value.toString();
    case 'c':
      return value >= 32n && value < 127n ? `'${String.fromCharCode(Number(value))}'` : `\\${value.toString(8)}`;
    default:
      return `0x${value.toString(16).padStart(size * 2, '0')}`;
  }
}

function instructions(hart: DebugHart, kind: AddressKind, start: bigint, count: number): string {
  let text = '';
  let address = start;
  for (let index = 0; index < count; index++) {
    const bytes = readMemory(hart, kind, address, 4);
    const low = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
    const length = (low & 3) === 3 ? 4 : 2;
    if (bytes.length < length) return text + unreadable(address);
    const bits = length === 2 ? low : (low | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24)) >>> 0;
    text += `${label(address)} ${disassemble(bits, address)}\n`;
    address += BigInt(length);
  }
  return text;
}
