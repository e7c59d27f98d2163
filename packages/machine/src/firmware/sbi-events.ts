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

/** VMIDs have 14 bits. */
const MAX_VMID = 0x3fff;
/** Virtual page numbers have 52 bits. */
const PAGES = 2n ** 52n;

/** Flushes each page of a range, or all: start and size 0, a range that wraps around, or more pages than are worth it. */
function fenceRange(start: bigint, size: bigint, fencePage: (page: number | undefined) => void): void {
  const first = start >> 12n;
  const pages = ((start + size + 4095n) >> 12n) - first;
  const isWhole = (start === 0n && size === 0n) || pages > PAGES_ONE_BY_ONE || first + pages > PAGES;
  if (isWhole) fencePage(undefined);
  else for (let page = 0; page < pages; page++) fencePage(Number(first) + page);
}

/** A fence of the harts that the call selects; `id` is its last argument, an ASID or a VMID. */
const fence = (
  name: string,
  carryOut: (platform: SbiPlatform, hart: number, page: number | undefined, id: number) => void,
): SbiFunction => ({
  name,
  call(platform, [mask = 0n, base = 0n, start = 0n, size = 0n, id = 0n]) {
    const harts = selectHarts(platform, mask, base);
    if (!harts) return failure(SbiError.invalidParameter);
    fenceRange(start, size, (page) => {
      for (const hart of harts) carryOut(platform, hart, page, Number(id & 0xffffn));
    });
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
    fence('remote_sfence_vma', (platform, hart, page) => platform.fence(hart, undefined, page)),
    fence('remote_sfence_vma_asid', (platform, hart, page, asid) => platform.fence(hart, asid, page)),
    // Translations are not held by guest physical address, so these forget all of a virtual machine, or of every one.
    fence('remote_hfence_gvma_vmid', (platform, hart, _page, vmid) => platform.fenceGuest(hart, vmid & MAX_VMID)),
    fence('remote_hfence_gvma', (platform, hart) => platform.fenceGuest(hart, undefined)),
    fence('remote_hfence_vvma_asid', (platform, hart, page, asid) =>
      platform.fenceGuest(hart, platform.vmid, asid, page),
    ),
    fence('remote_hfence_vvma', (platform, hart, page) => platform.fenceGuest(hart, platform.vmid, undefined, page)),
  ],
};
