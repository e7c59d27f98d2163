import type { PhysicalMemory } from '@worldswitch/contracts';

/** Where the start-info page has what: byte offsets. All are u64 but the command line. */
export const StartInfoOffset = {
  magic: 0x00,
  /** Frames of the domain's memory: one extent. */
  frameCount: 0x08,
  /** Machine frame number of its first. */
  firstFrame: 0x10,
  /** Virtual address of its first frame: the whole extent is mapped from there. */
  virtualBase: 0x18,
  /** Virtual address of the shared-info page. */
  sharedInfo: 0x20,
  /** Machine frame number of the root that is in force at entry. */
  rootFrame: 0x28,
  /** Virtual address of the level-1 tables that map the extent: entry i maps frame i, read-only to the guest. */
  directMapTable: 0x30,
  /** Virtual address and bytes; 0 and 0 when there is none. */
  initrd: 0x38,
  initrdSize: 0x40,
  /** Ticks of the `time` CSR a second. */
  timeFrequency: 0x48,
  /** 1: the console is console_io and its virtual interrupt. */
  console: 0x50,
  /** Zero-terminated. */
  commandLine: 0x400,
} as const;

export const START_INFO_MAGIC = 'WSPARA01';
/** Bytes of the command line, its final zero included. */
export const COMMAND_LINE_BYTES = 1024;

export interface StartInfo {
  readonly frameCount: number;
  readonly firstFrame: number;
  readonly virtualBase: bigint;
  readonly sharedInfo: bigint;
  readonly rootFrame: number;
  readonly directMapTable: bigint;
  readonly initrd: bigint;
  readonly initrdSize: number;
  readonly timeFrequency: number;
  readonly commandLine: Uint8Array;
}

/** Fills the page at a machine address. */
export function writeStartInfo(memory: PhysicalMemory, page: number, info: StartInfo): void {
  const put = (offset: number, value: number | bigint) => memory.write64(page + offset, BigInt(value));
  memory.write(page + StartInfoOffset.magic, new TextEncoder().encode(START_INFO_MAGIC));
  put(StartInfoOffset.frameCount, info.frameCount);
  put(StartInfoOffset.firstFrame, info.firstFrame);
  put(StartInfoOffset.virtualBase, info.virtualBase);
  put(StartInfoOffset.sharedInfo, info.sharedInfo);
  put(StartInfoOffset.rootFrame, info.rootFrame);
  put(StartInfoOffset.directMapTable, info.directMapTable);
  put(StartInfoOffset.initrd, info.initrd);
  put(StartInfoOffset.initrdSize, info.initrdSize);
  put(StartInfoOffset.timeFrequency, info.timeFrequency);
  put(StartInfoOffset.console, 1);
  memory.write(page + StartInfoOffset.commandLine, info.commandLine);
}
