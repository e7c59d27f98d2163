import { failure, SbiError, type SbiExtension, type SbiFunction, success } from './sbi-call.ts';

/** Version 2.0 of the specification: major in bits 30:24. */
const SPECIFICATION_VERSION = 2n << 24n;
/** No number is assigned to this implementation; this one is free. */
const IMPLEMENTATION_ID = 0x5753n;
const IMPLEMENTATION_VERSION = 1n;

const answer = (name: string, value: bigint): SbiFunction => ({ name, call: () => success(value) });

/** Base extension (RISC-V SBI Specification v2.0, chapter 4). `probe` says whether an extension is there. */
export function baseExtension(hasExtension: (id: number) => boolean): SbiExtension {
  return {
    name: 'base',
    id: 0x10,
    functions: [
      answer('get_spec_version', SPECIFICATION_VERSION),
      answer('get_impl_id', IMPLEMENTATION_ID),
      answer('get_impl_version', IMPLEMENTATION_VERSION),
      { name: 'probe_extension', call: (_platform, [id = 0n]) => success(hasExtension(Number(id)) ? 1n : 0n) },
      answer('get_mvendorid', 0n),
      answer('get_marchid', 0n),
      answer('get_mimpid', 0n),
    ],
  };
}

const HART_STARTED = 0n;

/** Hart state management (same, chapter 9) for a machine of one hart: it is started, and cannot stop. */
export const hsmExtension: SbiExtension = {
  name: 'hsm',
  id: 0x48_534d,
  functions: [
    {
      name: 'hart_start',
      call: (platform, [hart = 0n]) =>
        failure(hart === BigInt(platform.hartId) ? SbiError.alreadyAvailable : SbiError.invalidParameter),
    },
    { name: 'hart_stop', call: () => failure(SbiError.failed) },
    {
      name: 'hart_get_status',
      call: (platform, [hart = 0n]) =>
        hart === BigInt(platform.hartId) ? success(HART_STARTED) : failure(SbiError.invalidParameter),
    },
    {
      name: 'hart_suspend',
      call(platform, [type = 0n]) {
        // Default retentive suspend: goes on after the call once an interrupt is pending.
        if (type !== 0n) return failure(SbiError.notSupported);
        platform.suspend();
        return success();
      },
    },
  ],
};

/** System reset (same, chapter 10). A shutdown because of a failure gives exit code 1. */
export const resetExtension: SbiExtension = {
  name: 'srst',
  id: 0x5352_5354,
  functions: [
    {
      name: 'system_reset',
      call(platform, [type = 0n, reason = 0n]) {
        if (type === 0n) platform.powerOff(reason === 0n ? 0 : 1);
        else if (type === 1n || type === 2n) platform.reboot();
        else return failure(SbiError.invalidParameter);
        return success();
      },
    },
  ],
};
