import type { FunctionWriter, ValueType } from '../emission/emit.ts';

/** An address: the value of a local variable (i64) plus a constant. */
export interface AccessAddress {
  readonly local: number;
  readonly offset: number;
  /** The guest register that the local variable holds. */
  readonly register?: number;
}

/** What an access needs from the function around it. */
export interface AccessContext {
  readonly writer: FunctionWriter;
  /** Local variable with the hart context's base. */
  readonly hart: number;
  /** Bytes of RAM when data addresses are physical and unprotected; 0 when they go through the translation tables. */
  readonly physicalSize: number;
  /** Local variable with the base of the translation set. */
  readonly translations: number;
  temporary(type: ValueType): number;
  /** Takes an i32: unless it is 0, leaves before the instruction, whose access is for others to make. */
  leaveIf(): void;
  /** What the function remembers of the page that the current instruction accessed last, where that is worth it. */
  pageMemo?(): PageMemo | undefined;
}

/**
 * The page that an instruction in a loop accessed last, in local variables: what the translation table says of it holds until
 * the region is left or calls. With it the place of an access depends on its address by one addition, not by two loads, and
 * where pages change the comparison fails and the table is looked at.
 */
export interface PageMemo {
  /** i64: the page's address with the bits set in which accesses to it may differ; 0 for none. */
  readonly tag: number;
  /** i32: what the address is to be added to. */
  readonly addend: number;
}
