import type { PhysicalMemory } from '@worldswitch/contracts';

/** What the second implementation says about a translation. */
export type NaiveResult =
  | {
      readonly kind: 'ok';
      readonly physical: bigint;
      readonly pte: bigint;
      readonly global: boolean;
      readonly reads: number;
    }
  | { readonly kind: 'page-fault' | 'access-fault'; readonly reads: number };

export interface NaiveOptions {
  readonly memory: PhysicalMemory;
  readonly satpMode: 8 | 9 | 10;
  readonly satpPpn: bigint;
  readonly access: 'fetch' | 'load' | 'store';
  readonly user: boolean;
  readonly sum: boolean;
  readonly mxr: boolean;
  readonly adue: boolean;
  readonly svnapot: boolean;
  readonly svpbmt: boolean;
}

const field = (value: bigint, high: number, low: number) =>
  (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);

/**
 * The translation process over bigint, written from the manual's text alone and sharing nothing with the package: the second
 * opinion of the property tests. PTE fields are restated here from the figures.
 */
export function naiveWalk(options: NaiveOptions, va: bigint): NaiveResult {
  const { memory } = options;
  const levels = { 8: 3, 9: 4, 10: 5 }[options.satpMode];
  const width = 12 + 9 * levels;
  let reads = 0;
  // "must have bits 63–39 all equal to bit 38, or else a page-fault exception will occur"
  if (BigInt.asUintN(64, BigInt.asIntN(width, va)) !== va) return { kind: 'page-fault', reads };
  const vpn = (i: number) => field(va, 12 + 9 * i + 8, 12 + 9 * i);
  // Step 1
  let a = options.satpPpn * 4096n;
  let i = levels - 1;
  let global = false;
  for (;;) {
    // Step 2
    const address = a + vpn(i) * 8n;
    reads++;
    if (address < BigInt(memory.base) || address + 8n > BigInt(memory.base + memory.size))
      return { kind: 'access-fault', reads };
    const pte = memory.read64(Number(address));
    const bit = (n: number) => field(pte, n, n) === 1n;
    const [v, r, w, x, u, g, accessed, dirty] = [0, 1, 2, 3, 4, 5, 6, 7].map(bit) as boolean[];
    const leaf = r || x;
    // Step 3
    if (!v || (!r && w)) return { kind: 'page-fault', reads };
    if (field(pte, 60, 54) !== 0n) return { kind: 'page-fault', reads };
    const pbmt = field(pte, 62, 61);
    if (pbmt !== 0n && (!options.svpbmt || !leaf || pbmt === 3n)) return { kind: 'page-fault', reads };
    const n = bit(63);
    if (n && (!options.svnapot || !leaf || i !== 0 || field(pte, 13, 10) !== 0b1000n))
      return { kind: 'page-fault', reads };
    global ||= g as boolean;
    // Step 4
    if (!leaf) {
      if (u || accessed || dirty) return { kind: 'page-fault', reads };
      i--;
      if (i < 0) return { kind: 'page-fault', reads };
      a = field(pte, 53, 10) * 4096n;
      continue;
    }
    // Step 5
    for (let j = 0; j < i; j++) if (field(pte, 10 + 9 * j + 8, 10 + 9 * j) !== 0n) return { kind: 'page-fault', reads };
    // Step 6
    if (options.user && !u) return { kind: 'page-fault', reads };
    if (!options.user && u && (options.access === 'fetch' || !options.sum)) return { kind: 'page-fault', reads };
    // Step 8
    const allowed = { fetch: x, load: r || (options.mxr && x), store: w }[options.access];
    if (!allowed) return { kind: 'page-fault', reads };
    // Step 9
    let updated = pte;
    if (!accessed || (options.access === 'store' && !dirty)) {
      if (!options.adue) return { kind: 'page-fault', reads };
      updated |= 1n << 6n;
      if (options.access === 'store') updated |= 1n << 7n;
    }
    // Step 10
    let ppn = field(pte, 53, 10);
    if (n) ppn = (ppn & ~0xfn) | (vpn(0) & 0xfn);
    const lowBits = BigInt(12 + 9 * i);
    const physical =
      (((ppn << 12n) >> lowBits) << lowBits) | (va & ((1n << lowBits) - 1n)) | (n ? (ppn & 0xfn) << 12n : 0n);
    return { kind: 'ok', physical, pte: updated, global, reads };
  }
}
