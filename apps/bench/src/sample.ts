/** CPU seconds of one run. */
export interface Sample {
  /** Of a process that does no work. */
  readonly startUp: number;
  /** What one that does it takes more. */
  readonly work: number;
}

/** What it took to boot to the first process. */
export interface BootSample {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakBytes: number;
  /** Retired; of our machine only. */
  readonly instructions?: number;
}
