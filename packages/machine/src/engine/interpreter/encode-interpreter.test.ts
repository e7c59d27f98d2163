import { defaultInstructionSet } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { encodeInterpreter } from './encode-interpreter.ts';
import { HandlerTable } from './handlers.ts';
import { FIRST_CSR_HANDLER, FixedHandler, MAX_HANDLERS } from './layout.ts';

const set = defaultInstructionSet();
const table = new HandlerTable(set);

/** Number of the handler of an instruction given by its bits. */
function handlerOf(bits: number): number {
  const decoded = set.decode(bits);
  if (!decoded) throw new Error(`0x${bits.toString(16)} is no instruction`);
  return table.numberOf(decoded);
}

describe('the interpreter made from the instruction table', () => {
  it('is valid WebAssembly', () => {
    expect(WebAssembly.validate(encodeInterpreter(table))).toBe(true);
  });

  it('has room for more rows', () => {
    expect(table.handlers.length).toBeLessThan(MAX_HANDLERS * 0.8);
  });

  it('shares handlers between the long and the short form of an instruction', () => {
    // addi a0, a0, 1 and c.addi a0, 1
    expect(handlerOf(0x0015_0513)).toBe(handlerOf(0x0505));
    expect(handlerOf(0x0015_0513)).toBeGreaterThan(FixedHandler.nothing);
  });

  it('tells calls, returns and computed jumps apart, and leaves all but plain CSRs to the reference semantics', () => {
    // jalr ra, 0(a0); ret; jr a0
    expect(new Set([0x0005_00e7, 0x0000_8067, 0x0005_0067].map(handlerOf)).size).toBe(3);
    // csrr a0, sstatus; csrr a0, sie; csrw time, a0; addi x0, x0, 0
    expect(handlerOf(0x1000_2573)).toBeGreaterThanOrEqual(FIRST_CSR_HANDLER);
    expect(handlerOf(0x1040_2573)).toBe(FixedHandler.step);
    expect(handlerOf(0xc015_1073)).toBe(FixedHandler.step);
    expect(handlerOf(0x0000_0013)).toBe(FixedHandler.nothing);
  });
});
