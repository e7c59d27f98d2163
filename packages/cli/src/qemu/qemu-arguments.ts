/** The arguments of qemu-system-riscv64 (QEMU 9.2 documentation, "Invocation") as a table: what each one means here, or why not. */
import { parseListenAddress } from '@worldswitch/debugger';
import { keyValues, onOff } from '../machine-file/key-values.ts';
import { HARTS_MAX, memoryRule, parseMemory, parseStartTime } from '../machine-file/machine-description.ts';
import { addChardev, addDevice, addDrive, addObject } from './qemu-devices.ts';
import { lacking, type QemuState, shown, wrong } from './qemu-state.ts';

export interface QemuArgument {
  readonly names: readonly string[];
  /** What the value looks like; absent when the argument has none. */
  readonly value?: string;
  /** `yes`; `no effect`: taken, and nothing follows from it; `no`: rejected. */
  readonly support: 'yes' | 'no effect' | 'no';
  /** One line: what it does here, or why it is rejected and what to do instead. */
  readonly note: string;
  apply?(state: QemuState, value: string): void;
}

/** What QEMU's CPU model rv64 has that this machine has too, and what it can be told not to have. */
const cpuOn = 'g i m a f d c s u zicsr zifencei zba zbb zbc zbs sstc svadu mmu pmp sv39 sv48 sv57'.split(' ');
const cpuOff = 'v rve'.split(' ');

export const qemuArguments: readonly QemuArgument[] = [
  {
    names: ['machine', 'M'],
    value: 'virt',
    support: 'yes',
    note: 'the only machine; aclint=on|off and acpi=off may follow',
    apply(state, value) {
      const [first, ...options] = keyValues(value);
      const name = first?.key === 'type' ? first.value : first?.key;
      if (name !== 'virt') throw wrong('machine', `there is only 'virt', not '${name}'`);
      for (const option of options) {
        if (option.key === 'aclint' && onOff(option.value) !== undefined) {
          state.aclint = onOff(option.value) === true;
          continue;
        }
        const isOff = onOff(option.value) === false;
        const isKnown = ['acpi', 'usb', 'iommu-sys'].includes(option.key) && isOff;
        if (
          !isKnown &&
          !(option.key === 'aia' && option.value === 'none') &&
          !(option.key === 'accel' && option.value === 'tcg')
        ) {
          throw lacking(`-machine virt,${shown(option)}`, 'the board is virt as it is by default');
        }
      }
      state.machine = name;
    },
  },
  {
    names: ['cpu'],
    value: 'rv64[,EXT=on|off]',
    support: 'yes',
    note: `rv64 with what it has here: ${cpuOn.join(' ')}; off is taken for ${cpuOff.join(' ')}`,
    apply(_state, value) {
      const [first, ...options] = keyValues(value);
      if (first?.key !== 'rv64') throw wrong('cpu', `there is only 'rv64', not '${first?.key}'`);
      for (const option of options) {
        const isOn = onOff(option.value);
        const name = option.key.toLowerCase();
        if (!((isOn === true && cpuOn.includes(name)) || (isOn === false && cpuOff.includes(name)))) {
          throw lacking(`-cpu rv64,${shown(option)}`, 'the hart cannot be made so; leave the property out');
        }
      }
    },
  },
  {
    names: ['smp'],
    value: '[cpus=]N',
    support: 'yes',
    note: `harts, 1 to ${HARTS_MAX}; cores, threads and sockets are multiplied when cpus is not given`,
    apply(state, value) {
      const known = ['cpus', 'maxcpus', 'sockets', 'cores', 'threads', 'dies', 'clusters'];
      const numbers = new Map<string, number>();
      for (const option of keyValues(value)) {
        const key = option.value === undefined ? 'cpus' : option.key;
        const text = option.value ?? option.key;
        if (!known.includes(key) || !/^[1-9]\d*$/.test(text)) {
          throw wrong('smp', `expected a number of harts from 1 to ${HARTS_MAX}, got '${value}'`);
        }
        numbers.set(key, Number(text));
      }
      const product = ['sockets', 'cores', 'threads', 'dies', 'clusters'].reduce(
        (n, key) => n * (numbers.get(key) ?? 1),
        1,
      );
      const harts = numbers.get('cpus') ?? product;
      if (harts > HARTS_MAX) throw wrong('smp', `a machine has 1 to ${HARTS_MAX} harts, not ${harts}`);
      state.harts = harts;
    },
  },
  {
    names: ['m'],
    value: '[size=]SIZE',
    support: 'yes',
    note: `RAM, 128M by default: ${memoryRule}; a number alone is in MiB`,
    apply(state, value) {
      const [first, ...others] = keyValues(value);
      const size = first?.key === 'size' ? (first.value ?? '') : (first?.key ?? '');
      const bytes = parseMemory(size, 1_048_576);
      if (bytes === undefined) throw wrong('m', `expected ${memoryRule}, got '${size}'`);
      if (others[0]) throw lacking(`-m ${value}`, 'memory cannot be added later; give the size alone');
      state.memoryBytes = bytes;
    },
  },
  {
    names: ['bios'],
    value: 'default|none|FILE',
    support: 'yes',
    note: 'default: the built-in SBI in place of OpenSBI; none: the kernel begins in machine mode; FILE: firmware such as fw_jump.bin',
    apply(state, value) {
      state.bios = value;
    },
  },
  {
    names: ['kernel'],
    value: 'FILE',
    support: 'yes',
    note: 'Linux image, ELF file or raw code',
    apply: (state, value) => {
      state.kernel = value;
    },
  },
  {
    names: ['initrd'],
    value: 'FILE',
    support: 'yes',
    note: 'initial RAM disk',
    apply: (state, value) => {
      state.initrd = value;
    },
  },
  {
    names: ['append'],
    value: 'TEXT',
    support: 'yes',
    note: 'kernel command line',
    apply: (state, value) => {
      state.append = value;
    },
  },
  {
    names: ['drive'],
    value: 'file=F,...',
    support: 'yes',
    note: 'format=raw, if=none|virtio, id=, readonly=, snapshot=, overlay=FILE (of our own: keeps the changes); cache, aio, media=disk, index, discard have no effect',
    apply: addDrive,
  },
  {
    names: ['device'],
    value: 'virtio-blk-device,drive=ID|...',
    support: 'yes',
    note: 'also virtio-rng-device[,rng=ID], virtio-serial-device with virtconsole,chardev=ID, virtio-balloon-device; bus=virtio-mmio-bus.N chooses the slot, else they are filled from slot 7 down as in QEMU; id, serial and the like have no effect',
    apply: addDevice,
  },
  {
    names: ['global'],
    value: 'virtio-mmio.force-legacy=false',
    support: 'yes',
    note: 'the modern interface is the only one, with and without this argument',
    apply(_state, value) {
      const [first] = keyValues(value);
      if (first?.key !== 'virtio-mmio.force-legacy' || onOff(first.value) !== false) {
        throw lacking(`-global ${value}`, 'only virtio-mmio.force-legacy=false is');
      }
    },
  },
  {
    names: ['nographic'],
    support: 'yes',
    note: 'the console on the terminal, the monitor behind Ctrl-A c',
    apply: (state) => {
      state.isNographic = true;
    },
  },
  {
    names: ['display'],
    value: 'none',
    support: 'yes',
    note: 'there is no display',
    apply(_state, value) {
      if (value !== 'none') throw lacking(`-display ${value}`, 'there is no display; use -nographic or -display none');
    },
  },
  {
    names: ['serial'],
    value: 'mon:stdio|stdio|file:F|null|none',
    support: 'yes',
    note: 'where the console goes; one only',
    apply(state, value) {
      if (state.serial !== undefined) throw lacking('a second -serial', 'the board has one serial line');
      if (value === 'mon:stdio' || value === 'stdio') state.serial = value;
      else if (value === 'null' || value === 'none') state.serial = 'none';
      else if (value.startsWith('file:')) state.serial = { file: value.slice('file:'.length) };
      else throw lacking(`-serial ${value}`, 'expected mon:stdio, stdio, file:F, null or none');
    },
  },
  {
    names: ['monitor'],
    value: 'none|null|stdio',
    support: 'yes',
    note: 'where the monitor is; with -nographic it is behind Ctrl-A c',
    apply(state, value) {
      if (value === 'stdio') state.monitor = 'stdio';
      else if (value === 'none' || value === 'null') state.monitor = 'none';
      else throw lacking(`-monitor ${value}`, 'expected none, null or stdio');
    },
  },
  {
    names: ['no-reboot'],
    support: 'yes',
    note: 'a reset ends the command',
    apply: (state) => {
      state.reboots = false;
    },
  },
  {
    names: ['no-shutdown'],
    support: 'yes',
    note: 'switched off, the machine is kept for the monitor',
    apply: (state) => {
      state.staysAfterPoweroff = true;
    },
  },
  {
    names: ['snapshot'],
    support: 'yes',
    note: 'changes of all drives are kept in memory and end with the command',
    apply: (state) => {
      state.isSnapshot = true;
    },
  },
  {
    names: ['S'],
    support: 'yes',
    note: "waits for gdb's continue, or the monitor's cont, before the first instruction",
    apply: (state) => {
      state.startsStopped = true;
    },
  },
  {
    names: ['s'],
    support: 'yes',
    note: 'for -gdb tcp::1234',
    apply: (state) => {
      state.gdb = { host: '127.0.0.1', port: 1234 };
    },
  },
  {
    names: ['gdb'],
    value: 'tcp:[HOST]:PORT',
    support: 'yes',
    note: 'where gdb may connect; without a host, from this computer only',
    apply(state, value) {
      const address = parseListenAddress(value);
      if (!address) throw lacking(`-gdb ${value}`, 'expected tcp::PORT, such as tcp::1234');
      state.gdb = address;
    },
  },
  {
    names: ['icount'],
    value: 'shift=N',
    support: 'yes',
    note: 'time always follows from the instructions, 2^N ns each, N from 0 (default, auto) to 10; sleep=off: an idle machine does not wait for the clock on the wall',
    apply(state, value) {
      for (const option of keyValues(value)) {
        if (option.key === 'sleep') state.idle = option.value === 'off' ? 'race' : 'wait';
        else if (option.key === 'shift') state.instructionTime = instructionTimeOf(option.value ?? '');
        else if (option.key !== 'align')
          throw lacking(`-icount ${shown(option)}`, 'expected shift=N, sleep=on or sleep=off');
      }
    },
  },
  {
    names: ['accel'],
    value: 'tcg',
    support: 'no effect',
    note: 'the machine has one way to run',
    apply(_state, value) {
      if (keyValues(value)[0]?.key !== 'tcg') throw lacking(`-accel ${value}`, 'expected tcg');
    },
  },
  { names: ['vga'], value: 'none', support: 'no effect', note: 'there is no display' },
  { names: ['name'], value: 'TEXT', support: 'no effect', note: '' },
  { names: ['uuid'], value: 'UUID', support: 'no effect', note: '' },
  {
    names: ['rtc'],
    value: 'base=utc|DATE',
    support: 'yes',
    note: 'time of day at the start, 2026-01-01 without it; utc is now; clock and driftfix have no effect',
    apply(state, value) {
      for (const option of keyValues(value)) {
        if (option.key === 'clock' || option.key === 'driftfix') continue;
        const text = option.value === 'utc' ? 'now' : (option.value ?? '');
        const time = option.key === 'base' ? parseStartTime(text, Date.now()) : undefined;
        if (time === undefined)
          throw lacking(`-rtc ${value}`, 'expected base=utc or a date such as base=2026-01-31T12:00:00');
        state.startTime = time;
      }
    },
  },
  { names: ['nodefaults', 'no-user-config'], support: 'no effect', note: 'there are no defaults to leave out' },
  { names: ['enable-kvm'], support: 'no', note: 'the machine is simulated' },
  { names: ['d'], value: 'ITEMS', support: 'no', note: 'see worldswitch trace' },
  { names: ['D'], value: 'FILE', support: 'no', note: 'see worldswitch trace' },
  { names: ['dtb'], value: 'FILE', support: 'no', note: 'the device tree is that of the board' },
  {
    names: ['semihosting'],
    support: 'no',
    note: 'print on the serial line; end the machine with the test device at 0x100000',
  },
  {
    names: ['semihosting-config'],
    value: 'TEXT',
    support: 'no',
    note: 'print on the serial line; end the machine with the test device at 0x100000',
  },
  { names: ['netdev'], value: 'TEXT', support: 'no', note: 'network devices are not built yet' },
  { names: ['nic', 'net'], value: 'TEXT', support: 'no', note: 'network devices are not built yet' },
  {
    names: ['chardev'],
    value: 'stdio|file|null,id=ID',
    support: 'yes',
    note: 'for a virtconsole; file: path=F, input-path=F; stdio: mux=on for the keys after Ctrl-A; the console must be elsewhere then, such as -serial none',
    apply: addChardev,
  },
  { names: ['blockdev'], value: 'TEXT', support: 'no', note: 'use -drive' },
  {
    names: ['object'],
    value: 'rng-builtin|rng-random,id=ID',
    support: 'yes',
    note: 'rng-builtin: the same bytes in every run, seed=N (of our own) for others; rng-random: from filename=F, /dev/urandom without it',
    apply: addObject,
  },
  { names: ['fsdev', 'virtfs'], value: 'TEXT', support: 'no', note: 'shared folders are not built yet' },
  {
    names: ['hda', 'hdb', 'hdc', 'hdd', 'cdrom', 'sd', 'pflash', 'mtdblock'],
    value: 'FILE',
    support: 'no',
    note: 'the board has no such drive; use -drive with virtio-blk-device',
  },
  { names: ['daemonize'], support: 'no', note: 'start it in the background instead' },
  { names: ['pidfile'], value: 'FILE', support: 'no', note: "the shell's $! says it" },
  { names: ['qmp'], value: 'DEVICE', support: 'no', note: 'the monitor is -monitor stdio or Ctrl-A c' },
  { names: ['loadvm'], value: 'NAME', support: 'no', note: 'this command saves no machines' },
  { names: ['trace'], value: 'TEXT', support: 'no', note: 'see worldswitch trace' },
];

/** The table for a terminal. */
export function qemuArgumentsText(): string {
  return qemuArguments
    .filter(({ support }) => support !== 'no')
    .map(({ names, value, note }) =>
      `${`${names.map((name) => `-${name}`).join(', ')} ${value ?? ''}`.padEnd(40)} ${note}`.trimEnd(),
    )
    .join('\n');
}

/** What `-icount shift=N` asks for, in nanoseconds. */
function instructionTimeOf(shift: string): number {
  if (shift === 'auto') return 1;
  if (!/^\d+$/.test(shift) || Number(shift) > 10) throw wrong('icount', `expected shift=0 to 10 or auto, not ${shift}`);
  return 2 ** Number(shift);
}
