import { assemble, defaultInstructionSet } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { RAM } from '../../memory/memory-layout.ts';
import { createPlainCsrLookup } from '../plain-csr.ts';
import { discoverRegion } from './discovery/discover.ts';
import { encodeRegions } from './link.ts';

const set = defaultInstructionSet();

function moduleOf(source: string): Uint8Array {
  const { bytes } = assemble(source, { origin: 0x8000_0000 });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const decode = (offset: number) => (offset + 4 > bytes.length ? undefined : set.decode(view.getUint32(offset, true)));
  const region = discoverRegion(0, decode, createPlainCsrLookup(set));
  return encodeRegions([{ region, codePage: RAM, physicalSize: 2 ** 27 }]);
}

/** How many types the module names: its first section is that of the types (WebAssembly Core Specification 2.0, 5.5.4). */
function typesOf(module: Uint8Array): number {
  const [section, size, count] = module.subarray(8);
  expect(section).toBe(1);
  expect(size).toBeLessThan(0x80);
  return count!;
}

describe('a module of regions', () => {
  it('names one type, and another only where it is called: V8 of Node 20 never forgets a type of a module', () => {
    expect(typesOf(moduleOf('loop: addi a0, a0, -1\nbnez a0, loop\ncall loop\nret'))).toBe(1);
    const multiplies = moduleOf('loop: fmadd.d fa0, fa1, fa2, fa3\naddi a0, a0, -1\nbnez a0, loop\nret');
    expect(typesOf(multiplies)).toBe(2);
    expect(WebAssembly.validate(multiplies as BufferSource)).toBe(true);
  });
});
