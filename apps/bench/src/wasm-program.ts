/** Instantiates a module of images/wasm and does its work; the checksum is an unsigned 64-bit number. */
export function runWasm(file: Uint8Array<ArrayBuffer>, n: number): bigint {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(file));
  const work = exports.work as (n: number) => bigint;
  return BigInt.asUintN(64, work(n));
}

export function formatChecksum(sum: bigint): string {
  return sum.toString(16).padStart(16, '0');
}
