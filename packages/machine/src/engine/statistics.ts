/** What an engine did so far. Counts are of this run of the engine alone and decide nothing: a machine runs alike without them. */
export interface EngineStatistics {
  /** Instructions that the interpreter executed, and those that the reference semantics did; all others were compiled. */
  readonly interpreted: number;
  readonly stepped: number;
  /** Translation: modules and regions (functions) made, instructions in them, bytes of WebAssembly. */
  readonly modules: number;
  readonly regions: number;
  readonly instructions: number;
  readonly bytes: number;
  /** Regions that can be entered now, bytes of WebAssembly that are kept, and pages whose decoded instructions are kept. */
  readonly liveRegions: number;
  readonly liveBytes: number;
  readonly decodedPages: number;
  /** Modules given up for others; times that code was thrown away because it was overwritten. */
  readonly evictedModules: number;
  readonly invalidations: number;
  /** How often WebAssembly called TypeScript, by reason. */
  readonly calls: {
    /** Loads and stores that the inline TLB could not do. */
    readonly loads: number;
    readonly stores: number;
    /** Fetches from pages that it did not know. */
    readonly fetches: number;
    /** Instructions for the reference semantics. */
    readonly steps: number;
    /** Places that had been visited often. */
    readonly hot: number;
  };
  /** Milliseconds by the clock handed in; 0 without one. `handlerMs` is that of the calls above, without translation. */
  readonly compileMs: number;
  readonly handlerMs: number;
  readonly runMs: number;
}
