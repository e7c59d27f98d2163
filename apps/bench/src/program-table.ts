/** A program of programs/NAME.c: how much work it is given, and what its checksum is then. */
export interface BenchProgram {
  /** File name without its ending, in programs/ and images/. */
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  /** Size for the measurement: about 0.1 s as a native process. */
  readonly n: number;
  /** 16 hexadecimal digits. */
  readonly checksum: string;
  /** A size that takes a moment everywhere, for checks. */
  readonly quick: { readonly n: number; readonly checksum: string };
}

export const benchPrograms: readonly BenchProgram[] = [
  {
    name: 'crc32',
    title: 'CRC-32',
    n: 800,
    checksum: '00000000614efacb',
    quick: { n: 4, checksum: '00000000ac16defe' },
  },
  {
    name: 'quicksort',
    title: 'quicksort',
    n: 8,
    checksum: '0fd0bef863abc24d',
    quick: { n: 1, checksum: 'cae498134b2f0e91' },
  },
  {
    name: 'matrix',
    title: 'integer matrix product',
    n: 30,
    checksum: '14331ec02b25c5ca',
    quick: { n: 1, checksum: 'aea1df760424b6c5' },
  },
  {
    name: 'pointer-chase',
    title: 'pointer chase, 16 MiB',
    n: 16,
    checksum: '23a832ed37476465',
    quick: { n: 1, checksum: '9463bd4c5820b7df' },
  },
  {
    name: 'memory-copy',
    title: 'memory copy, 16 MiB',
    n: 120,
    checksum: '108e1c87598dbb25',
    quick: { n: 1, checksum: 'af63bd4c8601b7df' },
  },
  {
    name: 'fib',
    title: 'recursive fib(39)',
    n: 39,
    checksum: '0000000003c50ea2',
    quick: { n: 18, checksum: '0000000000000a18' },
  },
  {
    name: 'interpreter',
    title: 'bytecode interpreter (switch)',
    n: 100,
    checksum: '2049b3035fc29808',
    quick: { n: 2, checksum: '577cc218a05a3720' },
  },
  {
    name: 'nbody',
    title: 'n-body, double',
    n: 2000,
    checksum: 'd041e29ee4da252c',
    quick: { n: 4, checksum: '52588f36dd1aa849' },
  },
  {
    name: 'mandelbrot',
    title: 'Mandelbrot, double',
    n: 800,
    checksum: '6597937f02aa0767',
    quick: { n: 40, checksum: 'cc0521f1afd1f120' },
  },
];
