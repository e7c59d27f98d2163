import { AccessKind, faultCause, TranslationFault } from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import type { BusRegion } from '../bus.ts';
import { AccessResult, type Width } from './access-result.ts';

const SCRATCH = HartOffset.scratch / 4;

/** The device that all of an access is to; undefined where there is none or the address is misaligned, and the fault is noted. */
function deviceAt(
  hart: Hart,
  address: number,
  low: number,
  high: number,
  width: Width,
  kind: AccessKind,
): BusRegion | undefined {
  const region = address % width === 0 ? hart.bus.find(address, width) : undefined;
  if (!region) {
    hart.noteFault(faultCause(TranslationFault.access, kind), low, high);
    return undefined;
  }
  hart.points?.noteAccess(hart, low, high, width, kind === AccessKind.load, kind === AccessKind.store);
  hart.deviceAccesses++;
  return region;
}

export function loadDevice(hart: Hart, address: number, low: number, high: number, width: Width): AccessResult {
  const region = deviceAt(hart, address, low, high, width, AccessKind.load);
  if (!region) return AccessResult.fault;
  const { u32 } = hart.memory;
  const scratch = hart.current.word + SCRATCH;
  const offset = address - region.base;
  u32[scratch] = region.device.read(offset, width === 8 ? 4 : width);
  u32[scratch + 1] = width === 8 ? region.device.read(offset + 4, 4) : 0;
  if (hart.observer?.deviceAccess) noteDevice(hart, region, offset, width, false);
  return AccessResult.done;
}

export function storeDevice(hart: Hart, address: number, low: number, high: number, width: Width): AccessResult {
  const region = deviceAt(hart, address, low, high, width, AccessKind.store);
  if (!region) return AccessResult.fault;
  const { u32 } = hart.memory;
  const scratch = hart.current.word + SCRATCH;
  const offset = address - region.base;
  const value = u32[scratch]!;
  if (hart.observer?.deviceAccess) noteDevice(hart, region, offset, width, true);
  switch (width) {
    case 1:
      region.device.write(offset, 1, value & 0xff);
      break;
    case 2:
      region.device.write(offset, 2, value & 0xffff);
      break;
    case 4:
      region.device.write(offset, 4, value);
      break;
    case 8:
      region.device.write(offset, 4, value);
      region.device.write(offset + 4, 4, u32[scratch + 1]!);
      break;
  }
  // A device may have raised an interrupt or stopped the machine.
  return hart.isAttentionSet() ? AccessResult.leave : AccessResult.done;
}

/** The value stands in the context's scratch. */
function noteDevice(hart: Hart, { base, device }: BusRegion, offset: number, width: Width, isWrite: boolean): void {
  const { u64 } = hart.memory;
  const value = BigInt.asUintN(width * 8, u64[hart.current.quad + HartOffset.scratch / 8]!);
  hart.observer?.deviceAccess?.(hart, { device: device.name, address: base + offset, offset, width, isWrite, value });
}
