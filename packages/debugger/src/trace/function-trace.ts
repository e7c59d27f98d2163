import type { DecodedInstruction } from '@worldswitch/isa';
import type { Hart, Machine, RunEnd, RunOptions } from '@worldswitch/machine';
import type { SymbolTable } from '../elf-symbols.ts';

type Tell = (
  hart: Hart,
  what: 'call' | 'return',
  name: string,
  more: { readonly pc: bigint; readonly address: bigint; readonly depth: number; readonly value?: bigint },
) => void;

const A0 = 10;
/** Calls of a hart that are remembered. */
const MAX_DEPTH = 4096;
/** Steps between two looks at `until`. */
const LOOK_EVERY = 1024;

interface Frame {
  readonly returnTo: bigint;
  readonly stack: bigint;
  readonly name: string;
}

/**
 * Follows calls and returns as the calling convention has them: a jump that links (x1 or x5) is a call, and whatever comes to the
 * address behind it with the same stack pointer is its return. Runs the machine step by step.
 */
export class FunctionTracer {
  readonly #machine: Machine;
  readonly #symbols: SymbolTable;
  readonly #tell: Tell;
  readonly #frames: Frame[][];

  constructor(machine: Machine, symbols: SymbolTable, tell: Tell) {
    this.#machine = machine;
    this.#symbols = symbols;
    this.#tell = tell;
    this.#frames = machine.harts.map(() => []);
  }

  run({ maxInstructions = Number.POSITIVE_INFINITY, until }: RunOptions): RunEnd {
    const { clock } = this.#machine.board.group;
    const start = clock.retired;
    for (let steps = 0; clock.retired - start < maxInstructions; steps++) {
      if (steps % LOOK_EVERY === 0 && until?.()) return { reason: 'until', exitCode: 0 };
      const result = this.#machine.step();
      if (result.kind === 'retired' && result.bits !== undefined) this.#retired(result.hart, result.pc, result.bits);
      if (result.end) return result.end;
      if (result.kind === 'stop') return { reason: 'until', exitCode: 0 };
    }
    return { reason: 'budget', exitCode: 0 };
  }

  #retired(id: number, pc: bigint, bits: number): void {
    const scheduled = this.#machine.harts[id];
    if (!scheduled) return;
    const { hart, vcpu } = scheduled;
    const frames = this.#frames[id]!;
    const target = vcpu.pc;
    const decoded = hart.instructionSet.decode(bits);
    if (!decoded || !isJump(decoded)) return;
    if (linkOf(decoded)) {
      const name = this.#symbols.describe(target) ?? `0x${target.toString(16)}`;
      this.#tell(hart, 'call', name, { pc, address: target, depth: frames.length });
      if (frames.length < MAX_DEPTH) {
        frames.push({ returnTo: pc + BigInt(decoded.length), stack: vcpu.readX(2), name });
      }
      return;
    }
    // Functions that were left by longjmp or a change of stacks are forgotten with the one that returns.
    let depth = frames.length - 1;
    while (depth >= 0 && (frames[depth]!.returnTo !== target || frames[depth]!.stack !== vcpu.readX(2))) depth--;
    if (depth < 0) return;
    const { name } = frames[depth]!;
    frames.length = depth;
    this.#tell(hart, 'return', name, { pc, address: target, depth, value: vcpu.readX(A0) });
  }
}

const isJump = ({ instruction: { name } }: DecodedInstruction): boolean => /^(c\.)?(jal|jalr|jr|j)$/.test(name);

/** Whether the jump keeps the address behind it in a link register (unprivileged ISA, JALR, return-address prediction). */
function linkOf({ instruction: { name }, rd }: DecodedInstruction): boolean {
  if (name === 'c.jalr') return true;
  return /^(jal|jalr)$/.test(name) && (rd === 1 || rd === 5);
}
