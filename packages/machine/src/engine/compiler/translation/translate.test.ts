/// <reference types="node" />
import {
  amoResult,
  type DecodedInstruction,
  defaultInstructionSet,
  type EvaluationState,
  evaluate,
  floatOperation,
  RoundingMode,
} from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { CsrSlot, Mstatus } from '../../../hart/hart-context.ts';
import { HartOffset } from '../../../hart/hart-state.ts';
import { createMachineMemory, type MachineMemory } from '../../../memory/machine-memory.ts';
import {
  CONTEXTS,
  LOAD_ENTRIES,
  LOAD_TABLE,
  RAM,
  STORE_ENTRIES,
  STORE_TABLE,
  TRANSLATION_ENTRY_SIZE,
  TRANSLATIONS,
} from '../../../memory/memory-layout.ts';
import { discoverRegion } from '../discovery/discover.ts';
import { isTranslatable, pcRelative, shapeOf } from '../discovery/row-shape.ts';
import { COUNTER, Outcome } from '../layout.ts';
import { encodeRegions } from '../link.ts';

const set = defaultInstructionSet();
const mask64 = (1n << 64n) - 1n;
const CODE_PAGE = RAM;
const DATA_PAGE = RAM + 0x1000;
const DATA_ADDRESS = 0x12_3456_7000n;
const CODE_ADDRESS = 0xffff_ffff_8765_4000n;
const START = 0x800;

function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const interesting = [
  0n,
  1n,
  2n,
  mask64,
  1n << 63n,
  (1n << 63n) - 1n,
  1n << 31n,
  (1n << 31n) - 1n,
  0xffff_ffffn,
  1n << 32n,
];

function randomValue(random: () => number): bigint {
  if (random() % 3 === 0) return interesting[random() % interesting.length]!;
  return (BigInt(random()) << 32n) | BigInt(random());
}

const interestingFloats = [
  0n,
  1n << 63n,
  1n,
  0x3ff0_0000_0000_0000n,
  0xbff8_0000_0000_0000n,
  0x7ff0_0000_0000_0000n,
].concat(
  [0x7ff8_0000_0000_0000n, 0x7ff0_0000_0000_0001n, 0x0010_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn],
  [
    0xffff_ffff_3f80_0000n,
    0xffff_ffff_8000_0000n,
    0xffff_ffff_7fc0_0000n,
    0xffff_ffff_0080_0000n,
    0xffff_ffff_0000_0000n,
  ],
);

/** Special values, single-precision numbers, small integers, and doubles of like exponents so that rounding happens. */
function randomFloat(random: () => number, isSingle: boolean): bigint {
  const sign = BigInt(random() & 1);
  switch (isSingle && random() % 4 !== 0 ? 1 : random() % 6) {
    case 0:
      return interestingFloats[random() % interestingFloats.length]!;
    case 1:
      return (
        0xffff_ffff_0000_0000n | (sign << 31n) | (BigInt(100 + (random() % 60)) << 23n) | BigInt(random() & 0x7f_ffff)
      );
    case 2:
      return new BigUint64Array(new Float64Array([(random() % 2001) - 1000]).buffer)[0]!;
    case 3:
      return randomValue(random);
    default:
      return (
        (sign << 63n) | (BigInt(980 + (random() % 90)) << 52n) | (BigInt(random() & 0xf_ffff) << 32n) | BigInt(random())
      );
  }
}

/** The encoding of a row with random operand bits. */
function randomEncoding(encoding: string, random: () => number): number {
  let bits = 0n;
  for (const character of encoding.replaceAll(' ', '')) {
    const bit = character === '0' || character === '1' ? Number(character) : character === 'z' ? 0 : random() & 1;
    bits = (bits << 1n) | BigInt(bit);
  }
  return Number(bits);
}

/** The reference semantics on registers and one page of memory. */
function referenceResult(decoded: DecodedInstruction, x: readonly bigint[], f: readonly bigint[], memory: DataView) {
  const registers = [...x];
  const floats = [...f];
  let flags = 1;
  const pc = CODE_ADDRESS + BigInt(START);
  const state: EvaluationState = {
    readX: (register) => registers[register]!,
    writeX: (register, value) => {
      if (register !== 0) registers[register] = value;
    },
    readF: (register) => floats[register]!,
    writeF: (register, value) => {
      floats[register] = value;
    },
    pc,
    nextPc: (pc + BigInt(decoded.length)) & mask64,
    load: (width, address) => {
      let value = 0n;
      for (let i = width - 1; i >= 0; i--)
        value = (value << 8n) | BigInt(memory.getUint8(Number(address & 0xfffn) + i));
      return value;
    },
    store: (width, address, value) => {
      for (let i = 0; i < width; i++) {
        memory.setUint8(Number(address & 0xfffn) + i, Number((value >> BigInt(8 * i)) & 0xffn));
      }
    },
    amo: (operation, width, address, value) => {
      const old = BigInt.asIntN(8 * width, state.load(width, address));
      state.store(width, address, amoResult(operation, width, BigInt.asUintN(64, old), value));
      return BigInt.asUintN(64, old);
    },
    loadReserved: (width, address) => BigInt.asUintN(64, BigInt.asIntN(8 * width, state.load(width, address))),
    // Nothing is reserved.
    storeConditional: () => false,
    control: (operation) => {
      const block = state.readX(decoded.rs1) & ~63n;
      if (operation === 'cbo.zero') for (let i = 0n; i < 64n; i += 8n) state.store(8, block + i, 0n);
    },
    float: (operation, args, rm) => {
      const mode = rm === 7 ? RoundingMode.nearestEven : (rm as RoundingMode);
      const result = floatOperation(operation, args, mode);
      flags |= result.flags;
      return result.value;
    },
  };
  evaluate(decoded, state);
  return { registers, floats, flags, pc: state.nextPc };
}

/** Index of the first byte that differs, or -1. */
function changedByte(a: Uint8Array, b: Uint8Array): number {
  return a.findIndex((byte, index) => byte !== b[index]);
}

function createRunner(memory: MachineMemory) {
  const env = {
    memory: memory.wasm,
    callGuest: () => Outcome.proceed,
    callRegion: () => Outcome.proceed,
  };
  return (decoded: DecodedInstruction) => {
    const region = discoverRegion(
      START,
      (offset) => (offset === START ? decoded : undefined),
      () => undefined,
    );
    const bytes = encodeRegions([{ region, codePage: CODE_PAGE, physicalSize: 0 }]);
    expect(WebAssembly.validate(bytes), `module for ${decoded.instruction.name} is valid`).toBe(true);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
    return exports[0] as (context: number, depth: number) => number;
  };
}

const seed = Number(process.env.WORLDSWITCH_SEED);

describe(`every translatable row does what the reference semantics say (seed ${seed})`, () => {
  const memory = createMachineMemory(0x10000);
  const run = createRunner(memory);
  const data = new DataView(memory.wasm.buffer, DATA_PAGE, 4096);
  for (const [table, entries] of [
    [LOAD_TABLE, LOAD_ENTRIES],
    [STORE_TABLE, STORE_ENTRIES],
  ] as const) {
    const index = (Number(DATA_ADDRESS >> 12n) & (entries - 1)) * TRANSLATION_ENTRY_SIZE;
    memory.view.setBigUint64(TRANSLATIONS + table + index, DATA_ADDRESS, true);
    memory.view.setInt32(TRANSLATIONS + table + index + 8, DATA_PAGE - Number(DATA_ADDRESS & 0xffff_f000n), true);
  }
  for (const row of set.rows) {
    const shape = shapeOf(row);
    let executed = 0;
    if (!shape.isTranslatable) continue;
    it(row.name, () => {
      const random = randomSource(seed);
      for (let trial = 0, done = 0; done < 6 && trial < 400; trial++) {
        const decoded = set.decode(randomEncoding(row.encoding, random));
        if (decoded?.instruction.name !== row.name || !isTranslatable(decoded)) continue;
        // A branch to itself would run until the budget ends.
        const target = shape.branch?.target ?? shape.jump;
        if (target && pcRelative(target, decoded) === 0) continue;
        done++;
        const compiled = run(decoded);
        for (let round = 0; round < (shape.floats ? 40 : 8); round++) {
          const x = Array.from({ length: 32 }, (_, register) => (register === 0 ? 0n : randomValue(random)));
          const f = Array.from({ length: 32 }, () => randomFloat(random, row.name.includes('.s')));
          for (let i = 0; i < 4096; i += 4) data.setUint32(i, random(), true);
          if (shape.accesses > 0) {
            if (decoded.rs1 === 0) continue;
            x[decoded.rs1] = (DATA_ADDRESS + BigInt((random() % 512) * 8) - BigInt(decoded.imm)) & mask64;
          }
          const before = new Uint8Array(data.buffer.slice(DATA_PAGE, DATA_PAGE + 4096));
          const expected = referenceResult(decoded, x, f, new DataView(before.buffer));
          for (const [register, value] of f.entries()) {
            memory.view.setBigUint64(CONTEXTS + HartOffset.f + 8 * register, value, true);
          }
          memory.view.setInt32(CONTEXTS + HartOffset.csr + 8 * CsrSlot.mstatus, Mstatus.FS, true);
          memory.view.setInt32(CONTEXTS + HartOffset.fflags, 1, true);
          for (const [register, value] of x.entries()) memory.view.setBigUint64(CONTEXTS + 8 * register, value, true);
          memory.view.setBigUint64(CONTEXTS + HartOffset.pc, CODE_ADDRESS + BigInt(START), true);
          memory.view.setInt32(CONTEXTS + HartOffset.dataTranslations, TRANSLATIONS, true);
          memory.view.setInt32(CONTEXTS + HartOffset.openControls, -1, true);
          memory.view.setBigUint64(COUNTER, 100n, true);
          const outcome = compiled(CONTEXTS, 0);
          const found = Array.from({ length: 32 }, (_, register) =>
            memory.view.getBigUint64(CONTEXTS + 8 * register, true),
          );
          if (outcome === Outcome.step && memory.view.getInt32(COUNTER, true) === 100) {
            expect(shape.floats, 'only float rows may be left to the reference semantics').toBeDefined();
            continue;
          }
          executed++;
          const foundFloats = Array.from({ length: 32 }, (_, register) =>
            memory.view.getBigUint64(CONTEXTS + HartOffset.f + 8 * register, true),
          );
          const context = `${row.name} bits 0x${decoded.bits.toString(16)} x[rs1] ${x[decoded.rs1]} x[rs2] ${x[decoded.rs2]}`;
          const inputs = shape.floats
            ? ` f ${[decoded.rs1, decoded.rs2, decoded.rs3].map((r) => f[r]!.toString(16)).join()}`
            : '';
          expect(foundFloats.join(), context + inputs).toBe(expected.floats.join());
          expect(expected.flags, `${context}${inputs}: a flag that compiled code does not set`).toBe(1);
          expect(found.join(), context).toBe(expected.registers.join());
          expect(memory.view.getBigUint64(CONTEXTS + HartOffset.pc, true), context).toBe(expected.pc);
          expect(changedByte(memory.u8.subarray(DATA_PAGE, DATA_PAGE + 4096), before), context).toBe(-1);
          expect(memory.view.getInt32(COUNTER, true), context).toBe(99);
          expect(memory.view.getInt32(COUNTER + 4, true), context).toBe(shape.accesses);
          expect([Outcome.proceed, Outcome.step]).toContain(outcome);
        }
      }
      // Classification and single-precision fused operations are never translated.
      if (row.extension !== 'Zfa' && !/^(fclass|fn?m(add|sub)\.s)/.test(row.name))
        expect(executed, 'executed rounds').toBeGreaterThan(5);
    });
  }
});
