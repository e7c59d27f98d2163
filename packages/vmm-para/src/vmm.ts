import type { Exit, ExitDisposition, HostKernel, TraceSink, VcpuTaskOwner } from '@worldswitch/contracts';
import { CsrAddress, Privilege } from '@worldswitch/isa';
import { Accounting } from './accounting.ts';
import { type Domain, enterAddressSpace } from './domain/domain.ts';
import { buildDomain } from './domain/domain-builder.ts';
import { DomainConsole } from './domain/domain-console.ts';
import { type KernelImage, readKernelImage } from './domain/kernel-image.ts';
import { SharedInfo } from './domain/shared-info.ts';
import { EventChannels } from './events/event-channel.ts';
import { deliverEvents } from './events/trap-delivery.ts';
import { handleExit, raiseDueTimer } from './exit.ts';
import { GuestMemory } from './memory/guest-memory.ts';
import { PageType, PageTypes } from './memory/page-types.ts';
import { VmmParaError } from './para-error.ts';
import { RESUME, traceEntry, traceExit } from './trace-hops.ts';

export interface DomainOptions {
  readonly name: string;
  /** ELF file of a paravirtual kernel. */
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly commandLine?: string;
  /** A multiple of 2 MiB. */
  readonly memoryBytes: number;
  readonly input?: Uint8Array;
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** Default 16 MiB. */
  readonly maxOutputBytes?: number;
  readonly trace?: TraceSink;
  readonly now: () => number;
}

/** A domain as the host's scheduler has it. */
export interface DomainTask extends VcpuTaskOwner {
  readonly domain: Domain;
}

const KERNEL_ALIGNMENT = 0x20_0000;
/** mcounteren.TM and scounteren.TM: `time` may be read in U-mode, as under Linux; cycle and instret may not. */
const TIME_ENABLED = 2n;

/**
 * Makes a domain on a host: takes frames, builds it, and gives what the host's scheduler runs.
 * @throws VmmParaError for a kernel or a memory size that cannot be; what the host throws when it has no frames left.
 */
export function createDomain(host: HostKernel, options: DomainOptions): DomainTask {
  if (options.memoryBytes <= 0 || options.memoryBytes % KERNEL_ALIGNMENT !== 0) {
    throw new VmmParaError(`a domain's memory is a multiple of 2 MiB, not ${options.memoryBytes} bytes`);
  }
  const kernel = readKernelImage(options.kernel);
  const frames = host.allocateFrames(options.memoryBytes / 4096, { contiguous: true, alignment: 512 });
  try {
    return assemble(host, options, kernel, frames);
  } catch (error) {
    host.freeFrames(frames);
    throw error;
  }
}

function assemble(host: HostKernel, options: DomainOptions, kernel: KernelImage, frames: number[]): DomainTask {
  const firstFrame = frames[0]!;
  const frameCount = frames.length;
  const built = buildDomain({
    memory: host.memory,
    firstFrame,
    frameCount,
    kernel,
    initrd: options.initrd ?? new Uint8Array(0),
    commandLine: options.commandLine ?? '',
    timeFrequency: host.clock.frequency,
  });
  const vcpu = host.createVcpu();
  const pages = new PageTypes({
    memory: host.memory,
    firstFrame,
    frameCount,
    flush: {
      page: (asid, page) => vcpu.fence(asid, page),
      addressSpace: (asid) => vcpu.fence(asid),
    },
    allocateAsid: () => allocateAsid(host),
    freeAsid: (asid) => host.freeAsid(asid),
  });
  // Held for ever: the hypervisor writes to this frame, so it must never become a page table.
  pages.acquire(built.sharedInfoFrame, PageType.writable);
  // Once for the pin that the guest may take back, once for being in force.
  pages.pin(firstFrame + built.rootFrame, 3);
  if (pages.acquire(built.rootFrame, PageType.level3) !== 0) {
    throw new VmmParaError('the initial page tables of the domain do not stand up to validation');
  }

  const shared = new SharedInfo(host.memory, (firstFrame + built.sharedInfoFrame) * 4096);
  const domain: Domain = {
    name: options.name,
    host,
    vcpu,
    firstFrame,
    frameCount,
    initrd: built.initrd,
    pages,
    memory: new GuestMemory(host.memory, () => firstFrame + domain.kernelRoot),
    shared,
    events: new EventChannels(shared),
    console: new DomainConsole({
      maxOutputBytes: options.maxOutputBytes ?? 16 << 20,
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }),
    }),
    accounting: new Accounting(options.now),
    trace: options.trace,
    traps: { systemCall: 0n, pageFault: 0n, exception: 0n, event: 0n },
    isUser: false,
    kernelRoot: built.rootFrame,
    userRoot: -1,
    timerDeadline: Number.POSITIVE_INFINITY,
    lastProgress: -1,
    exitsWithoutProgress: 0,
    end: undefined,
    isHeldInTrace: false,
    entryCause: RESUME,
    isReleased: false,
  };
  shared.setTime(host.clock.now(), host.clock.frequency);
  shared.isMasked = true;
  vcpu.privilege = Privilege.user;
  vcpu.writeCsr(CsrAddress.mcounteren, TIME_ENABLED);
  vcpu.writeCsr(CsrAddress.scounteren, TIME_ENABLED);
  vcpu.pc = built.entry;
  vcpu.writeX(10, built.startInfo);
  enterAddressSpace(domain);
  return {
    name: options.name,
    kind: 'vm-para',
    domain,
    vcpu,
    instructionsUntilEvent: () => instructionsUntilEvent(domain),
    handleExit: (exit: Exit): ExitDisposition => handleExit(domain, exit),
    release: () => {
      if (domain.isReleased) return;
      domain.accounting.finish(vcpu.counters, domain.isUser);
      domain.isReleased = true;
      domain.end ??= { reason: 'fault', exitCode: -1, message: `domain ${domain.name} was ended from outside` };
      pages.dispose();
      vcpu.dispose();
      host.freeFrames(frames);
    },
  };
}

/** Before a slice: a timer that came due while others ran is delivered now. */
function instructionsUntilEvent(domain: Domain): number {
  const isDue = raiseDueTimer(domain);
  if (domain.trace !== undefined && isDue) traceExit(domain, 'machine-timer-interrupt', 'timer');
  if (domain.end === undefined) deliverEvents(domain);
  if (domain.trace !== undefined) traceEntry(domain);
  const { timerDeadline } = domain;
  return timerDeadline === Number.POSITIVE_INFINITY
    ? timerDeadline
    : domain.host.clock.instructionsUntil(timerDeadline);
}

function allocateAsid(host: HostKernel): number | undefined {
  try {
    return host.allocateAsid();
  } catch {
    return undefined;
  }
}
