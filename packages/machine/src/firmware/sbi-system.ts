import {
  failure,
  RESUMED,
  SbiError,
  type SbiExtension,
  type SbiFunction,
  type SbiHartState,
  type SbiPlatform,
  success,
} from './sbi-call.ts';

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

/** Hart states (same, table 4). The others pass too quickly to be seen. */
const stateNumber: Readonly<Record<SbiHartState, bigint>> = { started: 0n, stopped: 1n, suspended: 4n };
/** Suspend types (same, table 6): the default ones. */
const SuspendType = { retentive: 0n, nonRetentive: 0x8000_0000n } as const;

const hasHart = (platform: SbiPlatform, hart: bigint) => hart < BigInt(platform.harts);
const isExecutable = (platform: SbiPlatform, address: bigint) => platform.view(address, 2) !== undefined;

/** Hart state management (same, chapter 9). */
export const hsmExtension: SbiExtension = {
  name: 'hsm',
  id: 0x48_534d,
  functions: [
    {
      name: 'hart_start',
      call(platform, [hart = 0n, address = 0n, opaque = 0n]) {
        if (!hasHart(platform, hart)) return failure(SbiError.invalidParameter);
        if (platform.hartState(Number(hart)) !== 'stopped') return failure(SbiError.alreadyAvailable);
        if (!isExecutable(platform, address)) return failure(SbiError.invalidAddress);
        platform.startHart(Number(hart), { address, opaque });
        return success();
      },
    },
    {
      name: 'hart_stop',
      call(platform) {
        platform.stopHart();
        return success();
      },
    },
    {
      name: 'hart_get_status',
      call: (platform, [hart = 0n]) =>
        hasHart(platform, hart)
          ? success(stateNumber[platform.hartState(Number(hart))])
          : failure(SbiError.invalidParameter),
    },
    {
      name: 'hart_suspend',
      call(platform, [type = 0n, address = 0n, opaque = 0n]) {
        const kind = type & 0xffff_ffffn;
        if (kind === SuspendType.nonRetentive) {
          if (!isExecutable(platform, address)) return failure(SbiError.invalidAddress);
          platform.suspendHart({ address, opaque });
          return RESUMED;
        }
        if (kind !== SuspendType.retentive) {
          // Platform-specific types there are none; all others are reserved.
          const isPlatformSpecific = (kind & 0x7fff_ffffn) >= 0x1000_0000n;
          return failure(isPlatformSpecific ? SbiError.notSupported : SbiError.invalidParameter);
        }
        platform.suspendHart(undefined);
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
