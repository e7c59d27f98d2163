export type { Domain, TrapTable } from './domain/domain.ts';
export { type BuiltDomain, buildDomain, type DomainPlan } from './domain/domain-builder.ts';
export { KERNEL_MAGIC, type KernelImage, type KernelSegment, readKernelImage } from './domain/kernel-image.ts';
export {
  EVENT_UPCALL_CAUSE,
  SHARED_INFO_ADDRESS,
  SharedInfo,
  SharedInfoOffset,
  TrapFlag,
} from './domain/shared-info.ts';
export { START_INFO_MAGIC, StartInfoOffset } from './domain/start-info.ts';
export { EventChannels, PORT_COUNT, Virq } from './events/event-channel.ts';
export {
  ConsoleCommand,
  EventCommand,
  type HypercallArguments,
  MmuCommand,
  SchedCommand,
} from './hypercalls/hypercall-commands.ts';
export { type Hypercall, hypercallByNumber, hypercallTable } from './hypercalls/hypercalls.ts';
export { Status } from './hypercalls/status.ts';
export {
  PageType,
  PageTypes,
  type PageTypesOptions,
  type TableLevel,
  type TranslationFlush,
} from './memory/page-types.ts';
export { VmmParaError } from './para-error.ts';
export { createDomain, type DomainOptions, type DomainTask } from './vmm.ts';
export { createParaWorld, paraWorld } from './world.ts';
