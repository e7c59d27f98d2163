/**
 * SiFive test finisher: one write ends the machine. Source: SiFive "sifive,test0" as in QEMU hw/misc/sifive_test.c (documented in
 * "virt Generic Virtual Platform"): bits 15:0 say how, bits 31:16 are the exit code of a failure.
 */
import type { Device } from '@worldswitch/contracts';

const TestCommand = { fail: 0x3333, pass: 0x5555, reset: 0x7777 } as const;

/** What the guest asked for. */
export interface PowerRequest {
  readonly kind: 'poweroff' | 'reset';
  /** 0 for a pass; the guest's code, 0 to 65535, for a failure. */
  readonly exitCode: number;
}

/**
 * The test device that switches a machine off (QEMU documentation, "virt Generic Virtual Platform").
 * @param request called at each write that asks for something.
 */
export function createSysconTest(request: (power: PowerRequest) => void): Device {
  return {
    name: 'syscon-test',
    size: 0x1000,
    read: () => 0,
    write(offset, width, value) {
      if (offset !== 0 || width < 2) return;
      switch (value & 0xffff) {
        case TestCommand.fail:
          return request({ kind: 'poweroff', exitCode: value >>> 16 });
        case TestCommand.pass:
          return request({ kind: 'poweroff', exitCode: 0 });
        case TestCommand.reset:
          return request({ kind: 'reset', exitCode: 0 });
      }
    },
    reset() {},
    save: () => ({}),
    restore() {},
  };
}
