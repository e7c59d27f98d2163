/** A property's value: big-endian cells and zero-terminated strings are made by `cells` and `text`. */
export type PropertyValue = Uint8Array;

/** A node of a device tree (Devicetree Specification v0.4, section 2.2). */
export interface DeviceTreeNode {
  /** `node-name@unit-address`; empty for the root. */
  readonly name: string;
  readonly properties: Readonly<Record<string, PropertyValue>>;
  readonly children?: readonly DeviceTreeNode[];
}

/** u32 values, most significant byte first. */
export function cells(...values: readonly number[]): PropertyValue {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value);
  });
  return bytes;
}

/** A number below 2^53 as two cells, as addresses and sizes are under #address-cells = #size-cells = 2. */
export function cells64(...values: readonly number[]): PropertyValue {
  return cells(...values.flatMap((value) => [Math.floor(value / 2 ** 32), value >>> 0]));
}

/** A string list. */
export function text(...strings: readonly string[]): PropertyValue {
  return new TextEncoder().encode(strings.map((string) => `${string}\0`).join(''));
}

/** A property that is there and has no value. */
export const present: PropertyValue = new Uint8Array(0);

/** Tokens of the structure block (same, section 5.4.1). */
const Token = { beginNode: 1, endNode: 2, property: 3, end: 9 } as const;
const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
/** One empty entry ends the memory reservation block. */
const RESERVATION_BYTES = 16;

/** A flattened device tree blob (same, chapter 5). */
export function flattenDeviceTree(root: DeviceTreeNode, bootHart = 0): Uint8Array {
  const structure: number[] = [];
  const strings: number[] = [];
  const stringOffsets = new Map<string, number>();
  const pushWord = (word: number) =>
    structure.push((word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
  const pad = () => {
    while (structure.length % 4 !== 0) structure.push(0);
  };
  const stringOffset = (name: string): number => {
    let offset = stringOffsets.get(name);
    if (offset === undefined) {
      offset = strings.length;
      stringOffsets.set(name, offset);
      strings.push(...text(name));
    }
    return offset;
  };
  const pushNode = (node: DeviceTreeNode) => {
    pushWord(Token.beginNode);
    structure.push(...text(node.name));
    pad();
    for (const [name, value] of Object.entries(node.properties)) {
      pushWord(Token.property);
      pushWord(value.length);
      pushWord(stringOffset(name));
      structure.push(...value);
      pad();
    }
    for (const child of node.children ?? []) pushNode(child);
    pushWord(Token.endNode);
  };
  pushNode(root);
  pushWord(Token.end);

  const structureOffset = HEADER_BYTES + RESERVATION_BYTES;
  const stringsOffset = structureOffset + structure.length;
  const total = stringsOffset + strings.length;
  const header = cells(
    MAGIC,
    total,
    structureOffset,
    stringsOffset,
    HEADER_BYTES,
    VERSION,
    LAST_COMPATIBLE_VERSION,
    bootHart,
    strings.length,
    structure.length,
  );
  const blob = new Uint8Array(total);
  blob.set(header);
  blob.set(structure, structureOffset);
  blob.set(strings, stringsOffset);
  return blob;
}
