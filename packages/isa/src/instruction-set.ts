import { csrTable } from './csr/csr.ts';
import { addCsrFields, type CsrDefinition } from './csr/csr-definition.ts';
import { hypervisorCsrs, hypervisorFields } from './csr/csr-hypervisor.ts';
import { hypervisorStateEnableCsrs, stateEnableCsrs } from './csr/csr-state-enable.ts';
import { checkOverlaps, createDecoder, type EncodedRow, encodedRow } from './encoding/decode.ts';
import type { DecodedInstruction, Instruction } from './instruction.ts';
import { IsaError } from './isa-error.ts';
import { zba, zbb, zbc, zbs } from './rows/bit-manipulation.ts';
import { zicbom, zicbop, zicboz } from './rows/cache-block.ts';
import { zihintpause } from './rows/hints.ts';
import { hypervisor } from './rows/hypervisor.ts';
import { privileged } from './rows/privileged.ts';
import { checkRow } from './rows/row-check.ts';
import { requireRowForm } from './rows/row-form.ts';
import { rv64a } from './rows/rv64a.ts';
import { rv64c } from './rows/rv64c.ts';
import { rv64d, rv64dCompressed } from './rows/rv64d.ts';
import { rv64f } from './rows/rv64f.ts';
import { rv64i } from './rows/rv64i.ts';
import { rv64m } from './rows/rv64m.ts';
import { svinval } from './rows/svinval.ts';
import { zacas } from './rows/zacas.ts';
import { zawrs } from './rows/zawrs.ts';
import { zfa } from './rows/zfa.ts';
import { zicond } from './rows/zicond.ts';
import { zicsr } from './rows/zicsr.ts';
import { zifencei } from './rows/zifencei.ts';
import { zcmop, zimop } from './rows/zimop.ts';

/** A named group of instructions and CSRs. The built-in extensions have the same form as those that others add. */
export interface IsaExtension {
  readonly name: string;
  readonly rows: readonly Instruction[];
  readonly csrs?: readonly CsrDefinition[];
  /** Fields that it adds to CSRs of others, by CSR name, as `defineCsr` takes them. */
  readonly csrFields?: Readonly<Record<string, string>>;
  /** Names of control operations that its rows add, which an executor must provide. */
  readonly controls?: readonly string[];
}

export interface InstructionSet {
  readonly rows: readonly Instruction[];
  readonly extensions: readonly IsaExtension[];
  /** Every control operation that a row of the set names. */
  readonly controls: readonly string[];
  /** CSRs of the base architecture and of the extensions. */
  readonly csrs: readonly CsrDefinition[];
  /**
   * The instruction in these bits, or undefined when they are none (illegal instruction). When the low two bits are not 11, the
   * low 16 bits are decoded. Results are remembered for a while: the object may be one that was given before.
   */
  decode(bits: number): DecodedInstruction | undefined;
  byName(name: string): Instruction | undefined;
  /** The row with its encoding worked out. */
  encodedByName(name: string): EncodedRow | undefined;
  csrByAddress(address: number): CsrDefinition | undefined;
  csrByName(name: string): CsrDefinition | undefined;
}

/** The extensions this package brings, in the order of the manual. */
export const builtInExtensions: readonly IsaExtension[] = [
  { name: 'I', rows: rv64i },
  { name: 'M', rows: rv64m },
  { name: 'A', rows: rv64a },
  { name: 'F', rows: rv64f },
  { name: 'D', rows: rv64d },
  { name: 'C', rows: rv64c },
  { name: 'Zcd', rows: rv64dCompressed },
  { name: 'Zicsr', rows: zicsr },
  { name: 'Zifencei', rows: zifencei },
  { name: 'Zihintpause', rows: zihintpause },
  { name: 'Zicond', rows: zicond },
  { name: 'Zimop', rows: zimop },
  { name: 'Zcmop', rows: zcmop },
  { name: 'Zicbom', rows: zicbom },
  { name: 'Zicboz', rows: zicboz },
  { name: 'Zicbop', rows: zicbop },
  { name: 'Zawrs', rows: zawrs },
  { name: 'Zacas', rows: zacas },
  { name: 'Zfa', rows: zfa },
  { name: 'Zba', rows: zba },
  { name: 'Zbb', rows: zbb },
  { name: 'Zbc', rows: zbc },
  { name: 'Zbs', rows: zbs },
  { name: 'Privileged', rows: privileged },
  { name: 'Svinval', rows: svinval },
  { name: 'Smstateen', rows: [], csrs: stateEnableCsrs },
  { name: 'H', rows: hypervisor, csrs: [...hypervisorCsrs, ...hypervisorStateEnableCsrs], csrFields: hypervisorFields },
];

/** All built-in rows. */
export const baseInstructions: readonly Instruction[] = builtInExtensions.flatMap(({ rows }) => rows);

/**
 * The named built-in extensions, to be combined with others in {@link createInstructionSet}.
 * @throws {IsaError} for a name that is none.
 */
export function selectExtensions(names: readonly string[]): readonly IsaExtension[] {
  return names.map((name) => {
    const extension = builtInExtensions.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!extension) {
      const known = builtInExtensions.map((candidate) => candidate.name).join(', ');
      throw new IsaError(`unknown extension ${name}; built in are ${known}`);
    }
    return extension;
  });
}

/**
 * Puts extensions together: everything built in unless told otherwise. To add one to the built-in ones:
 * `createInstructionSet([...builtInExtensions, mine])`.
 * @throws {IsaError} when two rows have the same name or overlapping encodings, an encoding has a wrong number of bits, or a row's
 * syntax or semantics cannot work (see row-check.ts) or are none (row-form.ts).
 */
export function createInstructionSet(extensions: readonly IsaExtension[] = builtInExtensions): InstructionSet {
  for (const extension of extensions) {
    // Those that come with the package are checked by the compiler of TypeScript.
    if (!builtInExtensions.includes(extension)) for (const row of extension.rows) requireRowForm(row);
  }
  const rows = extensions.flatMap((extension) => extension.rows);
  const encoded = rows.map(encodedRow);
  checkOverlaps(encoded);
  for (const row of encoded) checkRow(row);
  const encodedNames = uniqueMap(encoded, (row) => row.instruction.name, 'instruction');
  const csrs = [...csrTable, ...extensions.flatMap((extension) => extension.csrs ?? [])].map((csr) =>
    extensions.reduce((known, { csrFields }) => addCsrFields(known, csrFields?.[csr.name]), csr),
  );
  const csrNames = uniqueMap(csrs, (csr) => csr.name, 'CSR');
  const csrAddresses = uniqueMap(csrs, (csr) => csr.address, 'CSR address');
  const controls = new Set(extensions.flatMap((extension) => extension.controls ?? []));
  for (const row of rows) {
    for (const statement of row.semantics) if (statement.kind === 'control') controls.add(statement.operation);
  }
  return {
    rows,
    extensions,
    controls: [...controls],
    csrs,
    decode: createDecoder(encoded),
    byName: (name) => encodedNames.get(name)?.instruction,
    encodedByName: (name) => encodedNames.get(name),
    csrByAddress: (address) => csrAddresses.get(address),
    csrByName: (name) => csrNames.get(name),
  };
}

function uniqueMap<Key extends string | number, Value>(
  values: readonly Value[],
  keyOf: (value: Value) => Key,
  what: string,
): ReadonlyMap<Key, Value> {
  const map = new Map<Key, Value>();
  for (const value of values) {
    const key = keyOf(value);
    if (map.has(key)) throw new IsaError(`${what} ${key} is defined twice`);
    map.set(key, value);
  }
  return map;
}

let everything: InstructionSet | undefined;

/** The set of all built-in extensions, built at the first call and shared. */
export function defaultInstructionSet(): InstructionSet {
  everything ??= createInstructionSet();
  return everything;
}
