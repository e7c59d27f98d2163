import type { Domain } from '../domain/domain.ts';
import type { HypercallArguments } from './hypercall-commands.ts';
import type { Hypercall } from './hypercalls.ts';
import { Status } from './status.ts';

const RECORD_BYTES = 64;
const MAX_CALLS = 64;
/** Calls that change where the vcpu goes on make no sense in the middle of a list. */
const refused: ReadonlySet<string> = new Set(['iret', 'sched_op', 'multicall']);

export function multicall(
  domain: Domain,
  args: HypercallArguments,
  lookUp: (number: bigint) => Hypercall | undefined,
): number {
  const list = args[0]!;
  if (args[1]! > BigInt(MAX_CALLS)) return Status.tooBig;
  const bytes = new Uint8Array(Number(args[1]!) * RECORD_BYTES);
  if (!domain.memory.copyIn(list, bytes)) return Status.badAddress;
  const records = new DataView(bytes.buffer);
  const inner = new BigUint64Array(6);
  for (let offset = 0; offset < bytes.length; offset += RECORD_BYTES) {
    const row = lookUp(records.getBigUint64(offset, true));
    for (let i = 0; i < 6; i++) inner[i] = records.getBigUint64(offset + 16 + i * 8, true);
    records.setBigInt64(offset + 8, BigInt(call(domain, row, inner)), true);
  }
  return domain.memory.copyOut(list, bytes) ? Status.ok : Status.badAddress;
}

function call(domain: Domain, row: Hypercall | undefined, args: HypercallArguments): number {
  if (row === undefined) return Status.notImplemented;
  if (refused.has(row.name)) return Status.invalid;
  return row.handle(domain, args) ?? Status.ok;
}
