import type { PhysicalMemory } from '@worldswitch/contracts';
import { PTES_PER_TABLE, PteFlag, pteHigh, pteLow } from '@worldswitch/mmu-tlb';
import { VmmParaError } from '../para-error.ts';
import type { KernelImage } from './kernel-image.ts';
import { SHARED_INFO_ADDRESS } from './shared-info.ts';
import { COMMAND_LINE_BYTES, writeStartInfo } from './start-info.ts';

export interface DomainPlan {
  readonly memory: PhysicalMemory;
  /** The domain's extent, zeroed. */
  readonly firstFrame: number;
  readonly frameCount: number;
  readonly kernel: KernelImage;
  readonly initrd: Uint8Array;
  readonly commandLine: string;
  readonly timeFrequency: number;
}

/** What a domain starts with. Frame numbers are indices in the domain. */
export interface BuiltDomain {
  readonly rootFrame: number;
  readonly sharedInfoFrame: number;
  /** Virtual address of the start-info page: a0 at entry. */
  readonly startInfo: bigint;
  readonly entry: bigint;
  /** Machine addresses of the initrd; undefined without one. */
  readonly initrd: { readonly start: number; readonly end: number } | undefined;
}

const PAGE = 4096;
const leafFlags = PteFlag.valid | PteFlag.read | PteFlag.user | PteFlag.accessed | PteFlag.dirty;

/** Frames 0, 1, 2: start info, shared info, root. Then the tables below it; the kernel must leave room for them. */
const START_INFO_FRAME = 0;
const SHARED_INFO_FRAME = 1;
const ROOT_FRAME = 2;
/** Level-2 and level-1 table of the last page, which is the shared info's place. */
const TOP_MIDDLE_FRAME = 3;
const TOP_LEAF_FRAME = 4;
const FIRST_LEAF_FRAME = 5;

/**
 * Lays out a domain in its frames: kernel, initrd, start info, and the page tables that it is entered with. They map the
 * whole extent at the kernel's virtual base: code read-only and executable, tables read-only, the rest writable.
 * @throws VmmParaError when the memory is too small for all that.
 */
export function buildDomain(plan: DomainPlan): BuiltDomain {
  const { memory, firstFrame, frameCount, kernel } = plan;
  const base = firstFrame * PAGE;
  const leafTables = Math.ceil(frameCount / PTES_PER_TABLE);
  const firstRootEntry = Number(BigInt.asUintN(39, kernel.virtualBase) >> 30n);
  const firstMiddleEntry = Number(BigInt.asUintN(30, kernel.virtualBase) >> 21n);
  const middleTables = Math.ceil((firstMiddleEntry + leafTables) / PTES_PER_TABLE);
  if (firstRootEntry + middleTables > PTES_PER_TABLE - 1) {
    throw new VmmParaError('the guest kernel wants its memory where the shared-info page has its place');
  }
  const firstMiddleFrame = FIRST_LEAF_FRAME + leafTables;
  const tablesEnd = firstMiddleFrame + middleTables;
  const kernelStart = Math.min(...kernel.segments.map((segment) => segment.offset));
  const kernelEnd = Math.max(...kernel.segments.map((segment) => segment.offset + segment.memorySize));
  if (kernelStart < tablesEnd * PAGE) {
    throw new VmmParaError(
      `the guest kernel leaves 0x${kernelStart.toString(16)} bytes below itself; page tables for this much memory need 0x${(tablesEnd * PAGE).toString(16)}`,
    );
  }
  const initrdOffset = Math.floor((frameCount * PAGE - plan.initrd.length) / PAGE) * PAGE;
  if (initrdOffset < kernelEnd) {
    throw new VmmParaError(`a domain of ${frameCount * PAGE} bytes cannot hold the guest kernel and its initrd`);
  }

  for (const segment of kernel.segments) memory.write(base + segment.offset, segment.data);
  memory.write(base + initrdOffset, plan.initrd);

  const write = (table: number, entry: number, targetFrame: number, flags: number) => {
    const address = base + table * PAGE + entry * 8;
    memory.write32(address, pteLow(firstFrame + targetFrame, flags) >>> 0);
    memory.write32(address + 4, pteHigh(firstFrame + targetFrame));
  };
  for (let i = 0; i < middleTables; i++) write(ROOT_FRAME, firstRootEntry + i, firstMiddleFrame + i, PteFlag.valid);
  for (let i = 0; i < leafTables; i++) {
    const entry = firstMiddleEntry + i;
    const table = firstMiddleFrame + Math.floor(entry / PTES_PER_TABLE);
    write(table, entry % PTES_PER_TABLE, FIRST_LEAF_FRAME + i, PteFlag.valid);
  }
  for (let frame = 0; frame < frameCount; frame++) {
    const isTable = frame >= ROOT_FRAME && frame < tablesEnd;
    const rights = isTable ? 0 : rightsOf(kernel, frame);
    write(FIRST_LEAF_FRAME + Math.floor(frame / PTES_PER_TABLE), frame % PTES_PER_TABLE, frame, leafFlags | rights);
  }
  write(ROOT_FRAME, PTES_PER_TABLE - 1, TOP_MIDDLE_FRAME, PteFlag.valid);
  write(TOP_MIDDLE_FRAME, PTES_PER_TABLE - 1, TOP_LEAF_FRAME, PteFlag.valid);
  write(TOP_LEAF_FRAME, PTES_PER_TABLE - 1, SHARED_INFO_FRAME, leafFlags | PteFlag.write);

  const virtual = (offset: number) => kernel.virtualBase + BigInt(offset);
  writeStartInfo(memory, base + START_INFO_FRAME * PAGE, {
    frameCount,
    firstFrame,
    virtualBase: kernel.virtualBase,
    sharedInfo: SHARED_INFO_ADDRESS,
    rootFrame: firstFrame + ROOT_FRAME,
    directMapTable: virtual(FIRST_LEAF_FRAME * PAGE),
    initrd: plan.initrd.length === 0 ? 0n : virtual(initrdOffset),
    initrdSize: plan.initrd.length,
    timeFrequency: plan.timeFrequency,
    commandLine: encodeCommandLine(plan.commandLine),
  });
  return {
    rootFrame: ROOT_FRAME,
    sharedInfoFrame: SHARED_INFO_FRAME,
    startInfo: virtual(START_INFO_FRAME * PAGE),
    entry: kernel.entry,
    initrd:
      plan.initrd.length === 0
        ? undefined
        : { start: base + initrdOffset, end: base + initrdOffset + plan.initrd.length },
  };
}

function rightsOf(kernel: KernelImage, frame: number): number {
  const segment = kernel.segments.find(
    ({ offset, memorySize }) => frame * PAGE < offset + memorySize && (frame + 1) * PAGE > offset,
  );
  if (segment === undefined) return PteFlag.write;
  return (segment.isWritable ? PteFlag.write : 0) | (segment.isExecutable ? PteFlag.execute : 0);
}

function encodeCommandLine(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length >= COMMAND_LINE_BYTES) {
    throw new VmmParaError(`the command line has ${bytes.length} bytes; ${COMMAND_LINE_BYTES - 1} is the most`);
  }
  return bytes;
}
