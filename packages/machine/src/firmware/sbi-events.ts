import {
  failure,
  SbiError,
  type SbiExtension,
  type SbiFunction,
  type SbiPlatform,
  selectsHart,
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
        const isSelected = selectsHart(platform, mask, base);
        if (isSelected === undefined) return failure(SbiError.invalidParameter);
        if (isSelected) platform.raiseSoftwareInterrupt();
        return success();
      },
    },
  ],
};

/** More pages than this are flushed all at once. */
const PAGES_ONE_BY_ONE = 64;

const fence = (name: string, hasAsid: boolean): SbiFunction => ({
  name,
  call(platform, [mask = 0n, base = 0n, start = 0n, size = 0n, asid = 0n]) {
    const isSelected = selectsHart(platform, mask, base);
    if (isSelected === undefined) return failure(SbiError.invalidParameter);
    if (!isSelected) return success();
    const space = hasAsid ? Number(asid & 0xffffn) : undefined;
    const first = start >> 12n;
    const pages = ((start + size + 4095n) >> 12n) - first;
    if ((start === 0n && size === 0n) || pages > PAGES_ONE_BY_ONE) platform.fence(space, undefined);
    else for (let page = 0; page < pages; page++) platform.fence(space, Number(first) + page);
    return success();
  },
});

export const rfenceExtension: SbiExtension = {
  name: 'rfence',
  id: 0x5246_4e43,
  functions: [
    // Stores into code are seen at once, so an instruction fence has nothing to do.
    {
      name: 'remote_fence_i',
      call: (platform, [mask = 0n, base = 0n]) =>
        selectsHart(platform, mask, base) === undefined ? failure(SbiError.invalidParameter) : success(),
    },
    fence('remote_sfence_vma', false),
    fence('remote_sfence_vma_asid', true),
  ],
};
