import { csrTable, defaultInstructionSet, encode, type OperandValues } from '@worldswitch/isa';
import { Machine } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { assembleGuest, createGuest, runGuest } from './guest.ts';
import { createHost } from './host.ts';
import { createRandom } from './random.ts';

const RESULTS = 0x8030_0000;
const DATA = 0x8031_0000;

/** Runs random instructions between a set-up and a tear-down that stores all registers and what traps did. */
const frame = (body: readonly number[]) => `
  la t0, handler
  csrw stvec, t0
  li gp, ${RESULTS + 512}
  li s0, ${DATA}
  li s1, 0x40000000
  li a0, 0x123456789abcdef0
  li a1, -77
  li a2, 0xe722
  .balign 4
  .option push
  .option norvc
${body.map((bits) => `  .word ${bits}`).join('\n')}
  .option pop
  li tp, ${RESULTS}
${Array.from({ length: 30 }, (_, index) => (index + 1 === 4 ? '' : `  sd x${index + 1}, ${index * 8}(tp)`)).join('\n')}
  csrr t0, sstatus
  sd t0, 248(tp)
  csrr t0, sscratch
  sd t0, 256(tp)
  li t0, TEST
  li t1, 0x5555
  sw t1, 0(t0)
1: j 1b
  .balign 4
handler:
  # tp and gp are this handler's; the random part leaves them alone. So does it sepc, in the end.
  csrr tp, scause
  sd tp, 0(gp)
  csrr tp, stval
  sd tp, 8(gp)
  csrr tp, sepc
  sd tp, 16(gp)
  addi gp, gp, 24
  addi tp, tp, 4
  csrw sepc, tp
  li tp, 0x100
  csrs sstatus, tp
  sret
`;

const set = defaultInstructionSet();
const row = (name: string, operands: OperandValues) => encode(set.encodedByName(name)!, operands);
const arithmetic = ['add', 'sub', 'xor', 'sltu', 'mul', 'divu', 'sll', 'addw', 'sraw', 'mulhu'];
const loads = ['lb', 'lbu', 'lh', 'lhu', 'lw', 'lwu', 'ld'];
const stores = ['sb', 'sh', 'sw', 'sd'];
const csrInstructions = ['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci'];
/** CSRs whose values do not depend on how fast time goes, and that keep the guest going. */
const supervisorCsrs = ['sscratch', 'sepc', 'scause', 'stval', 'sstatus', 'scounteren', 'senvcfg'].map(
  (name) => set.csrByName(name)!.address,
);
const machineCsrs = csrTable.filter((csr) => csr.privilege === 3).map((csr) => csr.address);

function randomBody(random: ReturnType<typeof createRandom>, length: number): number[] {
  /** Not gp and tp; s0 and s1, which hold addresses, are only read. */
  const destination = () =>
    [0, 1, 2, 5, 6, 7, ...Array.from({ length: 22 }, (_, index) => index + 10)][random.below(28)]!;
  const source = () =>
    [0, 1, 2, 5, 6, 7, 8, 9, ...Array.from({ length: 22 }, (_, index) => index + 10)][random.below(30)]!;
  const pick = <Item>(items: readonly Item[]) => items[random.below(items.length)]!;
  /** Mostly in RAM, sometimes where nothing is, sometimes anywhere. */
  const address = () => ({ rs1: pick([8, 8, 8, 9, 0, 11]), imm: random.below(256) * 8 });
  return Array.from({ length }, () => {
    switch (random.below(8)) {
      case 0:
      case 1:
        return row(pick(arithmetic), { rd: destination(), rs1: source(), rs2: source() });
      case 2:
        return row('addi', { rd: destination(), rs1: source(), imm: random.below(4096) - 2048 });
      case 3:
        return row(pick(loads), { rd: destination(), ...address() });
      case 4:
        return row(pick(stores), { rs2: source(), ...address() });
      case 5:
      case 6: {
        const name = pick(csrInstructions);
        const csr = pick(random.below(8) === 0 ? machineCsrs : supervisorCsrs);
        const operand = name.endsWith('i') ? { imm: random.below(32) & ~2 } : { rs1: source() };
        return row(name, { rd: destination(), csr, ...operand });
      }
      default:
        return pick([
          row('sfence.vma', { rs1: source(), rs2: source() }),
          row('ebreak', {}),
          row('mret', {}),
          row('fence.i', {}),
          (random.below(2 ** 30) << 2) | 0x7f,
        ]);
    }
  });
}

describe('random guests', () => {
  it('end in the same state as on the bare machine', () => {
    const random = createRandom(41);
    for (let turn = 0; turn < 20; turn++) {
      const source = frame(randomBody(random, 150));
      const machine = Machine.create({ kernel: assembleGuest(source), memoryBytes: 8 << 20, engine: 'reference' });
      expect(machine.run({ maxInstructions: 100_000 }).reason, `seed ${random.seed} turn ${turn}`).toBe('poweroff');
      const bare = machine.board.ram.slice(RESULTS, 0x1_1000).slice();
      machine.dispose();

      const { host } = createHost();
      const guest = createGuest(host, source, { memoryBytes: 8 << 20 });
      const { ram } = guest.vm;
      const release = ram.release.bind(ram);
      let virtual: Uint8Array = new Uint8Array(0);
      ram.release = () => {
        virtual = ram.read(RESULTS, 0x1_1000);
        release();
      };
      expect(runGuest(host, guest).result?.reason, `seed ${random.seed} turn ${turn}`).toBe('exited');
      // Something was stored, and something trapped.
      expect(
        virtual.subarray(512, 600).some((byte) => byte !== 0),
        'a trap',
      ).toBe(true);
      const different = virtual.findIndex((byte, index) => byte !== bare[index]);
      expect(different, `seed ${random.seed} turn ${turn}: offset of the first difference`).toBe(-1);
    }
  });

  it('never make the VMM throw or leave their memory, whatever they execute', () => {
    const random = createRandom(5);
    const { host } = createHost({ engine: 'compiled', memoryBytes: 32 << 20 });
    const secret = host.allocateFrames(16);
    for (const frame of secret) host.memory.fill(frame * 4096, 4096, 0xa5);
    const before = host.freeFrameCount;
    for (let turn = 0; turn < 100; turn++) {
      const code = Array.from({ length: 400 }, () =>
        random.below(3) === 0
          ? pickPrivileged(random)
          : random.below(2) === 0
            ? row(['addi', 'ld', 'jalr'][random.below(3)]!, {
                rd: random.below(32),
                rs1: random.below(32),
                imm: random.below(4096) - 2048,
              })
            : Number(random.bits64() & 0xffff_ffffn),
      );
      const guest = createGuest(host, code.map((bits) => `.word ${bits}`).join('\n'), {
        memoryBytes: (2 << 20) << 1,
        maxOutputBytes: 100,
      });
      for (let register = 1; register < 32; register++) {
        guest.vm.vcpu.writeX(
          register,
          [random.bits64(), BigInt(0x8020_0000 + random.below(4096)), 0x8000_0000_0008_0200n][random.below(3)]!,
        );
      }
      const task = guest.start();
      host.run({ maxInstructions: 20_000, task, until: () => guest.vm.end !== undefined });
      const own = new Set(guest.vm.end ? [] : guest.vm.ram.hostFrames());
      if (!guest.vm.end) {
        for (const { hostFrame } of guest.vm.shadow.mappings())
          expect(own.has(hostFrame), `seed ${random.seed} turn ${turn}`).toBe(true);
      }
      task.kill(0);
      expect(host.freeFrameCount, `seed ${random.seed} turn ${turn}`).toBe(before);
    }
    for (const frame of secret) expect(host.memory.slice(frame * 4096, 4096).every((byte) => byte === 0xa5)).toBe(true);
  });
});

function pickPrivileged(random: ReturnType<typeof createRandom>): number {
  const name = ['sret', 'wfi', 'ecall', 'sfence.vma', 'csrrw', 'csrrs', 'csrrwi', 'csrrci'][random.below(8)]!;
  const operands = set.encodedByName(name)!.layout.fields;
  const has = (field: 'csr' | 'imm') => operands.has(field);
  const csr = [0x100, 0x104, 0x105, 0x140, 0x141, 0x144, 0x180, 0x180, 0x14d, 0x106][random.below(10)]!;
  return row(name, {
    ...(operands.has('rd') && { rd: random.below(32) }),
    ...(operands.has('rs1') && { rs1: random.below(32) }),
    ...(operands.has('rs2') && { rs2: random.below(32) }),
    ...(has('csr') && { csr }),
    ...(has('imm') && { imm: random.below(32) }),
  });
}
