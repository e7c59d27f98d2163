import {
  failure,
  SbiError,
  type SbiExtension,
  type SbiFunction,
  type SbiPlatform,
  selectHarts,
  success,
} from './sbi-call.ts';

/** Deadlines from here on never come. */
const NEVER = 1n << 53n;

export function setTimer(platform: SbiPlatform, deadline: bigint): void {
  platform.setTimer(deadline >= NEVER ? Number.POSITIVE_INFINITY : Number(deadline));
}

/** TIME, sIPI and RFENCE (RISC-V SBI Specification v2.0, chapters 6, 7 and 8). */
export const timeExtension: SbiExtension = {
  name: 'time',
  id: 0x5449_4d45,
  functions: [
    {
      name: 'set_timer',
      call(platform, [deadline = 0n]) {
        setTimer(platform, deadline);
        return success();
      },
    },
  ],
};

export const ipiExtension: SbiExtension = {
  name: 'ipi',
  id: 0x73_5049,
  functions: [
    {
      name: 'send_ipi',
      call(platform, [mask = 0n, base = 0n]) {
        const harts = selectHarts(platform, mask, base);
        if (!harts) return failure(SbiError.invalidParameter);
        for (const hart of harts) platform.raiseSoftwareInterrupt(hart);
        return success();
      },
    },
  ],
};

/** More pages than this are flushed all at once. */
const PAGES_ONE_BY_ONE = 64;

/** Start and size 0, or more pages than are worth it: everything. */
function fenceRange(
  platform: SbiPlatform,
  harts: readonly number[],
  asid: number | undefined,
  start: bigint,
  size: bigint,
): void {
  const first = start >> 12n;
  const pages = ((start + size + 4095n) >> 12n) - first;
  const isWhole = (start === 0n && size === 0n) || pages > PAGES_ONE_BY_ONE;
  for (const hart of harts) {
    if (isWhole) platform.fence(hart, asid, undefined);
    else for (let page = 0; page < pages; page++) platform.fence(hart, asid, Number(first) + page);
  }
}

const fence = (name: string, hasAsid: boolean): SbiFunction => ({
  name,
  call(platform, [mask = 0n, base = 0n, start = 0n, size = 0n, asid = 0n]) {
    const harts = selectHarts(platform, mask, base);
    if (!harts) return failure(SbiError.invalidParameter);
    fenceRange(platform, harts, hasAsid ? Number(asid & 0xffffn) : undefined, start, size);
    return success();
  },
});

export const rfenceExtension: SbiExtension = {
  name: 'rfence',
  id: 0x5246_4e43,
  functions: [
    // Stores into code are seen at once by all harts, so an instruction fence has nothing to do.
    {
      name: 'remote_fence_i',
      call: (platform, [mask = 0n, base = 0n]) =>
        selectHarts(platform, mask, base) ? success() : failure(SbiError.invalidParameter),
    },
    fence('remote_sfence_vma', false),
    fence('remote_sfence_vma_asid', true),
  ],
};
