import { defaultInstructionSet } from '@worldswitch/isa';
import { RAM } from '../../memory/memory-layout.ts';
import { createPlainCsrLookup } from '../plain-csr.ts';
import { discoverRegion } from './discovery/discover.ts';
import { functionText } from './emission/wasm-text.ts';
import { encodeRegions } from './link.ts';

/**
 * What the compiled engine makes of code, one line for each WebAssembly instruction: for documentation.
 * @param code instructions from the start of a page, entered at the first. @param ramSize bytes of RAM when data addresses are
 * physical; 0 when they go through the translation tables.
 */
export function translationText(code: Uint8Array, ramSize: number): readonly string[] {
  const set = defaultInstructionSet();
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const decode = (offset: number) => {
    if (offset + 2 > code.length) return undefined;
    const low = view.getUint16(offset, true);
    if ((low & 3) !== 3) return set.decode(low);
    return offset + 4 > code.length ? undefined : set.decode(view.getUint32(offset, true));
  };
  const region = discoverRegion(0, decode, createPlainCsrLookup(set));
  return functionText(encodeRegions([{ region, codePage: RAM, physicalSize: ramSize }]), 0);
}
