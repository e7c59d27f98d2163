import type { DebugHart } from '../debug-hart.ts';
import type { MachineDebugger, Watchpoint } from '../machine-debugger.ts';
import { type AddressKind, readMemory, writeMemory } from '../memory.ts';
import { readRegister, writeRegister } from '../registers.ts';
import { errors, fromHex, MAX_PACKET, parseAddress, parseNumber, registerHex, registerValue, toHex } from './packet.ts';

/** What a packet about registers, memory or points is about. */
export interface PacketTarget {
  readonly machineDebugger: MachineDebugger;
  readonly hart: DebugHart;
  readonly addressKind: AddressKind;
}

/** Watched bytes at most, of one watchpoint. */
const MAX_WATCHED = 0x10_0000;
/** General registers: x0 to x31 and pc. Others are asked for one by one. */
const GENERAL = 33;

/** `g`: x0 to x31 and pc. */
export function readGeneralRegisters({ hart }: PacketTarget): string {
  let text = '';
  for (let number = 0; number < GENERAL; number++) text += registerHex(readRegister(hart, number) ?? 0n);
  return text;
}

/** `G`: as many of them as there are values. */
export function writeGeneralRegisters({ hart, machineDebugger }: PacketTarget, hex: string): string {
  const values = hex.match(/.{1,16}/g) ?? [];
  const numbers = values.map((value) => (value.length === 16 ? registerValue(value) : undefined));
  if (values.length === 0 || values.length > GENERAL || numbers.includes(undefined)) return errors.malformed;
  for (const [number, value] of numbers.entries()) writeRegister(hart, number, value ?? 0n);
  machineDebugger.noteChange();
  return 'OK';
}

/** `p number` */
export function readOneRegister({ hart }: PacketTarget, text: string): string {
  const number = parseNumber(text);
  const value = number === undefined ? undefined : readRegister(hart, number);
  return value === undefined ? errors.register : registerHex(value);
}

/** `P number=value` */
export function writeOneRegister({ hart, machineDebugger }: PacketTarget, text: string): string {
  const [left, right = ''] = text.split('=');
  const number = parseNumber(left);
  const value = registerValue(right);
  if (number === undefined || value === undefined) return errors.malformed;
  machineDebugger.noteChange();
  return writeRegister(hart, number, value) ? 'OK' : errors.register;
}

/** `m address,length` */
export function readMemoryBytes({ hart, addressKind }: PacketTarget, text: string): string {
  const [where, size] = text.split(',');
  const address = parseAddress(where);
  const length = parseNumber(size);
  if (address === undefined || length === undefined) return errors.malformed;
  if (length === 0) return '';
  const bytes = readMemory(hart, addressKind, address, Math.min(length, MAX_PACKET / 2));
  return bytes.length === 0 ? errors.fault : toHex(bytes);
}

/** `M address,length:hex`, or `X` with the bytes as they are. */
export function writeMemoryBytes(
  { hart, machineDebugger, addressKind }: PacketTarget,
  text: string,
  isBinary: boolean,
): string {
  const colon = text.indexOf(':');
  const [where, size] = text.slice(0, Math.max(colon, 0)).split(',');
  const address = parseAddress(where);
  const length = parseNumber(size);
  const contents = text.slice(colon + 1);
  const data = isBinary ? Uint8Array.from(contents, (character) => character.charCodeAt(0)) : fromHex(contents);
  if (address === undefined || data === undefined || data.length !== length) return errors.malformed;
  if (data.length > 0) machineDebugger.noteChange();
  return writeMemory(hart, addressKind, address, data) ? 'OK' : errors.fault;
}

/** `Z` and `z`: type,address,kind with what may follow it. */
export function changePoint({ machineDebugger }: PacketTarget, text: string, isInsertion: boolean): string {
  const match = /^([0-4]),([0-9a-fA-F]{1,16}),([0-9a-fA-F]+)(?:;|$)/.exec(text);
  if (!match) return /^\d/.test(text) && !/^[0-4]/.test(text) ? errors.unsupported : errors.malformed;
  const type = Number(match[1]);
  const address = parseAddress(match[2]) ?? 0n;
  const size = parseNumber(match[3], MAX_WATCHED);
  if (size === undefined) return errors.malformed;
  if (type <= 1) {
    if (isInsertion) machineDebugger.addBreakpoint(address);
    else machineDebugger.removeBreakpoint(address);
    return 'OK';
  }
  const kind = (['write', 'read', 'access'] as const)[type - 2]!;
  const watchpoint: Watchpoint = { kind, address, length: Math.max(size, 1) };
  if (isInsertion) machineDebugger.addWatchpoint(watchpoint);
  else machineDebugger.removeWatchpoint(watchpoint);
  return 'OK';
}
