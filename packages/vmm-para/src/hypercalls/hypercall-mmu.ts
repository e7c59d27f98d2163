import { type Domain, enterAddressSpace } from '../domain/domain.ts';
import { PageType, type TableLevel } from '../memory/page-types.ts';
import { type HypercallArguments, MmuCommand } from './hypercall-commands.ts';
import { Status } from './status.ts';

/** Records of a list that one call takes. */
const MAX_MMU_RECORDS = 2048;
const RECORD_BYTES = 16;

/** Copies a list of 16-byte records out of the guest; a status when that cannot be. */
function readRecords(domain: Domain, args: HypercallArguments): DataView | Status {
  const count = args[1]!;
  if (count > BigInt(MAX_MMU_RECORDS)) return Status.tooBig;
  const bytes = new Uint8Array(Number(count) * RECORD_BYTES);
  return domain.memory.copyIn(args[0]!, bytes) ? new DataView(bytes.buffer) : Status.badAddress;
}

export function mmuUpdate(domain: Domain, args: HypercallArguments): number {
  const records = readRecords(domain, args);
  if (typeof records === 'number') return records;
  let offset = 0;
  for (; offset < records.byteLength; offset += RECORD_BYTES) {
    const addressHigh = records.getUint32(offset + 4, true);
    const address = addressHigh * 2 ** 32 + records.getUint32(offset, true);
    const status = domain.pages.update(
      address,
      records.getInt32(offset + 8, true),
      records.getInt32(offset + 12, true),
    );
    if (status !== Status.ok) return status;
  }
  return offset / RECORD_BYTES;
}

export function mmuExtendedOp(domain: Domain, args: HypercallArguments): number {
  const records = readRecords(domain, args);
  if (typeof records === 'number') return records;
  let offset = 0;
  for (; offset < records.byteLength; offset += RECORD_BYTES) {
    const command = records.getBigUint64(offset, true);
    const status = carryOut(domain, command, records.getBigUint64(offset + 8, true));
    if (status !== Status.ok) return status;
  }
  return offset / RECORD_BYTES;
}

function carryOut(domain: Domain, command: bigint, argument: bigint): Status {
  const frame = argument < 2n ** 44n ? Number(argument) : -1;
  switch (Number(command)) {
    case MmuCommand.PIN_L1_TABLE:
    case MmuCommand.PIN_L2_TABLE:
    case MmuCommand.PIN_L3_TABLE:
      return domain.pages.pin(frame, (Number(command) - MmuCommand.PIN_L1_TABLE + 1) as TableLevel);
    case MmuCommand.UNPIN_TABLE:
      return domain.pages.unpin(frame);
    case MmuCommand.NEW_BASEPTR:
      return setKernelRoot(domain, frame);
    case MmuCommand.NEW_USER_BASEPTR:
      return setUserRoot(domain, frame);
    case MmuCommand.TLB_FLUSH:
      domain.vcpu.fence(domain.pages.asidOf(domain.kernelRoot));
      if (domain.userRoot >= 0) domain.vcpu.fence(domain.pages.asidOf(domain.userRoot));
      return Status.ok;
    case MmuCommand.INVLPG: {
      const page = Number(argument >> 12n);
      domain.vcpu.fence(domain.pages.asidOf(domain.kernelRoot), page);
      if (domain.userRoot >= 0) domain.vcpu.fence(domain.pages.asidOf(domain.userRoot), page);
      return Status.ok;
    }
    default:
      return Status.notImplemented;
  }
}

/** Only the guest kernel makes hypercalls, so the kernel root is the one in force. */
function setKernelRoot(domain: Domain, frame: number): Status {
  const root = domain.pages.indexOf(frame);
  if (root < 0) return Status.notPermitted;
  const status = domain.pages.acquire(root, PageType.level3);
  if (status !== Status.ok) return status;
  const old = domain.kernelRoot;
  domain.kernelRoot = root;
  enterAddressSpace(domain);
  domain.pages.release(old);
  return Status.ok;
}

/** Frame 0, which no domain has, means none. */
function setUserRoot(domain: Domain, frame: number): Status {
  const root = frame === 0 ? -1 : domain.pages.indexOf(frame);
  if (frame !== 0) {
    if (root < 0) return Status.notPermitted;
    const status = domain.pages.acquire(root, PageType.level3);
    if (status !== Status.ok) return status;
  }
  const old = domain.userRoot;
  domain.userRoot = root;
  if (old >= 0) domain.pages.release(old);
  return Status.ok;
}
