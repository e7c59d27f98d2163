import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { translationText } from './translation-text.ts';

const loop =
  'loop: ld a4, 0(a0)\nfadd.d fa0, fa0, fa1\nadd a3, a3, a4\naddi a0, a0, 8\nbne a0, a1, loop\njal ra, loop\nret';

describe('translations as text', () => {
  it('name every instruction, and close what they open', () => {
    for (const ramSize of [0, 2 ** 27]) {
      const lines = translationText(assemble(loop, { origin: 0x8000_0000 }).bytes, ramSize);
      const words = lines.map((line) => line.trim().split(' ')[0]);
      expect(words).not.toContain('undefined');
      expect(words.filter((word) => ['block', 'loop', 'if'].includes(word!)).length).toBe(
        words.filter((word) => word === 'end').length,
      );
      expect(words).toContain('f64.add');
      expect(lines.some((line) => line.includes('i64.load offset='))).toBe(true);
    }
  });
});
