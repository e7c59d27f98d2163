/// <reference types="node" />
import { defaultInstructionSet, type EvaluationState, evaluate } from '@worldswitch/isa';
import { expect, it } from 'vitest';
import { shapeOf } from './row-shape.ts';
import { isWord, zeroExtensionAt } from './word-values.ts';

const set = defaultInstructionSet();
const seed = Number(process.env.WORLDSWITCH_SEED);
let state = seed;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state ^ (state >>> 15)) >>> 0;
};
const extended = (value: bigint, bits: number): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, value));

/** Words, for the most part. */
function randomValue(): bigint {
  const value = (BigInt(random()) << 32n) | BigInt(random());
  return random() % 3 > 0 ? extended(value, 32) : value;
}

it(`says of no other value that it is a word (seed ${seed})`, () => {
  let count = 0;
  for (const { encoding, semantics } of set.rows) {
    const [first, ...others] = semantics;
    if (first?.kind !== 'setX' || others.length > 0) continue;
    for (let round = 0; round < 40; round++) {
      let bits = 0n;
      for (const character of encoding.replaceAll(' ', '')) {
        const bit = character === '0' || character === '1' ? Number(character) : random() & 1;
        bits = (bits << 1n) | BigInt(bit);
      }
      const decoded = set.decode(Number(bits));
      const value = decoded && shapeOf(decoded.instruction).value;
      if (!decoded || !value || shapeOf(decoded.instruction).floats) continue;
      const x = Array.from({ length: 32 }, (_, index) => (index === 0 ? 0n : randomValue()));
      let words = 0;
      for (const [register, content] of x.entries()) if (content === extended(content, 32)) words |= 1 << register;
      if (!isWord(value, decoded, words)) continue;
      const reader: Partial<EvaluationState> = {
        readX: (register) => x[register]!,
        writeX: (register, result) => {
          x[register] = result;
        },
        pc: 0n,
        nextPc: 4n,
        load: (width) => BigInt.asUintN(8 * width, randomValue()),
      };
      evaluate(decoded, reader as EvaluationState);
      const result = decoded.rd === 0 ? 0n : x[decoded.rd]!;
      expect(result, `${decoded.instruction.name} ${bits.toString(16)}`).toBe(extended(result, 32));
      count++;
    }
  }
  expect(count).toBeGreaterThan(500);
});

it('finds the shifts that extend a word with zeros', () => {
  const at = (...words: readonly number[]) =>
    words.map((word, index) => ({ offset: 4 * index, decoded: set.decode(word)! }));
  // slli a5,a4,32; srli a5,a5,30
  expect(zeroExtensionAt(at(0x02071793, 0x01e7d793), 0)).toEqual({ from: 14, shift: 2 });
  // slli a5,a4,31; srli a5,a5,31
  expect(zeroExtensionAt(at(0x01f71793, 0x01f7d793), 0)).toBeUndefined();
  // slli a5,a4,32; srli a3,a5,32: the first result stays
  expect(zeroExtensionAt(at(0x02071793, 0x0207d693), 0)).toBeUndefined();
  // slli a5,a4,32; srli a5,a5,33: a bit is lost
  expect(zeroExtensionAt(at(0x02071793, 0x0217d793), 0)).toBeUndefined();
});
