export type { Domain, TrapTable } from './domain.ts';
export { type BuiltDomain, buildDomain, type DomainPlan } from './domain-builder.ts';
export { EventChannels, PORT_COUNT, Virq } from './event-channel.ts';
export {
  ConsoleCommand,
  EventCommand,
  type HypercallArguments,
  MmuCommand,
  SchedCommand,
} from './hypercall-commands.ts';
export { type Hypercall, hypercallByNumber, hypercallTable } from './hypercalls.ts';
export { KERNEL_MAGIC, type KernelImage, type KernelSegment, readKernelImage } from './kernel-image.ts';
export { PageType, PageTypes, type PageTypesOptions, type TableLevel, type TranslationFlush } from './page-types.ts';
export { VmmParaError } from './para-error.ts';
export { EVENT_UPCALL_CAUSE, SHARED_INFO_ADDRESS, SharedInfo, SharedInfoOffset, TrapFlag } from './shared-info.ts';
export { START_INFO_MAGIC, StartInfoOffset } from './start-info.ts';
export { Status } from './status.ts';
export { createDomain, type DomainOptions, type DomainTask } from './vmm.ts';
export { createParaWorld, paraWorld } from './world.ts';
