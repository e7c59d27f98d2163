/** One YAML or JSON file that describes a machine and how it is run. */
import { engineNames, MAX_INSTRUCTION_TIME } from '@worldswitch/machine';
import * as v from 'valibot';
import { type Document, LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import {
  afterDrives,
  type DeviceDescription,
  type DriveDescription,
  HARTS_MAX,
  idleWays,
  type MachineDescription,
  memoryRule,
  parseMemory,
  parseStartTime,
  type RunLimits,
} from './machine-description.ts';

/** What a machine file says. Names of files are as they stand in it. */
export interface MachineFile {
  readonly description: MachineDescription;
  readonly limits: RunLimits;
  readonly reboots: boolean;
}

const fileName = v.pipe(v.string('expected the name of a file'), v.nonEmpty('expected the name of a file'));
const truth = v.boolean('expected true or false');
const above0 = (what: string) => v.pipe(v.number(`expected ${what}`), v.gtValue(0, `expected ${what}`));
const texts = v.pipe(
  v.union([v.string(), v.array(v.string())], 'expected a text or a list of texts'),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
  v.check((value) => !value.includes(''), 'expected texts that are not empty'),
);
const memory = v.pipe(
  v.union([v.string(), v.number()], `expected ${memoryRule}`),
  v.transform((value) => parseMemory(String(value))),
  v.number(`expected ${memoryRule}`),
);
const dateRule = 'expected now or a date such as 2026-01-31T12:00:00';
const harts = `expected a number of harts from 1 to ${HARTS_MAX}`;
const noOtherKey = (keys: Readonly<Record<string, unknown>>) =>
  `unknown key; expected one of ${Object.keys(keys).join(', ')}`;
const object = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.unknown(),
    v.check((value) => typeof value === 'object' && !Array.isArray(value), 'expected keys and values'),
    v.looseObject(entries, 'expected keys and values'),
    v.rawCheck(({ dataset, addIssue }) => {
      const input = dataset.value as Record<string, unknown>;
      for (const key of Object.keys(input)) {
        if (key in entries) continue;
        addIssue({
          message: noOtherKey(entries),
          path: [{ type: 'object', origin: 'key', input, key, value: input[key] }],
        });
      }
    }),
  );

const driveKeys = {
  file: fileName,
  readonly: v.optional(truth, false),
  snapshot: v.optional(truth, false),
  overlay: v.optional(fileName),
};
const drive = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' ? { file: value } : value)),
  object(driveKeys),
  v.check(
    ({ snapshot, overlay }) => !(snapshot && overlay !== undefined),
    'snapshot and overlay both say where changes go; give one',
  ),
);
const seed = 'expected a whole number from 0 to 4294967295';
const rngKeys = {
  seed: v.optional(v.pipe(v.number(seed), v.integer(seed), v.minValue(0, seed), v.maxValue(2 ** 32 - 1, seed))),
  file: v.optional(fileName),
};
const rng = v.pipe(
  v.unknown(),
  v.transform((value) => (value === true ? {} : value)),
  object(rngKeys),
  v.check((value) => value.seed === undefined || value.file === undefined, 'seed and file are both sources; give one'),
);
const hvcKeys = { output: fileName, input: v.optional(fileName) };
const hvc = v.pipe(
  v.unknown(),
  v.transform((value) =>
    value === true ? { output: 'stdio' } : typeof value === 'string' ? { output: value } : value,
  ),
  object(hvcKeys),
  v.check(({ output, input }) => output !== 'stdio' || input === undefined, 'stdio has input of its own'),
);
const pace = `expected whole nanoseconds, 1 to ${MAX_INSTRUCTION_TIME}`;
const limitKeys = {
  instructions: v.optional(above0('a number of instructions above 0')),
  seconds: v.optional(above0('seconds of virtual time above 0')),
};
const machineKeys = {
  kernel: v.optional(fileName),
  initrd: v.optional(fileName),
  append: v.optional(v.string('expected the kernel command line as a text')),
  bios: v.optional(fileName, 'default'),
  memory: v.optional(memory, '512M'),
  smp: v.optional(v.pipe(v.number(harts), v.integer(harts), v.minValue(1, harts), v.maxValue(HARTS_MAX, harts)), 1),
  drives: v.optional(v.array(drive, 'expected a list of drives'), []),
  rng: v.optional(rng),
  hvc: v.optional(hvc),
  balloon: v.optional(truth, false),
  engine: v.optional(v.picklist(engineNames, `expected one of ${engineNames.join(', ')}`)),
  startTime: v.optional(
    v.pipe(
      v.string(dateRule),
      v.transform((text) => parseStartTime(text, Date.now())),
      v.number(dateRule),
    ),
  ),
  instructionTime: v.optional(
    v.pipe(v.number(pace), v.integer(pace), v.minValue(1, pace), v.maxValue(MAX_INSTRUCTION_TIME, pace)),
  ),
  reboot: v.optional(truth, true),
  limits: v.optional(object(limitKeys), {}),
  idle: v.optional(v.picklist(idleWays, `expected one of ${idleWays.join(', ')}`)),
  expectText: v.optional(texts, []),
  failText: v.optional(texts, []),
};
const machine = v.pipe(
  object(machineKeys),
  v.check(
    ({ kernel, bios }) => kernel !== undefined || !['default', 'none'].includes(bios),
    'expected a kernel, or a firmware file as bios',
  ),
);

/** Where the value at a path stands in the text, or, when it is missing, what it is missing in. */
function placeOf(document: Document, path: readonly (string | number)[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { readonly range?: readonly number[] } | undefined;
    if (node?.range) return node.range[0];
  }
  return undefined;
}

type Issue = v.InferIssue<typeof machine>;

const keysOf = (issue: Issue) => (issue.path ?? []).map(({ key }) => key as string | number);

/** What is wrong, with the place of each in the text: from the first line on, and last what is wrong with the whole. */
function inOrder(issues: readonly Issue[], document: Document) {
  return issues
    .map((issue) => ({ issue, offset: placeOf(document, keysOf(issue)) }))
    .sort((a, b) => Number(!a.issue.path) - Number(!b.issue.path) || (a.offset ?? 0) - (b.offset ?? 0));
}

function syntaxMistake({ message, linePos }: YAMLParseError): string {
  const what = message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
  return `${linePos ? `line ${linePos[0].line}` : 'the file'}: ${what}`;
}

/**
 * Reads a machine file.
 * @returns the machine, or every mistake as one line: where it is and what was expected there.
 */
export function parseMachineFile(text: string): MachineFile | { readonly errors: readonly string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  // What comes after the first mistake in the syntax is mostly its consequence.
  const [mistake] = document.errors;
  if (mistake) return { errors: [syntaxMistake(mistake)] };
  let values: unknown;
  try {
    values = document.toJS();
  } catch (error) {
    // An alias without its anchor, or aliases of aliases that would fill the memory.
    return { errors: [`the file: ${(error as Error).message}`] };
  }
  const result = v.safeParse(machine, values);
  if (!result.success) {
    return {
      errors: inOrder(result.issues, document).map(({ issue, offset }) => {
        const path = keysOf(issue);
        const line = offset === undefined ? '' : `line ${lines.linePos(offset).line}, `;
        const name = path
          .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
          .join('')
          .replace(/^\./, '');
        const isMissing = issue.type === 'loose_object' && path.length > 0 && issue.received === 'undefined';
        return `${line}${name || 'the file'}: ${isMissing ? 'expected this key, it is missing' : issue.message}`;
      }),
    };
  }
  const {
    kernel,
    initrd,
    append,
    bios,
    memory: memoryBytes,
    smp,
    drives,
    rng: source,
    hvc: wiring,
    balloon,
    engine,
    startTime,
    instructionTime,
    reboot,
    limits,
    idle,
    ...console
  } = result.output;
  const devices: DeviceDescription[] = [];
  if (source) {
    const { seed: number, file } = source;
    devices.push({ kind: 'rng', ...(number !== undefined && { seed: number }), ...(file !== undefined && { file }) });
  }
  if (wiring) {
    const { output, input } = wiring;
    const to = output === 'stdio' || output === 'none' ? output : { file: output };
    devices.push({ kind: 'hvc', output: to, ...(input !== undefined && { inputFile: input }) });
  }
  if (balloon) devices.push({ kind: 'balloon' });
  return {
    description: {
      bios,
      memoryBytes,
      harts: smp,
      drives: drives.map(
        ({ file, readonly, snapshot, overlay }): DriveDescription => ({
          file,
          readOnly: readonly,
          snapshot,
          ...(overlay !== undefined && { overlay }),
        }),
      ),
      ...afterDrives(drives.length, devices),
      ...(kernel !== undefined && { kernel }),
      ...(initrd !== undefined && { initrd }),
      ...(append !== undefined && { append }),
      ...(engine !== undefined && { engine }),
      ...(startTime !== undefined && { startTime }),
      ...(instructionTime !== undefined && { instructionTime }),
    },
    limits: {
      expectText: console.expectText,
      failText: console.failText,
      ...(idle !== undefined && { idle }),
      ...(limits.instructions !== undefined && { maxInstructions: limits.instructions }),
      ...(limits.seconds !== undefined && { maxSeconds: limits.seconds }),
    },
    reboots: reboot,
  };
}
