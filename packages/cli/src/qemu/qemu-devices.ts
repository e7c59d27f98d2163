/** Arguments of QEMU that connect devices: -drive, -device, -chardev, -object. */
import { keyValues, onOff } from '../machine-file/key-values.ts';
import type { DeviceDescription, DriveDescription, HvcWiring } from '../machine-file/machine-description.ts';
import { type AskedDevice, lacking, type QemuState, shown, wrong } from './qemu-state.ts';

const SLOTS = 8;
const driveWithoutEffect = ['cache', 'aio', 'index', 'discard', 'detect-zeroes', 'werror', 'rerror', 'bus', 'unit'];

export function addDrive(state: QemuState, text: string): void {
  let file: string | undefined;
  let id: string | undefined;
  let connection = 'virtio';
  let readOnly = false;
  let snapshot = false;
  let overlay: string | undefined;
  for (const option of keyValues(text)) {
    const { key, value } = option;
    const isOn = onOff(value);
    if (key === 'file' && value) file = value;
    else if (key === 'id' && value) id = value;
    else if (key === 'overlay' && value) overlay = value;
    else if (key === 'if') {
      connection = value ?? '';
      if (connection !== 'none' && connection !== 'virtio')
        throw lacking(`-drive if=${connection}`, 'expected none or virtio');
    } else if (key === 'format') {
      if (value !== 'raw')
        throw lacking(`-drive format=${value}`, 'raw images only; convert it: qemu-img convert -O raw');
    } else if (key === 'media') {
      if (value !== 'disk') throw lacking(`-drive media=${value}`, 'expected disk');
    } else if ((key === 'readonly' || key === 'read-only') && isOn !== undefined) readOnly = isOn;
    else if (key === 'snapshot' && isOn !== undefined) snapshot = isOn;
    else if (!driveWithoutEffect.includes(key)) throw wrong('drive', `'${shown(option)}' is not supported`);
  }
  if (file === undefined)
    throw wrong('drive', 'expected file=F, such as -drive file=disk.img,format=raw,if=none,id=x0');
  if (snapshot && overlay !== undefined)
    throw wrong('drive', 'snapshot=on and overlay=FILE both say where changes go; give one');
  const name = id ?? `drive ${state.drives.size}`;
  if (state.drives.has(name)) throw wrong('drive', `two drives have the id '${name}'`);
  state.drives.set(name, { file, readOnly, snapshot, ...(overlay !== undefined && { overlay }) });
  if (connection === 'virtio')
    state.devices.push({ device: { kind: 'drive', drive: name, isReadOnly: false }, slot: undefined });
}

const notBuilt: Readonly<Record<string, string>> = {
  'virtio-net-device': 'network devices are not built yet',
  'virtio-9p-device': 'shared folders are not built yet',
  'virtio-gpu-device': 'there is no display',
  'virtio-keyboard-device': 'there is no display',
};
const deviceWithoutEffect = [
  'id',
  'serial',
  'bootindex',
  'num-queues',
  'logical_block_size',
  'physical_block_size',
  'queue-size',
];

const deviceNames: Readonly<Record<string, 'drive' | 'rng' | 'serial' | 'balloon'>> = {
  'virtio-blk-device': 'drive',
  'virtio-blk': 'drive',
  'virtio-rng-device': 'rng',
  'virtio-rng': 'rng',
  'virtio-serial-device': 'serial',
  'virtio-serial': 'serial',
  'virtio-balloon-device': 'balloon',
  'virtio-balloon': 'balloon',
};

export function addDevice(state: QemuState, text: string): void {
  const [first, ...options] = keyValues(text);
  const name = first?.key ?? '';
  if (name === 'virtconsole') {
    addPort(state, options);
    return;
  }
  const kind = deviceNames[name];
  if (!kind) {
    const hint =
      notBuilt[name] ??
      (name.endsWith('-pci')
        ? `the board has no PCI; use ${name.replace('-pci', '-device')}`
        : 'this command connects virtio-blk-device, virtio-rng-device, virtio-serial-device with virtconsole, and virtio-balloon-device');
    throw lacking(`-device ${name}`, hint);
  }
  let source: string | undefined;
  let id: string | undefined;
  let slot: number | undefined;
  let isReadOnly = false;
  const sourceKey = kind === 'drive' ? 'drive' : kind === 'rng' ? 'rng' : undefined;
  for (const option of options) {
    const { key, value } = option;
    const bus = key === 'bus' ? /^virtio-mmio-bus\.([0-7])$/.exec(value ?? '') : undefined;
    if (key === sourceKey && value) source = value;
    else if (bus) slot = Number(bus[1]);
    else if (key === 'bus') throw wrong('device', `expected bus=virtio-mmio-bus.0 to .7, got '${value}'`);
    else if (key === 'id') id = value;
    else if (kind === 'drive' && key === 'read-only' && onOff(value) !== undefined) isReadOnly = onOff(value) === true;
    else if (!(kind === 'drive' && deviceWithoutEffect.includes(key))) {
      throw wrong('device', `${name}: '${shown(option)}' is not supported`);
    }
  }
  const device = ((): AskedDevice => {
    if (kind === 'balloon') return { kind };
    if (kind === 'rng') return { kind, rng: source };
    if (kind === 'serial') return { kind, id };
    if (source === undefined) throw wrong('device', `${name} needs drive=ID`);
    return { kind, drive: source, isReadOnly };
  })();
  state.devices.push({ device, slot });
}

/** The port of a virtio-serial-device: there is one in each. */
function addPort(state: QemuState, options: readonly ReturnType<typeof keyValues>[number][]): void {
  let chardev: string | undefined;
  let bus: string | undefined;
  for (const option of options) {
    if (option.key === 'chardev' && option.value) chardev = option.value;
    else if (option.key === 'bus' && option.value) bus = option.value;
    else if (option.key !== 'id' && option.key !== 'name')
      throw wrong('device', `virtconsole: '${shown(option)}' is not supported`);
  }
  if (chardev === undefined) throw wrong('device', 'virtconsole needs chardev=ID');
  for (const { device } of state.devices) {
    if (device.kind !== 'serial' || device.chardev !== undefined) continue;
    if (bus !== undefined && device.id !== undefined && bus !== `${device.id}.0`) continue;
    device.chardev = chardev;
    return;
  }
  throw wrong('device', 'virtconsole needs a virtio-serial-device before it, one for each');
}

export function addChardev(state: QemuState, text: string): void {
  const [first, ...options] = keyValues(text);
  const kind = first?.key;
  if (kind !== 'stdio' && kind !== 'file' && kind !== 'null')
    throw lacking(`-chardev ${kind}`, 'expected stdio, file or null');
  let id: string | undefined;
  let path: string | undefined;
  let inputFile: string | undefined;
  let isMultiplexed = false;
  for (const option of options) {
    const { key, value } = option;
    if (key === 'id' && value) id = value;
    else if (kind === 'file' && key === 'path' && value) path = value;
    else if (kind === 'file' && key === 'input-path' && value) inputFile = value;
    else if (kind === 'stdio' && key === 'mux' && onOff(value) !== undefined) isMultiplexed = onOff(value) === true;
    else if (!(kind === 'stdio' && key === 'signal')) throw wrong('chardev', `'${shown(option)}' is not supported`);
  }
  if (id === undefined) throw wrong('chardev', 'expected id=ID');
  if (state.chardevs.has(id)) throw wrong('chardev', `two have the id '${id}'`);
  let output: HvcWiring['output'] = kind === 'stdio' ? 'stdio' : 'none';
  if (kind === 'file') {
    if (path === undefined) throw wrong('chardev', 'file needs path=F');
    output = { file: path };
  }
  state.chardevs.set(id, { output, isMultiplexed, ...(inputFile !== undefined && { inputFile }) });
}

export function addObject(state: QemuState, text: string): void {
  const [first, ...options] = keyValues(text);
  const kind = first?.key;
  if (kind !== 'rng-builtin' && kind !== 'rng-random')
    throw lacking(`-object ${kind}`, 'expected rng-builtin or rng-random');
  let id: string | undefined;
  let file: string | undefined;
  let seed: number | undefined;
  for (const option of options) {
    const { key, value } = option;
    if (key === 'id' && value) id = value;
    else if (kind === 'rng-random' && key === 'filename' && value) file = value;
    else if (kind === 'rng-builtin' && key === 'seed' && /^\d{1,9}$/.test(value ?? '')) seed = Number(value);
    else throw wrong('object', `${kind}: '${shown(option)}' is not supported`);
  }
  if (id === undefined) throw wrong('object', 'expected id=ID');
  if (state.rngs.has(id)) throw wrong('object', `two have the id '${id}'`);
  const source = kind === 'rng-random' ? { file: file ?? '/dev/urandom' } : { ...(seed !== undefined && { seed }) };
  state.rngs.set(id, { kind: 'rng', ...source });
}

interface PlacedDevices {
  readonly drives: readonly (DriveDescription | undefined)[];
  readonly devices?: readonly (DeviceDescription | undefined)[];
  /** Those that no device names. */
  readonly idleDrives: readonly DriveDescription[];
}

/** By slot, the highest first: those that name a slot get it, the others the highest that is free, in their order. */
export function placeDevices(state: QemuState): PlacedDevices {
  const drives: (DriveDescription | undefined)[] = new Array(SLOTS).fill(undefined);
  const devices: (DeviceDescription | undefined)[] = new Array(SLOTS).fill(undefined);
  const used = new Set<string>();
  const isFree = (place: number) => !drives[place] && !devices[place];
  const claim = (id: string, what: string) => {
    if (used.has(`${what} ${id}`)) throw wrong('device', `the ${what} '${id}' is used twice`);
    used.add(`${what} ${id}`);
  };
  const put = ({ device, slot }: QemuState['devices'][number]) => {
    const place = slot === undefined ? drives.findIndex((_, at) => isFree(at)) : SLOTS - 1 - slot;
    if (place < 0) throw wrong('device', `there are ${SLOTS} virtio-mmio slots, all of them taken`);
    if (!isFree(place)) throw wrong('device', `virtio-mmio-bus.${slot} has a device already`);
    if (device.kind === 'drive') {
      const found = state.drives.get(device.drive);
      if (!found) throw wrong('device', `there is no drive '${device.drive}'`);
      claim(device.drive, 'drive');
      const snapshot = found.overlay === undefined && (found.snapshot || state.isSnapshot);
      drives[place] = { ...found, snapshot, readOnly: found.readOnly || device.isReadOnly };
    } else devices[place] = describe(device);
  };
  const describe = (device: Exclude<AskedDevice, { kind: 'drive' }>): DeviceDescription => {
    if (device.kind === 'balloon') return { kind: 'balloon' };
    if (device.kind === 'rng') {
      const source = device.rng === undefined ? { kind: 'rng' as const } : state.rngs.get(device.rng);
      if (!source) throw wrong('device', `there is no object '${device.rng}'`);
      return source;
    }
    if (device.chardev === undefined) return { kind: 'hvc', output: 'none' };
    const found = state.chardevs.get(device.chardev);
    if (!found) throw wrong('device', `there is no chardev '${device.chardev}'`);
    claim(device.chardev, 'chardev');
    const { output, inputFile } = found;
    return { kind: 'hvc', output, ...(inputFile !== undefined && { inputFile }) };
  };
  for (const device of state.devices) if (device.slot !== undefined) put(device);
  for (const device of state.devices) if (device.slot === undefined) put(device);
  const idleDrives = [...state.drives].filter(([id]) => !used.has(`drive ${id}`)).map(([, drive]) => drive);
  return { drives, idleDrives, ...(devices.some((device) => device) && { devices }) };
}
