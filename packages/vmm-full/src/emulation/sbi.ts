import type { Vcpu } from '@worldswitch/contracts';
import { setTimer } from '../virtual-hart/timer.ts';
import { powerOff, refuseReset, type VirtualMachine } from '../virtual-machine.ts';
import { emulateWait } from './emulate-wfi.ts';

/** Error codes (RISC-V SBI Specification 2.0, table 1). */
const SbiError = {
  success: 0,
  failed: -1,
  notSupported: -2,
  invalidParameter: -3,
  alreadyAvailable: -6,
} as const;

/** What a call leaves in a0 and a1; legacy calls leave `value` in a0 alone. */
interface SbiResult {
  readonly error: number;
  readonly value: bigint;
}

interface SbiFunction {
  readonly name: string;
  /** @param a0,a1,a2 arguments; what comes after them no call here looks at. */
  handle(vm: VirtualMachine, a0: bigint, a1: bigint, a2: bigint): SbiResult;
}

interface SbiExtension {
  readonly name: string;
  readonly id: number;
  /** Has one function and returns in a0 alone. */
  readonly isLegacy?: boolean;
  readonly functions: readonly SbiFunction[];
}

const ok: SbiResult = { error: SbiError.success, value: 0n };
const good = (value: bigint): SbiResult => ({ error: SbiError.success, value });
const bad = (error: number): SbiResult => ({ error, value: 0n });

const answer = (name: string, value: bigint): SbiFunction => {
  const result = good(value);
  return { name, handle: () => result };
};
const call = (name: string, handle: SbiFunction['handle']): SbiFunction => ({ name, handle });
const legacy = (id: number, name: string, handle: SbiFunction['handle']): SbiExtension => ({
  name: 'legacy',
  id,
  isLegacy: true,
  functions: [call(name, handle)],
});

/** Major in bits 30:24. */
const SPECIFICATION_VERSION = 2n << 24n;
/** No number is assigned to this implementation; this one is free. */
const IMPLEMENTATION_ID = 0x5753n;
const ALL_ONES = (1n << 64n) - 1n;
const MAX_CONSOLE_BYTES = 4096n;

/** Whether a hart mask selects hart 0, the only one; undefined when it selects others (chapter 3.1). */
function selectsHart(mask: bigint, base: bigint): boolean | undefined {
  if (base === ALL_ONES) return true;
  if (base !== 0n) return mask === 0n ? false : undefined;
  return (mask & ~1n) === 0n ? mask === 1n : undefined;
}

/** A call to harts, of which this guest has one. */
const toHarts = (name: string, action: (vm: VirtualMachine) => void): SbiFunction =>
  call(name, (vm, mask, base) => {
    const isSelected = selectsHart(mask, base);
    if (isSelected === undefined) return bad(SbiError.invalidParameter);
    if (isSelected) action(vm);
    return ok;
  });

const flush = (vm: VirtualMachine) => vm.shadow.fence(undefined, undefined);

function guestBytes(
  vm: VirtualMachine,
  count: bigint,
  low: bigint,
  high: bigint,
): { start: number; length: number } | undefined {
  const length = Number(count < MAX_CONSOLE_BYTES ? count : MAX_CONSOLE_BYTES);
  if (high !== 0n || !vm.ram.contains(Number(low), length)) return undefined;
  return { start: Number(low), length };
}

const setTimerCall = (name: string) =>
  call(name, (vm, deadline) => {
    setTimer(vm, deadline);
    return ok;
  });
const raiseSoftwareInterrupt = (vm: VirtualMachine) => {
  vm.hart.isSoftwarePending = true;
};

/**
 * The virtual firmware: the guest's machine mode. One row an extension (RISC-V SBI Specification 2.0, the chapters in order),
 * functions by their number.
 */
const sbiExtensions: readonly SbiExtension[] = [
  {
    name: 'base',
    id: 0x10,
    functions: [
      answer('get_spec_version', SPECIFICATION_VERSION),
      answer('get_impl_id', IMPLEMENTATION_ID),
      answer('get_impl_version', 1n),
      call('probe_extension', (_vm, id) => good(byId.has(Number(id)) ? 1n : 0n)),
      answer('get_mvendorid', 0n),
      answer('get_marchid', 0n),
      answer('get_mimpid', 0n),
    ],
  },
  { name: 'time', id: 0x5449_4d45, functions: [setTimerCall('set_timer')] },
  { name: 'ipi', id: 0x73_5049, functions: [toHarts('send_ipi', raiseSoftwareInterrupt)] },
  {
    name: 'rfence',
    id: 0x5246_4e43,
    functions: [
      // Translated code follows stores at once, so a fetch fence has nothing to do.
      toHarts('remote_fence_i', () => {}),
      toHarts('remote_sfence_vma', flush),
      toHarts('remote_sfence_vma_asid', flush),
    ],
  },
  {
    name: 'hsm',
    id: 0x48_534d,
    functions: [
      call('hart_start', (_vm, hart) => bad(hart === 0n ? SbiError.alreadyAvailable : SbiError.invalidParameter)),
      call('hart_stop', () => bad(SbiError.failed)),
      call('hart_get_status', (_vm, hart) => (hart === 0n ? ok : bad(SbiError.invalidParameter))),
      call('hart_suspend', (vm, type) => {
        const kind = type & 0xffff_ffffn;
        // The default retentive suspend goes on after the call, once an interrupt is pending.
        if (kind === 0n) {
          emulateWait(vm);
          return ok;
        }
        // Non-retentive and platform-specific types there are none; all others are reserved (same, table 6).
        const isReserved = kind !== 0x8000_0000n && (kind & 0x7fff_ffffn) < 0x1000_0000n;
        return bad(isReserved ? SbiError.invalidParameter : SbiError.notSupported);
      }),
    ],
  },
  {
    name: 'srst',
    id: 0x5352_5354,
    functions: [
      call('system_reset', (vm, type, reason) => {
        if (type === 0n) powerOff(vm, reason === 0n ? 0 : 1);
        else if (type === 1n || type === 2n) refuseReset(vm);
        else return bad(SbiError.invalidParameter);
        return ok;
      }),
    ],
  },
  {
    name: 'dbcn',
    id: 0x4442_434e,
    functions: [
      call('console_write', (vm, count, low, high) => {
        const range = guestBytes(vm, count, low, high);
        if (!range) return bad(SbiError.invalidParameter);
        for (const byte of vm.ram.read(range.start, range.length)) vm.console.put(byte);
        return good(BigInt(range.length));
      }),
      call('console_read', (vm, count, low, high) => {
        const range = guestBytes(vm, count, low, high);
        if (!range) return bad(SbiError.invalidParameter);
        const bytes: number[] = [];
        while (bytes.length < range.length) {
          const byte = vm.uart.take();
          if (byte < 0) break;
          bytes.push(byte);
        }
        vm.ram.write(range.start, Uint8Array.from(bytes));
        return good(BigInt(bytes.length));
      }),
      call('console_write_byte', (vm, byte) => {
        vm.console.put(Number(byte & 0xffn));
        return ok;
      }),
    ],
  },
  { ...legacy(0, 'set_timer', () => ok), functions: [setTimerCall('set_timer')] },
  legacy(1, 'console_putchar', (vm, byte) => {
    vm.console.put(Number(byte & 0xffn));
    return ok;
  }),
  legacy(2, 'console_getchar', (vm) => {
    const byte = vm.uart.take();
    return good(byte < 0 ? ALL_ONES : BigInt(byte));
  }),
  legacy(3, 'clear_ipi', (vm) => {
    const wasPending = vm.hart.isSoftwarePending;
    vm.hart.isSoftwarePending = false;
    return good(wasPending ? 1n : 0n);
  }),
  // The mask of a legacy call lies in memory; on a machine of one hart it can only mean that one.
  legacy(4, 'send_ipi', (vm) => {
    raiseSoftwareInterrupt(vm);
    return ok;
  }),
  legacy(5, 'remote_fence_i', () => ok),
  legacy(6, 'remote_sfence_vma', (vm) => {
    flush(vm);
    return ok;
  }),
  legacy(7, 'remote_sfence_vma_asid', (vm) => {
    flush(vm);
    return ok;
  }),
  legacy(8, 'shutdown', (vm) => {
    powerOff(vm, 0);
    return ok;
  }),
];
const byId = new Map(sbiExtensions.map((extension) => [extension.id, extension]));

const A0 = 10;
const A1 = 11;
const A2 = 12;
const A6 = 16;
const A7 = 17;

function functionCalled(vcpu: Vcpu): { readonly extension: SbiExtension; readonly row: SbiFunction } | undefined {
  const extension = byId.get(Number(vcpu.readX(A7)));
  if (!extension) return undefined;
  const row = extension.functions[extension.isLegacy ? 0 : Number(vcpu.readX(A6))];
  return row && { extension, row };
}

/** `time.set_timer`, for traces. */
export function sbiCallName(vcpu: Vcpu): string {
  const called = functionCalled(vcpu);
  return called
    ? `${called.extension.name}.${called.row.name}`
    : `SBI extension 0x${vcpu.readX(A7).toString(16)}, function ${vcpu.readX(A6)}`;
}

/** The guest kernel's environment call: carries it out and moves the pc past it. */
export function callSbi(vm: VirtualMachine): void {
  const { vcpu } = vm;
  const called = functionCalled(vcpu);
  const result = called
    ? called.row.handle(vm, vcpu.readX(A0), vcpu.readX(A1), vcpu.readX(A2))
    : bad(SbiError.notSupported);
  if (called?.extension.isLegacy) vcpu.writeX(A0, result.value);
  else {
    vcpu.writeXLow(A0, result.error);
    vcpu.writeX(A1, result.value);
  }
  vcpu.pc = BigInt.asUintN(64, vcpu.pc + 4n);
}
