/**
 * Virtio over MMIO, modern interface. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 4.2 "Virtio Over MMIO", table 4.1.
 */
import type { Device, DmaMemory, InterruptLine, SavedState } from '@worldswitch/contracts';
import type { MachineRecorder } from '../snapshot/recorder.ts';
import { VirtQueue, type VirtQueueState } from './virtio-queue.ts';

/** Registers (same). */
const Register = {
  magicValue: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSel: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSel: 0x024,
  queueSel: 0x030,
  queueNumMax: 0x034,
  queueNum: 0x038,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAck: 0x064,
  status: 0x070,
  queueDescLow: 0x080,
  queueDescHigh: 0x084,
  queueDriverLow: 0x090,
  queueDriverHigh: 0x094,
  queueDeviceLow: 0x0a0,
  queueDeviceHigh: 0x0a4,
  configGeneration: 0x0fc,
  config: 0x100,
} as const;
const MAGIC = 0x7472_6976;
const VERSION = 2;
/** QEMU's: small kernels look for it before they take the device. */
const VENDOR = 0x554d_4551;
/** Device status bits (same, section 2.1). */
const Status = { DRIVER_OK: 4, DEVICE_NEEDS_RESET: 64 } as const;
/** Bit 32: a device of the modern interface. */
const VIRTIO_F_VERSION_1_HIGH = 1;
/** Bits of InterruptStatus. */
const USED_BUFFER_INTERRUPT = 1;
const CONFIGURATION_INTERRUPT = 2;
const QUEUE_SIZE_MAX = 256;

/** What a device reaches its driver by when something happens on the host's side: a frame comes in, a size changes. */
export interface VirtioTransport {
  /** By index. Requests are taken from a queue and given back to it as in `notify`; then `used` tells the driver. */
  readonly queues: readonly VirtQueue[];
  /** Requests were given back in this queue outside of `notify`. */
  used(index: number): void;
  /** `configuration` changed. */
  configurationChanged(): void;
  /** Something from outside of the machine changed what the device does next: recordings of the run must know. */
  outside(): void;
  /** The run is one that is repeated: what leaves the machine has left it before. */
  readonly isReplaying: boolean;
}

/** What stands behind a transport: a device type. */
export interface VirtioDevice {
  readonly name: string;
  /** Same, section 5. */
  readonly deviceId: number;
  /** Feature bits 0 to 31. */
  readonly features: number;
  readonly queues: number;
  /** Device configuration, at offset 0x100. */
  readonly configuration: Uint8Array;
  /** The driver put something into a queue. Returns true when something was used up. */
  notify(queue: VirtQueue, index: number): boolean;
  /** The device was put behind a transport: called once, before anything else. */
  attach?(transport: VirtioTransport): void;
  /** The driver wrote to the configuration, which most devices do not allow: then it is ignored. */
  writeConfiguration?(offset: number, width: 1 | 2 | 4, value: number): void;
  reset(): void;
  /** State beyond transport and queues; `{}` for none. A machine with a device that lacks it and `restore` cannot be saved. */
  save?(): SavedState;
  /** Throws an Error when the device differs from the one that was saved, as a disk of another size does. */
  restore?(state: SavedState): void;
  /** False for a device that gives the guest what cannot be repeated. */
  readonly isRepeatable?: boolean;
  /**
   * For devices that change something outside of the machine, such as a disk: from now on each change hands over how to undo it,
   * with the bytes that this keeps in memory. `undefined` ends that.
   */
  recordChanges?(record: ((undo: () => void, bytes: number) => void) | undefined): void;
}

export type VirtioMmioState = {
  readonly featureWord: number;
  readonly selected: number;
  readonly status: number;
  readonly interruptStatus: number;
  readonly generation: number;
  readonly queues: readonly VirtQueueState[];
  /** Of the device type. */
  readonly device: SavedState;
};

export interface VirtioMmioOptions {
  /** Absent: an empty slot, whose device ID is 0. */
  readonly device: VirtioDevice | undefined;
  readonly memory: DmaMemory;
  readonly interrupt: InterruptLine;
  /** What records or repeats the machine's run, if anything does. */
  readonly recorder?: (() => MachineRecorder | undefined) | undefined;
}

export function createVirtioMmio({ device, memory, interrupt, recorder }: VirtioMmioOptions): Device {
  const queues = Array.from({ length: device?.queues ?? 0 }, () => new VirtQueue(memory, QUEUE_SIZE_MAX));
  let featureWord = 0;
  let selected = 0;
  let status = 0;
  let interruptStatus = 0;
  let generation = 0;

  const setInterrupt = (bits: number) => {
    interruptStatus = bits;
    interrupt.set(bits !== 0);
  };
  const reset = () => {
    featureWord = selected = status = 0;
    for (const queue of queues) queue.reset();
    device?.reset();
    setInterrupt(0);
  };
  const notify = (index: number) => {
    const queue = queues[index];
    if (!device || !queue?.isReady) return;
    const isUsed = device.notify(queue, index);
    afterUse(queue, isUsed);
  };
  const afterUse = (queue: VirtQueue, isUsed: boolean) => {
    if (queue.isBroken) status |= Status.DEVICE_NEEDS_RESET;
    if (isUsed && queue.wantsInterrupt()) setInterrupt(interruptStatus | USED_BUFFER_INTERRUPT);
  };
  device?.attach?.({
    queues,
    used(index) {
      const queue = queues[index];
      if (queue?.isReady) afterUse(queue, true);
    },
    configurationChanged() {
      generation = (generation + 1) >>> 0;
      if ((status & Status.DRIVER_OK) !== 0) setInterrupt(interruptStatus | CONFIGURATION_INTERRUPT);
      recorder?.()?.wentAstray();
    },
    outside: () => recorder?.()?.wentAstray(),
    get isReplaying() {
      return recorder?.()?.isReplaying ?? false;
    },
  });
  const readConfiguration = (offset: number, width: number): number => {
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + (device?.configuration[offset + i] ?? 0);
    return value;
  };

  const isSaveable = !device || (device.save !== undefined && device.restore !== undefined);
  const save = (): VirtioMmioState => ({
    ...{ featureWord, selected, status, interruptStatus, generation },
    ...{ queues: queues.map((queue) => queue.save()), device: device?.save?.() ?? {} },
  });
  const restore = (saved: SavedState) => {
    const state = saved as VirtioMmioState;
    device?.restore?.(state.device);
    ({ featureWord, selected, status, interruptStatus, generation } = state);
    for (const [index, queue] of queues.entries()) queue.restore(state.queues[index]!);
  };

  return {
    name: `virtio-mmio ${device?.name ?? '(empty)'}`,
    size: 0x1000,
    read(offset, width) {
      if (offset >= Register.config) return readConfiguration(offset - Register.config, width);
      if (width !== 4) return 0;
      switch (offset) {
        case Register.magicValue:
          return MAGIC;
        case Register.version:
          return VERSION;
        case Register.deviceId:
          return device?.deviceId ?? 0;
        case Register.vendorId:
          return VENDOR;
        case Register.deviceFeatures:
          if (featureWord === 0) return (device?.features ?? 0) >>> 0;
          return featureWord === 1 && device ? VIRTIO_F_VERSION_1_HIGH : 0;
        case Register.queueNumMax:
          return queues[selected] ? QUEUE_SIZE_MAX : 0;
        case Register.queueReady:
          return queues[selected]?.isReady ? 1 : 0;
        case Register.interruptStatus:
          return interruptStatus;
        case Register.configGeneration:
          return generation;
        case Register.status:
          return status;
        default:
          return 0;
      }
    },
    write(offset, width, value) {
      if (offset >= Register.config) {
        device?.writeConfiguration?.(offset - Register.config, width, value);
        return;
      }
      if (width !== 4) return;
      const queue = queues[selected];
      switch (offset) {
        case Register.deviceFeaturesSel:
          featureWord = value;
          return;
        case Register.driverFeaturesSel:
        case Register.driverFeatures:
          // What the driver accepts changes nothing here. One that does not accept the modern interface by name, as teaching
          // kernels do not, is served all the same, as QEMU serves it.
          return;
        case Register.queueSel:
          selected = value;
          return;
        case Register.queueNum:
          queue?.setSize(value);
          return;
        case Register.queueReady:
          queue?.setReady((value & 1) !== 0);
          return;
        case Register.queueNotify:
          return notify(value);
        case Register.interruptAck:
          return setInterrupt(interruptStatus & ~value);
        case Register.status:
          if (value === 0) reset();
          else status = (value & 0xff) | (status & Status.DEVICE_NEEDS_RESET);
          return;
        case Register.queueDescLow:
          queue?.setAddress('descriptors', value, undefined);
          return;
        case Register.queueDescHigh:
          queue?.setAddress('descriptors', undefined, value);
          return;
        case Register.queueDriverLow:
          queue?.setAddress('available', value, undefined);
          return;
        case Register.queueDriverHigh:
          queue?.setAddress('available', undefined, value);
          return;
        case Register.queueDeviceLow:
          queue?.setAddress('used', value, undefined);
          return;
        case Register.queueDeviceHigh:
          queue?.setAddress('used', undefined, value);
          return;
      }
    },
    reset,
    ...(isSaveable && { save, restore }),
  };
}
