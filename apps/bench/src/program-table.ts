/** A program of programs/NAME.c: how much work it is given, and what its checksum is then. */
export interface BenchProgram {
  /** File name without its ending, in programs/ and images/. */
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  /** Size for the measurement: about 0.2 s as a native process. */
  readonly n: number;
  /** 16 hexadecimal digits. */
  readonly checksum: string;
  /** A size that takes a moment everywhere, for checks. */
  readonly quick: { readonly n: number; readonly checksum: string };
  /** It waits for the computer's memory most of the time: what else runs there makes it several times slower, however good its code is. */
  readonly waitsForMemory?: true;
}

export const benchPrograms: readonly BenchProgram[] = [
  {
    name: 'crc32',
    title: 'CRC-32',
    n: 2000,
    checksum: '0000000030ac7700',
    quick: { n: 4, checksum: '00000000ac16defe' },
  },
  {
    name: 'quicksort',
    title: 'quicksort',
    n: 20,
    checksum: 'de48fc402ce433e2',
    quick: { n: 1, checksum: 'cae498134b2f0e91' },
  },
  {
    name: 'matrix',
    title: 'integer matrix product',
    n: 75,
    checksum: '431b9b44a9a159f7',
    quick: { n: 1, checksum: 'aea1df760424b6c5' },
  },
  {
    name: 'pointer-chase',
    title: 'pointer chase, 16 MiB',
    n: 40,
    checksum: '3e7d54715a6c5c45',
    quick: { n: 1, checksum: '9463bd4c5820b7df' },
    waitsForMemory: true,
  },
  {
    name: 'memory-copy',
    title: 'memory copy, 16 MiB',
    n: 240,
    checksum: 'e01b3df1536d6865',
    quick: { n: 1, checksum: 'af63bd4c8601b7df' },
  },
  {
    name: 'fib',
    title: 'recursive fib(41)',
    n: 41,
    checksum: '0000000009de8d6d',
    quick: { n: 18, checksum: '0000000000000a18' },
  },
  {
    name: 'interpreter',
    title: 'bytecode interpreter (switch)',
    n: 250,
    checksum: '7f1a39e1151b6a37',
    quick: { n: 2, checksum: '577cc218a05a3720' },
  },
  {
    name: 'nbody',
    title: 'n-body, double',
    n: 5000,
    checksum: '97aa2f4a721cd4b8',
    quick: { n: 4, checksum: '52588f36dd1aa849' },
  },
  {
    name: 'mandelbrot',
    title: 'Mandelbrot, double',
    n: 1250,
    checksum: '41ca358aac48c68a',
    quick: { n: 40, checksum: 'cc0521f1afd1f120' },
  },
];
