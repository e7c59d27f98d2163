import { HartOffset } from '../../../hart/hart-state.ts';
import { type FunctionWriter, Op } from '../emission/emit.ts';
import { codeKeyOf, codeSlotOf, FIRST_UNWINDING, MAX_CALL_DEPTH, Outcome } from '../layout.ts';
import type { PlacedRegion, RegionImports } from './placed-region.ts';

const PAGE_SIZE = 4096;

/** What a guest call needs from the function around it. */
export interface CallContext {
  readonly writer: FunctionWriter;
  /** Local variable with the hart context's base. */
  readonly hart: number;
  pushAddress(offset: number): void;
  storeDirty(): void;
  storeCounter(): void;
  /** Loads what the block at which control goes on needs. */
  loadState(block: number): void;
}

export interface GuestCall {
  /** Offset of the callee from the page's start where it is known; it may lie in another page. */
  readonly callee: number | undefined;
  pushCallee(): void;
  readonly returnBlock: number;
  readonly returnOffset: number;
  /** Where the region that calls is entered. */
  readonly entryOffset: number;
  readonly placed: PlacedRegion;
  readonly imports: RegionImports;
  /** Local variables: how deeply calls are nested, and one that is 0 where no call's Outcome is in it. */
  readonly depth: number;
  readonly outcome: number;
}

/**
 * Runs the callee as a nested function; goes on after it when it came back to where it should, and leaves otherwise.
 */
export function writeGuestCall(context: CallContext, call: GuestCall): void {
  const { writer, hart } = context;
  const { callee, returnOffset, entryOffset, placed, imports, depth, outcome } = call;
  const { codePage } = placed;
  context.storeDirty();
  writer.get(hart);
  call.pushCallee();
  writer.memory(Op.i64Store, HartOffset.pc);
  context.storeCounter();
  const key = codeKeyOf(codePage + returnOffset, placed.physicalSize > 0);
  const pushIsAway = (): void => {
    writer.get(hart).memory(Op.i64Load, HartOffset.pc);
    context.pushAddress(returnOffset);
    writer.op(Op.i64Ne);
  };
  const pushContextAndDepth = (): void => {
    writer.get(hart).get(depth).i32(1).op(Op.i32Add);
  };
  const done = writer.open(Op.block);
  if (callee !== undefined && callee >= 0 && callee < PAGE_SIZE) {
    // Code of the same page is called directly. The page is fetchable and stays so: whatever ends that leaves all nested
    // functions, or goes through the dispatcher before it comes back to this page.
    const unknown = writer.open(Op.block);
    writer.get(depth).i32(MAX_CALL_DEPTH).op(Op.i32GeS);
    if (callee === entryOffset) {
      // Were this function's code forgotten, all of its calls would have been left.
      writer.brIf(unknown);
      pushContextAndDepth();
      writer.i32(0).i32(0).call(imports.self);
    } else {
      const calleeKey = codeKeyOf(codePage + callee, placed.physicalSize > 0);
      const slot = codeSlotOf(calleeKey);
      writer.i32(0).memory(Op.i32Load, slot).i32(calleeKey).op(Op.i32Ne).op(Op.i32Or).brIf(unknown);
      pushContextAndDepth();
      writer
        .i32(0)
        .memory(Op.i32Load, slot + 4)
        .i32(0)
        .call(imports.callRegion);
    }
    writer.tee(outcome);
    pushIsAway();
    writer.op(Op.i32Or).op(Op.i32Eqz).brIf(done);
    writer.get(outcome).i32(FIRST_UNWINDING).op(Op.i32GeU).open(Op.if);
    writer.get(outcome).op(Op.return);
    writer.close();
    writer.close();
  }
  // Goes on from state.pc, wherever that is, until the place is reached to which the call returns.
  writer.get(hart).i32(key).get(depth).i32(1).op(Op.i32Add).get(outcome).call(imports.callGuest).tee(outcome);
  writer.open(Op.if);
  writer.get(outcome).op(Op.return).close();
  pushIsAway();
  writer.open(Op.if);
  writer.i32(Outcome.proceed).op(Op.return).close();
  writer.close();
  context.loadState(call.returnBlock);
}
