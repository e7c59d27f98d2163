import type { DecodedInstruction } from '@worldswitch/isa';
import type { PlainCsrAccess, PlainCsrLookup } from '../../plain-csr.ts';
import type { WindowExtent } from '../translation/access-window.ts';
import { isTranslatable, pcRelative, shapeOf } from './row-shape.ts';

/** Instructions of a region at most; past it, edges leave the region. */
const MAX_REGION_INSTRUCTIONS = 384;
/** Instructions of a basic block at most: what the interpreter has to step at the end of a slice. */
export const MAX_BLOCK_INSTRUCTIONS = 48;
const PAGE_SIZE = 4096;

/** Where control goes: to a block of the region, or out of it to an offset from the page's start (which may lie in other pages). */
export type Edge = { readonly block: number } | { readonly offset: number };

export type Terminator =
  | { readonly kind: 'goto'; readonly to: Edge }
  /** The block's last instruction is the branch. */
  | { readonly kind: 'branch'; readonly taken: Edge; readonly fallThrough: Edge }
  /** The last instruction jumps to an address known only when it runs; `targets` are those that it was seen to jump to. */
  | { readonly kind: 'indirect'; readonly targets: readonly { readonly block: number }[] }
  /** The last instruction is a jump that links; `to` is undefined when the callee's address is computed. */
  | { readonly kind: 'call'; readonly to: { readonly offset: number } | undefined; readonly returnTo: Edge }
  /** The instruction after the block's last one (at `offset`) is executed by the reference semantics. */
  | { readonly kind: 'step'; readonly offset: number }
  /** The same, where it is for the interpreter: it goes on in the next page. */
  | { readonly kind: 'interpret'; readonly offset: number }
  /** The same, where it is an environment call. */
  | { readonly kind: 'environmentCall'; readonly offset: number }
  /** Made by `rounds.ts`: on to `covered` when all addresses in these windows are translated, else to `alone`. */
  | {
      readonly kind: 'windows';
      readonly windows: readonly WindowExtent[];
      readonly covered: { readonly block: number };
      readonly alone: { readonly block: number };
    };

export interface PlacedInstruction {
  /** Bytes from the start of the page. */
  readonly offset: number;
  readonly decoded: DecodedInstruction;
  readonly plainCsr?: PlainCsrAccess;
}

export interface Block {
  readonly offset: number;
  readonly instructions: readonly PlacedInstruction[];
  readonly end: Terminator;
}

/**
 * A control-flow graph within one physical page that is entered at its first block. Blocks refer to each other by index.
 * Nothing in it depends on the virtual address at which the page is mapped.
 */
export interface Region {
  readonly blocks: readonly Block[];
  readonly instructionCount: number;
}

/** Where control goes from a block, other than to a callee or to an address that was not seen before. */
export function edgesOf({ end }: Block): readonly Edge[] {
  switch (end.kind) {
    case 'goto':
      return [end.to];
    case 'branch':
      return [end.taken, end.fallThrough];
    case 'call':
      return [end.returnTo];
    case 'indirect':
      return end.targets;
    case 'windows':
      return [end.covered, end.alone];
    default:
      return [];
  }
}

/** Decodes the instruction at an offset of the page; undefined when it is illegal or reaches beyond the page. */
export type PageDecoder = (offset: number) => DecodedInstruction | undefined;

/** Where in the page the computed jump at an offset was seen to go. */
export type JumpTargets = (offset: number) => readonly number[];

interface Draft {
  offset: number;
  instructions: PlacedInstruction[];
  end: DraftTerminator;
}
type DraftTerminator =
  | { kind: 'goto'; to: number }
  | { kind: 'branch'; taken: number; fallThrough: number }
  | { kind: 'indirect'; targets: readonly number[] }
  | { kind: 'call'; to: number | undefined; returnTo: number }
  | { kind: 'step'; offset: number }
  | { kind: 'interpret'; offset: number }
  | { kind: 'environmentCall'; offset: number };

const isLinkRegister = (register: number): boolean => register === 1 || register === 5;

/** Whether the instruction jumps to an address known only when it runs, and is neither a call nor a return. */
export function isComputedJump(decoded: DecodedInstruction): boolean {
  const { jump, writesX } = shapeOf(decoded.instruction);
  if (!jump || isLinkRegister(decoded.rs1) || (writesX && isLinkRegister(decoded.rd))) return false;
  return pcRelative(jump, decoded) === undefined;
}

/** Finds the code reachable from `entry` without leaving the page, split into basic blocks. */
export function discoverRegion(
  entry: number,
  decode: PageDecoder,
  plainCsrOf: PlainCsrLookup,
  targetsOf: JumpTargets = () => [],
): Region {
  const read = instructionReader(decode, plainCsrOf, targetsOf);
  const leaders = findLeaders(entry, read);
  const drafts = new Map<number, Draft>();
  const order: Draft[] = [];
  const pending = [entry];
  let count = 0;
  for (const offset of pending) {
    if (drafts.has(offset) || offset < 0 || offset >= PAGE_SIZE || count >= MAX_REGION_INSTRUCTIONS) continue;
    const draft = readBlock(offset, leaders, read);
    count += draft.instructions.length;
    drafts.set(offset, draft);
    order.push(draft);
    for (const successor of successorsOf(draft.end)) {
      // Where a block was cut for its length, others that come this way end too.
      leaders.add(successor);
      pending.push(successor);
    }
  }
  const indices = new Map(order.map((draft, index) => [draft.offset, index]));
  const edge = (offset: number): Edge => {
    const block = indices.get(offset);
    return block === undefined ? { offset } : { block };
  };
  const blocks = order.map(({ offset, instructions, end }): Block => {
    switch (end.kind) {
      case 'goto':
        return { offset, instructions, end: { kind: 'goto', to: edge(end.to) } };
      case 'branch':
        return {
          offset,
          instructions,
          end: { kind: 'branch', taken: edge(end.taken), fallThrough: edge(end.fallThrough) },
        };
      case 'call':
        return {
          offset,
          instructions,
          end: {
            kind: 'call',
            to: end.to === undefined ? undefined : { offset: end.to },
            returnTo: edge(end.returnTo),
          },
        };
      case 'indirect': {
        const targets = end.targets.map(edge).filter((target) => 'block' in target);
        return { offset, instructions, end: { kind: 'indirect', targets } };
      }
      default:
        return { offset, instructions, end };
    }
  });
  return { blocks, instructionCount: count };
}

function successorsOf(end: DraftTerminator): readonly number[] {
  switch (end.kind) {
    case 'goto':
      return [end.to];
    case 'branch':
      return [end.fallThrough, end.taken];
    case 'call':
      return [end.returnTo];
    case 'indirect':
      return end.targets;
    default:
      return [];
  }
}

type ReadInstruction = PlacedInstruction | 'step' | 'interpret' | 'environmentCall';

interface InstructionReader {
  (offset: number): ReadInstruction;
  readonly targetsOf: JumpTargets;
}

/** Reads and classifies instructions, each one once. */
function instructionReader(decode: PageDecoder, plainCsrOf: PlainCsrLookup, targetsOf: JumpTargets): InstructionReader {
  const known: ReadInstruction[] = [];
  const classify = (offset: number): ReadInstruction => {
    const decoded = decode(offset);
    if (!decoded) return offset + 4 > PAGE_SIZE ? 'interpret' : 'step';
    const shape = shapeOf(decoded.instruction);
    if (isTranslatable(decoded)) {
      // A branch to a computed address is left alone.
      const isOdd = shape.branch && pcRelative(shape.branch.target, decoded) === undefined;
      return isOdd ? 'step' : { offset, decoded };
    }
    if (shape.isEnvironmentCall) return 'environmentCall';
    const plainCsr = plainCsrOf(decoded);
    return plainCsr ? { offset, decoded, plainCsr } : 'step';
  };
  const read = (offset: number): ReadInstruction => {
    known[offset] ??= classify(offset);
    return known[offset];
  };
  return Object.assign(read, { targetsOf });
}

/** How control leaves an instruction; undefined when it goes on to the next one. */
function endOf({ offset, decoded }: PlacedInstruction, targetsOf: JumpTargets): DraftTerminator | undefined {
  const { branch, jump, writesX } = shapeOf(decoded.instruction);
  const next = offset + decoded.length;
  if (branch) {
    return { kind: 'branch', taken: offset + pcRelative(branch.target, decoded)!, fallThrough: next };
  }
  if (!jump) return undefined;
  const distance = pcRelative(jump, decoded);
  if (writesX && isLinkRegister(decoded.rd)) {
    return { kind: 'call', to: distance === undefined ? undefined : offset + distance, returnTo: next };
  }
  if (distance !== undefined) return { kind: 'goto', to: offset + distance };
  return { kind: 'indirect', targets: targetsOf(offset) };
}

/** Offsets at which a block must begin because control can come from elsewhere. */
function findLeaders(entry: number, read: InstructionReader): Set<number> {
  const leaders = new Set<number>([entry]);
  const seen = new Set<number>();
  // Grows while it is walked.
  for (const leader of leaders) {
    let offset = leader;
    while (offset >= 0 && offset < PAGE_SIZE && !seen.has(offset) && seen.size < MAX_REGION_INSTRUCTIONS) {
      seen.add(offset);
      const instruction = read(offset);
      if (typeof instruction === 'string') break;
      const end = endOf(instruction, read.targetsOf);
      if (end) {
        for (const successor of successorsOf(end)) leaders.add(successor);
        break;
      }
      offset += instruction.decoded.length;
    }
  }
  return leaders;
}

function readBlock(start: number, leaders: ReadonlySet<number>, read: InstructionReader): Draft {
  const instructions: PlacedInstruction[] = [];
  let offset = start;
  for (;;) {
    const isCut = leaders.has(offset) || offset >= PAGE_SIZE || instructions.length >= MAX_BLOCK_INSTRUCTIONS;
    if (offset !== start && isCut) return { offset: start, instructions, end: { kind: 'goto', to: offset } };
    const instruction = read(offset);
    if (typeof instruction === 'string') return { offset: start, instructions, end: { kind: instruction, offset } };
    instructions.push(instruction);
    const end = endOf(instruction, read.targetsOf);
    if (end) return { offset: start, instructions, end };
    offset += instruction.decoded.length;
  }
}
