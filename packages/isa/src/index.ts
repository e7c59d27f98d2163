export { type Alias, aliases } from './alias.ts';
export { type AssembledProgram, type AssembledSection, type AssembleOptions, assemble } from './assembler/assemble.ts';
export { AssemblerError } from './assembler/assembler-error.ts';
export { CACHE_BLOCK_BYTES } from './cache-block.ts';
export { CsrAddress, csrByAddress, csrByName, csrTable } from './csr.ts';
export {
  type CsrAccess,
  type CsrDefinition,
  type CsrField,
  type CsrOptions,
  type CsrView,
  csrPrivilege,
  defineCsr,
  isCsrReadOnly,
  mergeCsrWrite,
} from './csr-definition.ts';
export type { EncodedRow } from './decode.ts';
export { describe, describeCsr, formatExpression, formatStatement } from './describe.ts';
export { type DisassembleOptions, disassemble, formatInstruction } from './disassemble.ts';
export { encode, type OperandValues } from './encode.ts';
export {
  amoResult,
  binaryOperations,
  type EvaluationState,
  evaluate,
  preparedSemantics,
  unaryOperations,
} from './evaluate.ts';
export { FloatFlag, type FloatResult, RoundingMode, resolveRoundingMode } from './float-format.ts';
export { floatOperation, floatOperationNames } from './float-operation.ts';
export type {
  AccessWidth,
  AmoOperation,
  BinaryOperation,
  Citation,
  DecodedInstruction,
  Expression,
  Instruction,
  RegisterOperand,
  Sensitivity,
  Statement,
  UnaryOperation,
} from './instruction.ts';
export {
  baseInstructions,
  builtInExtensions,
  createInstructionSet,
  defaultInstructionSet,
  type InstructionSet,
  type IsaExtension,
  selectExtensions,
} from './instruction-set.ts';
export { IsaError } from './isa-error.ts';
export type { EncodedField, EncodingLayout, FieldSegment, OperandField } from './operand-format.ts';
export { Privilege, type PrivilegeLevel } from './privilege.ts';
export { floatRegisterNames, floatRegisterNumbers, integerRegisterNames, integerRegisterNumbers } from './registers.ts';
export { type RowOptions, rowsOf } from './row.ts';
export * as semantics from './semantics.ts';
export {
  type Classification,
  type Effects,
  effectsOf,
  type SensitiveAccess,
  type SensitivityReport,
  sensitivityOf,
  sensitivityReport,
  visitStatement,
} from './sensitivity.ts';
export { formatCitation, manuals } from './spec.ts';
export { ExceptionCause, InterruptCause, trapCauseName } from './trap-cause.ts';
