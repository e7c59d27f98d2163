import { MachineError } from '../errors.ts';
import { RAM } from './memory-layout.ts';

/** The one WebAssembly memory of a machine (memory-layout.ts) and typed views of it. It never grows, so the views stay valid. */
export interface MachineMemory {
  readonly wasm: WebAssembly.Memory;
  /** Bytes of RAM. */
  readonly ramSize: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly view: DataView;
}

const WASM_PAGE = 0x1_0000;

/** Whether a machine can have so many bytes of RAM. */
export function isRamSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes > 0 && bytes % WASM_PAGE === 0 && bytes <= 3 * 2 ** 30;
}

/** @param ramSize bytes of RAM: a positive multiple of 64 KiB, at most 3 GiB. Throws MachineError otherwise. */
export function createMachineMemory(ramSize: number): MachineMemory {
  if (!isRamSize(ramSize)) {
    throw new MachineError(`RAM of ${ramSize} bytes: expected a positive multiple of 65536, at most 3 GiB`);
  }
  const pages = (RAM + ramSize) / WASM_PAGE;
  const wasm = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const buffer = wasm.buffer;
  return {
    wasm,
    ramSize,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
    view: new DataView(buffer),
  };
}
