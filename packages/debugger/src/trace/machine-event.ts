import type { SymbolTable } from '../elf-symbols.ts';

/** Kinds of events that a machine's trace has. */
export const eventKinds = ['traps', 'mmio', 'csr', 'tlb', 'functions'] as const;
export type EventKind = (typeof eventKinds)[number];
export type PrivilegeName = 'U' | 'S' | 'M';

/** Something that a hart did. */
export interface MachineEvent {
  readonly kind: EventKind;
  /** Instructions that all harts retired before. */
  readonly time: number;
  readonly hart: number;
  readonly privilege: PrivilegeName;
  /** Virtual address of the instruction. */
  readonly pc: bigint;
  /** What happened, in a word: `trap`, `return`, `read`, `write`, `fill`, `flush`, `call`. */
  readonly what: string;
  /** Who or what it concerns: a cause, a device's register, a CSR, a page, a function. */
  readonly subject: string;
  /** An address that it concerns besides pc: what was accessed, mapped or called. */
  readonly address?: bigint;
  readonly value?: bigint;
  /** Calls of this hart that have not returned, for functions. */
  readonly depth?: number;
}

/** Which events are wanted; what is absent excludes nothing. */
export interface EventFilter {
  readonly kinds: ReadonlySet<EventKind>;
  readonly harts?: ReadonlySet<number>;
  readonly privileges?: ReadonlySet<PrivilegeName>;
  /** pc, or the address that the event concerns, is in one of them. The end is exclusive. */
  readonly ranges?: readonly { readonly start: bigint; readonly end: bigint }[];
}

export function isWanted({ kinds, harts, privileges, ranges }: EventFilter, event: MachineEvent): boolean {
  if (!kinds.has(event.kind)) return false;
  if (harts && !harts.has(event.hart)) return false;
  if (privileges && !privileges.has(event.privilege)) return false;
  if (!ranges) return true;
  const isInside = (address: bigint) => ranges.some(({ start, end }) => address >= start && address < end);
  return isInside(event.pc) || (event.address !== undefined && isInside(event.address));
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A line for people. */
export function eventText(event: MachineEvent, symbols?: SymbolTable): string {
  const { time, hart, privilege, pc, kind, what, subject, address, value, depth } = event;
  const place = symbols?.describe(pc);
  const head = `${String(time).padStart(12)} ${hart}${privilege} ${pc.toString(16).padStart(16, '0')}`;
  const indent = '  '.repeat(Math.min(depth ?? 0, 40));
  const tail = [
    ...(address === undefined || kind === 'functions' ? [] : [`at ${hex(address)}`]),
    ...(value === undefined ? [] : [`= ${hex(value)}`]),
    ...(place === undefined || kind === 'functions' ? [] : [`<${place}>`]),
  ];
  return [head, kind.padEnd(9), `${indent}${what}`, subject, ...tail].join(' ');
}

/** A line of JSON; 64-bit numbers are hexadecimal strings. */
export function eventJson(event: MachineEvent, symbols?: SymbolTable): string {
  const { address, value, pc, ...rest } = event;
  const symbol = symbols?.describe(pc);
  return JSON.stringify({
    ...rest,
    pc: hex(pc),
    ...(symbol !== undefined && { symbol }),
    ...(address !== undefined && { address: hex(address) }),
    ...(value !== undefined && { value: hex(value) }),
  });
}
