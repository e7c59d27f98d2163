import type { Device, DmaMemory, HostHardware, InterruptLine, Vcpu, World } from '@worldswitch/contracts';
import {
  checkLaws,
  type DeviceLawOptions,
  deviceLaws,
  hostHardwareLaws,
  physicalMemoryLaws,
  vcpuLaws,
  worldLaws,
} from '@worldswitch/contracts/conformance';
import { bootArguments, createInitrd, guestKernel } from '@worldswitch/guest-os';
import { createNoTlb, createTlb, createUnboundedTlb, lru } from '@worldswitch/mmu-tlb';
import { describe, expect, it } from 'vitest';
import { createAclintSswi } from '../src/devices/aclint-sswi.ts';
import { createClint } from '../src/devices/clint.ts';
import { createGoldfishRtc } from '../src/devices/goldfish-rtc.ts';
import { createPlic } from '../src/devices/plic.ts';
import { createSysconTest } from '../src/devices/syscon-test.ts';
import { createUart16550 } from '../src/devices/uart16550.ts';
import { createVirtioBalloon } from '../src/devices/virtio-balloon.ts';
import { createMemoryBackend, createVirtioBlock } from '../src/devices/virtio-block.ts';
import { createVirtioConsole } from '../src/devices/virtio-console.ts';
import { createSeededEntropy, createVirtioEntropy } from '../src/devices/virtio-entropy.ts';
import { createVirtioMmio, type VirtioDevice } from '../src/devices/virtio-mmio.ts';
import { createBareWorld, createHostHardware, engineNames, type HostHardwareOptions } from '../src/index.ts';

const memoryBytes = 8 * 2 ** 20;
const create = (options: Partial<HostHardwareOptions> = {}) => createHostHardware({ memoryBytes, ...options });

/** The real machine, with some members of its contexts or memory replaced. */
const variant = <T extends object>(target: T, replaced: Partial<T>): T =>
  new Proxy(target, {
    get(_target, key) {
      const source = key in replaced ? replaced : target;
      const value: unknown = Reflect.get(source, key, source);
      return typeof value === 'function' ? value.bind(source) : value;
    },
    set: (_target, key, value) => Reflect.set(target, key, value, target),
  });

const bareWorldLaws = (change: (world: World) => Partial<World> = () => ({})) =>
  worldLaws({
    hasGuestKernel: true,
    create({ program, ...rest }) {
      const path = '/program';
      const guest = {
        kernel: guestKernel('full'),
        initrd: createInitrd({ program: { path, data: program.image } }),
        bootArguments: bootArguments({ init: path, quiet: true }),
      };
      const spec = { name: 'bare', program, guest, memoryBytes: 32 * 2 ** 20, ...rest };
      const world = createBareWorld(spec, { engine: 'compiled' });
      return { world: variant(world, change(world)) };
    },
  });

for (const engine of engineNames) {
  describe(`${engine} engine`, () => {
    for (const law of vcpuLaws(() => create({ engine }))) it(law.name, law.check);
    for (const law of hostHardwareLaws(() => create({ engine }))) it(law.name, law.check);
  });
  describe(`${engine} engine with other TLBs`, () => {
    it.each([
      ['two entries', () => createTlb({ sets: 1, ways: 2 })],
      ['lru', () => createTlb({ sets: 4, ways: 4, policy: lru })],
      ['unbounded', createUnboundedTlb],
      ['none', createNoTlb],
    ])('%s', async (_name, createModel) => {
      const outcomes = await checkLaws(vcpuLaws(() => create({ engine, tlb: createModel() })));
      expect(outcomes.filter(({ outcome }) => outcome !== 'kept')).toEqual([]);
    });
  });
}

describe('RAM', () => {
  for (const law of physicalMemoryLaws(() => create().memory)) it(law.name, law.check);
});

describe('devices', () => {
  const wire: InterruptLine = { set() {} };
  const dma = (): DmaMemory => {
    const bytes = new Uint8Array(65536);
    return {
      view: (address, length) =>
        address >= 0 && address + length <= 65536 ? bytes.subarray(address, address + length) : undefined,
      noteWrite() {},
    };
  };
  const virtio = (device: VirtioDevice | undefined) => createVirtioMmio({ device, memory: dma(), interrupt: wire });
  const disk = () => createVirtioBlock(createMemoryBackend(new Uint8Array(8192)));
  const devices: Record<string, [() => Device, DeviceLawOptions?]> = {
    // mtime is the machine's clock, no state of the device.
    clint: [
      () => createClint({ now: () => 1234, setTime() {}, harts: [{ software: wire, setDeadline() {} }] }),
      { ignoredOffsets: (offset) => offset >= 0xbff8 },
    ],
    rtc: [() => createGoldfishRtc({ now: () => 5, startTime: 0, interrupt: wire, createTimer: () => ({ set() {} }) })],
    'aclint sswi': [() => createAclintSswi([() => {}])],
    plic: [() => createPlic({ sources: 95, targets: [wire, wire] })],
    uart: [() => createUart16550({ interrupt: wire, transmit() {} })],
    'virtio block': [() => virtio(disk())],
    'virtio console': [() => virtio(createVirtioConsole({ transmit() {} }))],
    'virtio entropy': [() => virtio(createVirtioEntropy(createSeededEntropy(1)))],
    'virtio balloon': [() => virtio(createVirtioBalloon())],
    'empty virtio slot': [() => virtio(undefined)],
    'syscon test': [() => createSysconTest(() => {})],
  };
  for (const [name, [createDevice, options]] of Object.entries(devices)) {
    describe(name, () => {
      for (const law of deviceLaws(createDevice, options)) it(law.name, law.check);
    });
  }
});

describe('bare world', () => {
  for (const law of bareWorldLaws()) it(law.name, law.check);
});

describe('the laws notice', () => {
  const withVcpu = (change: (vcpu: Vcpu) => Partial<Vcpu>) => (): HostHardware => {
    const hardware = create();
    return variant<HostHardware>(hardware, {
      createVcpu: () => {
        const vcpu = hardware.createVcpu();
        return variant(vcpu, change(vcpu));
      },
    });
  };
  const broken = async (hardware: () => HostHardware) =>
    (
      await checkLaws([
        ...vcpuLaws(hardware),
        ...hostHardwareLaws(hardware),
        ...physicalMemoryLaws(() => hardware().memory),
      ])
    )
      .filter(({ outcome }) => outcome === 'broken')
      .map(({ name }) => name);

  it('nothing about the machine as it is', async () => expect(await broken(withVcpu(() => ({})))).toEqual([]));

  it.each<[string, (vcpu: Vcpu) => Partial<Vcpu>, string]>([
    ['a fence that does nothing', () => ({ fence() {} }), 'after fence() a changed mapping of data is seen'],
    [
      'a fence for a page that does nothing',
      (vcpu) => ({ fence: (asid, page) => (page === undefined ? vcpu.fence(asid) : undefined) }),
      'after fence(asid, page) a changed mapping of data is seen',
    ],
    [
      'a fence of an address space that does nothing',
      (vcpu) => ({
        fence: (asid, page) => (asid !== undefined && page === undefined ? undefined : vcpu.fence(asid, page)),
      }),
      'after fence(asid) a changed mapping of data is seen',
    ],
    [
      'ASIDs that are not told apart',
      (vcpu) => ({ setAddressSpace: (mode, _asid, root) => vcpu.setAddressSpace(mode, 9, root) }),
      'address spaces with ASIDs of their own need no fence between them',
    ],
    [
      'one instruction too many',
      (vcpu) => ({ run: (budget) => vcpu.run(budget > 1 ? budget + 1 : budget) }),
      'a slice retires exactly as many instructions as it was given',
    ],
    [
      'a low half that is zero-extended',
      (vcpu) => ({ writeXLow: (index, value) => vcpu.writeX(index, BigInt(value >>> 0)) }),
      'writeXLow extends the sign, readXLow reads the low half',
    ],
    [
      'a trap value rounded to its page',
      (vcpu) => ({
        run(budget) {
          const { kind, cause, trapValue, privilege } = vcpu.run(budget);
          return { kind, cause, trapValue: trapValue & ~0xfffn, privilege };
        },
      }),
      'a load from an unmapped page: cause, exact address, and nothing happened',
    ],
    [
      'a trapping instruction that is counted',
      (vcpu) => ({
        get counters() {
          const { instructions, tlb } = vcpu.counters;
          return { instructions: instructions + (vcpu.exit.kind === 'trap' ? 1 : 0), tlb };
        },
      }),
      'the budget ends before an instruction that would trap, and a trap does not use it',
    ],
  ])('%s', async (_what, change, law) => {
    expect(await broken(withVcpu(change))).toContain(law);
  });

  it('a memory that changes code behind the back of the engine', async () => {
    const hardware = () => {
      const real = create();
      const { memory } = real;
      const set = (address: number, value: number) => {
        new DataView(memory.bytes.buffer, memory.bytes.byteOffset).setUint32(address - memory.base, value, true);
      };
      return variant<HostHardware>(real, { memory: variant(memory, { write32: set, noteWrite() {} }) });
    };
    const names = await broken(hardware);
    expect(names).toContain('code that the host changes by write32 runs as changed');
    expect(names).toContain('code that the host changes by bytes and noteWrite runs as changed');
    expect(names).not.toContain('code that the host changes by write runs as changed');
  });

  it('a clock that forgets what instructions took', async () => {
    const hardware = () => {
      const real = create();
      return variant<HostHardware>(real, { clock: { ...real.clock, now: () => 5 } });
    };
    expect(await broken(hardware)).toContain(
      'time passes as instructions retire, and as far as instructionsUntil says',
    );
  });

  const metricsWith = (world: World, user: number) => {
    const { boot, program } = world.metrics();
    return { boot, program: { ...program, instructions: { ...program.instructions, user } } };
  };
  it.each<[string, (world: World) => Partial<World>, string]>([
    [
      'a world that loses its last line',
      (world) => ({ output: () => world.output().slice(0, -1) }),
      'a program runs: output and exit code are right',
    ],
    [
      'a world whose exit codes are one bit too short',
      (world) => ({
        run(budget) {
          const result = world.run(budget);
          return result && { ...result, exitCode: result.exitCode & 0x7f };
        },
      }),
      'exit codes pass from 0 to 255',
    ],
    [
      'a world that runs a little further',
      (world) => ({ run: (budget) => world.run(budget + 1) }),
      'a run takes exactly its budget, and the next one carries on',
    ],
    [
      'a world that counts an instruction of the program twice',
      (world) => ({ metrics: () => metricsWith(world, world.metrics().program.instructions.user + 1) }),
      "the program's own instructions and system calls are counted exactly",
    ],
    ['a world that cannot be paused', () => ({ pause() {} }), 'a paused world stands still until it is resumed'],
    [
      'a world that throws where its program is at fault',
      (world) => ({
        run(budget) {
          const result = world.run(budget);
          if (result !== undefined && result.exitCode >= 128) throw new Error('the program crashed');
          return result;
        },
      }),
      'a program that does what is not allowed ends as on Linux',
    ],
  ])('%s', async (_what, change, name) => {
    const law = bareWorldLaws(change).filter((candidate) => candidate.name === name);
    expect(await checkLaws(law)).toMatchObject([{ outcome: 'broken' }]);
  });
});
