/**
 * Supervisor software interrupts. Source: RISC-V Advanced Core Local Interruptor Specification, chapter 4 "Supervisor-level
 * Software Interrupt Device (SSWI)": a write of 1 to a hart's word sets its mip.SSIP, which the hart clears itself.
 */
import type { Device } from '@worldswitch/contracts';

/** @param harts sets mip.SSIP, of each hart. */
export function createAclintSswi(harts: readonly (() => void)[]): Device {
  return {
    name: 'aclint-sswi',
    size: 0x4000,
    read: () => 0,
    write(offset, width, value) {
      if (width === 4 && (value & 1) !== 0) harts[offset >> 2]?.();
    },
    reset() {},
    save: () => ({}),
    restore() {},
  };
}
