import { MachineError } from './errors.ts';
import type { MachineOptions } from './machine-options.ts';

/** What an option is to be, and whether a value is that as far as its form tells. */
interface OptionForm {
  readonly expected: string;
  fits(value: unknown): boolean;
}

const typed = (type: string, expected: string): OptionForm => ({ expected, fits: (value) => typeof value === type });
const bytes: OptionForm = { expected: 'a Uint8Array', fits: (value) => value instanceof Uint8Array };
const number = typed('number', 'a number');

/** Whether it is an object with these functions. */
const has = (value: unknown, ...methods: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((method) => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function');

const isTlb = (value: unknown): boolean => has(value, 'lookup', 'insert', 'flush', 'entries');

const forms: Readonly<Record<keyof MachineOptions, OptionForm>> = {
  memoryBytes: number,
  kernel: bytes,
  firmware: bytes,
  initrd: bytes,
  bootArguments: typed('string', 'a text'),
  disk: {
    expected: 'a Uint8Array or a BlockBackend',
    fits: (value) => value instanceof Uint8Array || has(value, 'read', 'write'),
  },
  virtio: {
    expected: 'a list of VirtioDevice or undefined',
    fits: (value) => Array.isArray(value) && value.every((device) => device === undefined || has(device, 'reset')),
  },
  devices: {
    expected: 'a list of AddedDevice: { base, create }',
    fits: (value) => Array.isArray(value) && value.every((device) => has(device, 'create')),
  },
  engine: typed('string', 'the name of an engine'),
  statisticsClock: typed('function', 'a function'),
  harts: number,
  aclint: typed('boolean', 'true or false'),
  startTime: number,
  instructionTime: number,
  tlb: {
    expected: 'a TlbModel, or a function that makes one',
    fits: (value) => typeof value === 'function' || isTlb(value),
  },
  console: { expected: 'a HostConsole: { write, read }', fits: (value) => has(value, 'write', 'read') },
  trace: { expected: 'a TraceSink: { emit }', fits: (value) => has(value, 'emit') },
  world: typed('string', 'a text'),
  instructionSet: {
    expected: 'an InstructionSet, as createInstructionSet makes it',
    fits: (value) => has(value, 'decode', 'byName'),
  },
  controls: {
    expected: 'functions by name',
    fits: (value) => has(value) && Object.values(value as object).every((operation) => typeof operation === 'function'),
  },
};

/**
 * Refuses what code without types may hand in: options that there are not, and values of another kind. Whether a machine can be made
 * of them is for those to say who make it.
 * @throws {MachineError} that names the option and what was expected.
 */
export function requireOptions(options: MachineOptions): void {
  if (options.memoryBytes === undefined) throw new MachineError('memoryBytes is missing: expected a number');
  for (const [name, value] of Object.entries(options)) {
    const form = Object.hasOwn(forms, name) ? forms[name as keyof MachineOptions] : undefined;
    if (!form) throw new MachineError(`there is no option '${name}'; there are ${Object.keys(forms).join(', ')}`);
    if (value !== undefined && !form.fits(value)) {
      throw new MachineError(`the option '${name}' is ${kindOf(value)}: expected ${form.expected}`);
    }
  }
}

/** What `tlb` makes, when it is a function. */
export function requireTlb<Model>(model: Model): Model {
  if (isTlb(model)) return model;
  throw new MachineError(`the option 'tlb' makes what is ${kindOf(model)}: expected a TlbModel`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value}'`;
  return Array.isArray(value) ? 'a list of something else' : `of type ${typeof value}`;
}
