import type { CsrDefinition } from '../csr/csr-definition.ts';
import type { Expression, Instruction, Sensitivity, Statement } from '../instruction.ts';
import type { InstructionSet } from '../instruction-set.ts';
import { Privilege } from '../privilege.ts';

/** What an instruction may read and change, as far as its row's semantics say. */
export interface Effects {
  readonly readsMemory: boolean;
  readonly writesMemory: boolean;
  /** Names of the operations on the machine as a whole: CSR accesses, trap returns, fences ... */
  readonly machineOperations: readonly string[];
  /** Reads or writes the floating-point registers or fcsr, which mstatus.FS guards. */
  readonly usesFloatState: boolean;
}

function visitExpression(expression: Expression, visit: (expression: Expression) => void): void {
  visit(expression);
  const children: readonly (Expression | undefined)[] =
    expression.op === 'float'
      ? expression.args
      : expression.op === 'select'
        ? [expression.condition, expression.then, expression.else]
        : expression.op === 'load'
          ? [expression.address]
          : ['a' in expression ? expression.a : undefined, 'b' in expression ? expression.b : undefined];
  for (const child of children) if (child) visitExpression(child, visit);
}

/** Calls `visit` with every expression of a statement, outermost first. */
export function visitStatement(statement: Statement, visit: (expression: Expression) => void): void {
  for (const member of ['value', 'address', 'target', 'condition', 'compare'] as const) {
    const expression = (statement as Partial<Record<typeof member, Expression>>)[member];
    if (expression) visitExpression(expression, visit);
  }
}

/** Reads an instruction's effects off its semantics. */
export function effectsOf({ semantics }: Instruction): Effects {
  let readsMemory = false;
  let writesMemory = false;
  let usesFloatState = false;
  const machineOperations: string[] = [];
  for (const statement of semantics) {
    if (statement.kind === 'control') machineOperations.push(statement.operation);
    if (statement.kind === 'control' && statement.operation === 'amocas.q') readsMemory = writesMemory = true;
    if (statement.kind === 'setF') usesFloatState = true;
    if (statement.kind === 'amo' || statement.kind === 'loadReserved') readsMemory = true;
    if (statement.kind === 'amo' || statement.kind === 'store' || statement.kind === 'storeConditional')
      writesMemory = true;
    visitStatement(statement, ({ op }) => {
      if (op === 'load') readsMemory = true;
      if (op === 'f' || op === 'float') usesFloatState = true;
    });
  }
  return { readsMemory, writesMemory, machineOperations, usesFloatState };
}

/** Machine operations that change nothing but the order of memory accesses, or only enter a trap handler. */
const harmlessOperations: Readonly<Record<string, string>> = {
  fence: 'orders memory accesses only',
  'fence.i': 'orders instruction fetches only',
  ecall: 'traps at every privilege',
  ebreak: 'traps at every privilege',
  hint: 'changes nothing',
  'amocas.q': 'changes only registers and memory',
};

export interface Classification {
  readonly sensitivity: Sensitivity;
  readonly reason: string;
}

/**
 * Whether an instruction concerns a virtual machine monitor, from its row: pure register, memory and jump semantics are innocuous,
 * an operation on the machine is sensitive unless it is known to be harmless or the row says otherwise. This is a reading of the
 * table, not a proof over pairs of machine states.
 */
export function sensitivityOf(instruction: Instruction): Classification {
  const { machineOperations, readsMemory, writesMemory, usesFloatState } = effectsOf(instruction);
  const operation = machineOperations.find((name) => harmlessOperations[name] === undefined);
  if (instruction.sensitivity && instruction.sensitivity !== 'innocuous') {
    return {
      sensitivity: instruction.sensitivity,
      reason: `acts on machine state: ${operation ?? 'see its semantics'}`,
    };
  }
  if (operation !== undefined && instruction.sensitivity === undefined) {
    return { sensitivity: 'control-sensitive', reason: `acts on machine state: ${operation}` };
  }
  const harmless = machineOperations.map((name) => harmlessOperations[name]).find((reason) => reason !== undefined);
  if (harmless !== undefined) return { sensitivity: 'innocuous', reason: harmless };
  const state = [
    'registers',
    ...(usesFloatState ? ['floating-point state'] : []),
    ...(readsMemory || writesMemory ? ['memory'] : []),
  ];
  return { sensitivity: 'innocuous', reason: `changes only ${state.join(', ')}` };
}

export interface SensitiveAccess {
  readonly csr: CsrDefinition;
  /** Reading or writing it in user mode traps, because its address demands more privilege. */
  readonly trapsInUserMode: boolean;
  /** Writing it traps at every privilege. */
  readonly isReadOnly: boolean;
}

export interface SensitivityReport {
  readonly innocuous: readonly Instruction[];
  readonly sensitive: readonly { readonly instruction: Instruction; readonly classification: Classification }[];
  /**
   * Sensitive instructions that the table lets user mode execute: CSR instructions stand here because the CSR's address decides.
   * What remains beside them would break trap-and-emulate.
   */
  readonly sensitiveInUserMode: readonly Instruction[];
  /** CSR by CSR: what an access from user mode does. */
  readonly csrAccesses: readonly SensitiveAccess[];
}

/** The classification of a whole set, from its rows and CSRs. */
export function sensitivityReport(set: InstructionSet): SensitivityReport {
  const classified = set.rows.map((instruction) => ({ instruction, classification: sensitivityOf(instruction) }));
  const sensitive = classified.filter(({ classification }) => classification.sensitivity !== 'innocuous');
  return {
    innocuous: classified.filter((entry) => !sensitive.includes(entry)).map(({ instruction }) => instruction),
    sensitive,
    sensitiveInUserMode: sensitive
      .map(({ instruction }) => instruction)
      .filter(({ privilege }) => (privilege ?? Privilege.user) === Privilege.user),
    csrAccesses: set.csrs.map((csr) => ({
      csr,
      trapsInUserMode: csr.privilege > Privilege.user,
      isReadOnly: csr.readOnly,
    })),
  };
}
