import type { Device } from '@worldswitch/contracts';

/** The SiFive test finisher of QEMU's `virt` board (hw/misc/sifive_test.c): the guest's way to switch its machine off. */
const FAIL = 0x3333;
const PASS = 0x5555;
const RESET = 0x7777;

export interface PowerControl {
  powerOff(exitCode: number): void;
  reset(): void;
}

export function createTestDevice(power: PowerControl): Device {
  return {
    name: 'test-device',
    size: 0x1000,
    read: () => 0,
    write(offset, _width, value) {
      if (offset !== 0) return;
      switch (value & 0xffff) {
        case PASS:
          power.powerOff(0);
          break;
        case FAIL:
          power.powerOff(value >>> 16);
          break;
        case RESET:
          power.reset();
          break;
      }
    },
    reset() {},
  };
}
