import { ContainersError, containerWorld } from '@worldswitch/containers';
import type {
  GuestSpec,
  HostKernel,
  ProgramSpec,
  TlbModel,
  World,
  WorldDefinition,
  WorldSpec,
} from '@worldswitch/contracts';
import { bootArguments, createInitrd, GuestOsError } from '@worldswitch/guest-os';
import { createHostKernel, HostOsError, processWorld } from '@worldswitch/host-os';
import type { InstructionSet } from '@worldswitch/isa';
import {
  type ControlOperation,
  createBareWorld,
  createHostHardware,
  type EngineName,
  LoadError,
  MachineError,
} from '@worldswitch/machine';
import { fullWorld, VmmError } from '@worldswitch/vmm-full';
import { paraWorld, VmmParaError } from '@worldswitch/vmm-para';
import { ExitCode, UserError } from '../exit-codes.ts';
import { checkedWorld } from './checked-world.ts';

/** The physical machine that each world gets. */
export interface MachineOptions {
  readonly engine?: EngineName;
  /** Makes the TLB model of a machine; default is the machine's own. */
  readonly createTlb?: () => TlbModel;
  /** RAM of the guest, or of the bare machine: bytes. Default 64 MiB. */
  readonly guestMemoryBytes?: number;
  /** Default: all built-in extensions. */
  readonly instructionSet?: InstructionSet;
  /** Control operations of added extensions. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

export interface GuestKernels {
  /** Runs bare and fully virtualized. */
  readonly unmodifiedKernel: Uint8Array;
  readonly paravirtualKernel: Uint8Array;
}

export interface OpenedWorld {
  readonly name: string;
  readonly world: World;
  /** The guest kernel in it. */
  readonly kernel?: Uint8Array;
  /** The host OS it runs on; absent for bare. */
  readonly host?: HostKernel;
}

const defaultGuestMemory = 64 << 20;
/** What the host keeps beside one guest. */
const hostMemory = 64 << 20;

const hosted: readonly WorldDefinition[] = [fullWorld, paraWorld, containerWorld, processWorld];
export const worldNames: readonly string[] = ['bare', ...hosted.map((definition) => definition.name)];

/** The definition of a world that runs on the host OS. Throws UserError for a name that is none. */
export function worldDefinition(name: string): WorldDefinition {
  const definition = hosted.find((candidate) => candidate.name === name);
  if (definition === undefined) {
    throw new UserError(`no world is called '${name}'; there are ${worldNames.join(', ')}`, ExitCode.usage);
  }
  return definition;
}

export function worldName(chosen: string | WorldDefinition): string {
  return typeof chosen === 'string' ? chosen : chosen.name;
}

/** One line on what the world is. */
export function worldSummary(chosen: string | WorldDefinition): string {
  if (chosen === 'bare') return 'the guest OS on the physical machine';
  return (typeof chosen === 'string' ? worldDefinition(chosen) : chosen).summary;
}

/** A host OS on a physical machine of its own, with room for this many guests. */
export function createHost(options: MachineOptions, guests = 1): HostKernel {
  const memoryBytes = hostMemory + guests * (options.guestMemoryBytes ?? defaultGuestMemory);
  return createHostKernel(createHostHardware({ memoryBytes, ...hardwareOptions(options) }));
}

function hardwareOptions({ engine, createTlb, instructionSet, controls }: MachineOptions) {
  return {
    ...(engine && { engine }),
    ...(createTlb && { tlb: createTlb() }),
    ...(instructionSet && { instructionSet }),
    ...(controls && { controls }),
  };
}

/** Where a program is in a guest's file system. */
export function programPath({ arguments: [path = '/program'] }: ProgramSpec): string {
  return path;
}

/** How the guest OS is told to run the program as its first process. */
export function guestSpec(
  kernel: Uint8Array,
  { program, files, input }: Pick<WorldSpec, 'program' | 'files' | 'input'>,
): GuestSpec {
  const path = programPath(program);
  const args = program.arguments.slice(1);
  const others = [...(files ?? [])].flatMap(([name, entry]) =>
    entry.type === 'file' && name !== path ? [{ path: name, data: entry.data, mode: entry.mode }] : [],
  );
  return {
    kernel,
    initrd: createInitrd({ program: { path, data: program.image }, files: others }),
    bootArguments: bootArguments({ init: path, quiet: true, noEcho: input !== undefined, args }),
  };
}

/**
 * Input for a guest's terminal, which knows its end by Ctrl-D: one where a line has just ended, two elsewhere (termios(3), VEOF).
 */
function typed(input: Uint8Array): Uint8Array {
  const end = input.length === 0 || input.at(-1) === 10 ? [4] : [4, 4];
  return new Uint8Array([...input, ...end]);
}

/** What a world with a guest OS has of its own: the guest, and input as its terminal takes it. */
function guestParts(kernel: Uint8Array, parts: SpecParts): Pick<WorldSpec, 'guest' | 'input'> {
  return { guest: guestSpec(kernel, parts), ...(parts.input && { input: typed(parts.input) }) };
}

type SpecParts = Omit<WorldSpec, 'name' | 'memoryBytes' | 'guest'>;

const worldMethods = ['run', 'output', 'metrics', 'pause', 'resume', 'snapshot', 'inspect', 'dispose'] as const;

/** What layers throw for a kernel, a program or an option that they cannot use. Anything else is a defect. */
const refusals = [ContainersError, GuestOsError, HostOsError, LoadError, MachineError, VmmError, VmmParaError];

/**
 * Makes a world, on a machine of its own or, when `host` is given, on that host.
 * @throws UserError when it cannot be made of what it was given.
 */
export function openWorld(...given: Parameters<typeof create>): OpenedWorld {
  try {
    return create(...given);
  } catch (error) {
    if (!refusals.some((type) => error instanceof type)) throw error;
    throw new UserError(
      `the world '${worldName(given[0])}' cannot be started: ${(error as Error).message}`,
      ExitCode.badInput,
    );
  }
}

function create(
  chosen: string | WorldDefinition,
  options: MachineOptions & GuestKernels,
  parts: SpecParts,
  placement: { readonly host?: HostKernel; readonly name?: string } = {},
): OpenedWorld {
  const memoryBytes = options.guestMemoryBytes ?? defaultGuestMemory;
  if (chosen === 'bare') {
    const kernel = options.unmodifiedKernel;
    const spec = { ...parts, ...guestParts(kernel, parts), name: 'bare', memoryBytes };
    return { name: 'bare', world: createBareWorld(spec, hardwareOptions(options)), kernel };
  }
  const definition = typeof chosen === 'string' ? worldDefinition(chosen) : chosen;
  const kernel =
    definition.guest === 'unmodified'
      ? options.unmodifiedKernel
      : definition.guest === 'paravirtual'
        ? options.paravirtualKernel
        : undefined;
  const host = placement.host ?? createHost(options);
  const name = placement.name ?? definition.name;
  const spec: WorldSpec = {
    ...parts,
    name,
    memoryBytes,
    ...(kernel === undefined ? {} : guestParts(kernel, parts)),
  };
  const made = definition.create(host, spec) as Partial<World> | undefined;
  const missing = worldMethods.find((method) => typeof made?.[method] !== 'function');
  if (missing !== undefined) {
    throw new UserError(
      `the world '${definition.name}' is wrong: its create(host, spec) must return a World, and '${missing}' is missing`,
      ExitCode.badInput,
    );
  }
  const world = hosted.includes(definition) ? (made as World) : checkedWorld(made as World);
  return { name, world, host, ...(kernel === undefined ? {} : { kernel }) };
}
