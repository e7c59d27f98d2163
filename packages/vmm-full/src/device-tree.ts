/**
 * Flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5), as far as a virtual board needs it. Property
 * values: strings, lists of strings, cells, or nothing; 64-bit numbers are two cells, which `pair` makes.
 */
type PropertyValue = string | readonly string[] | readonly number[] | true;

export interface DeviceTreeNode {
  readonly properties?: Readonly<Record<string, PropertyValue>>;
  readonly children?: Readonly<Record<string, DeviceTreeNode>>;
}

const Token = { beginNode: 1, endNode: 2, property: 3, end: 9 } as const;
const HEADER_SIZE = 40;
const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;

/** Two cells, high half first. */
export const pair = (value: number): [number, number] => [Math.floor(value / 2 ** 32), value % 2 ** 32];

const encoder = new TextEncoder();

function valueBytes(value: PropertyValue): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (typeof value === 'string') return encoder.encode(`${value}\0`);
  if (value.every((item) => typeof item === 'string')) return encoder.encode(value.map((text) => `${text}\0`).join(''));
  const bytes = new Uint8Array(value.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, cell] of value.entries()) view.setUint32(index * 4, cell as number);
  return bytes;
}

export function encodeDeviceTree(root: DeviceTreeNode): Uint8Array {
  const structure: number[] = [];
  const strings: number[] = [];
  const stringOffsets = new Map<string, number>();
  const cell = (value: number) =>
    structure.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  const bytes = (data: Uint8Array) => {
    structure.push(...data);
    while (structure.length % 4 !== 0) structure.push(0);
  };
  const stringOffset = (name: string) => {
    const known = stringOffsets.get(name);
    if (known !== undefined) return known;
    const offset = strings.length;
    stringOffsets.set(name, offset);
    strings.push(...encoder.encode(`${name}\0`));
    return offset;
  };
  const node = (name: string, { properties = {}, children = {} }: DeviceTreeNode) => {
    cell(Token.beginNode);
    bytes(encoder.encode(`${name}\0`));
    for (const [property, value] of Object.entries(properties)) {
      const data = valueBytes(value);
      cell(Token.property);
      cell(data.length);
      cell(stringOffset(property));
      bytes(data);
    }
    for (const [child, contents] of Object.entries(children)) node(child, contents);
    cell(Token.endNode);
  };
  node('', root);
  cell(Token.end);

  // Header, an empty memory reservation block, structure, strings.
  const structureOffset = HEADER_SIZE + 16;
  const stringsOffset = structureOffset + structure.length;
  const result = new Uint8Array(stringsOffset + strings.length);
  const view = new DataView(result.buffer);
  const header = [
    ...[MAGIC, result.length, structureOffset, stringsOffset, HEADER_SIZE, VERSION, LAST_COMPATIBLE_VERSION],
    ...[0, strings.length, structure.length],
  ];
  for (const [index, value] of header.entries()) view.setUint32(index * 4, value);
  result.set(structure, structureOffset);
  result.set(strings, stringsOffset);
  return result;
}
