export { type AssembledProgram, type AssembledSection, type AssembleOptions, assemble } from './assembler/assemble.ts';
export { AssemblerError } from './assembler/assembler-error.ts';
export { elfFile } from './assembler/elf-file.ts';
export { pseudoInstructionNames } from './assembler/pseudo-instructions.ts';
export { CsrAddress, csrByAddress, csrByName, csrTable } from './csr/csr.ts';
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
} from './csr/csr-definition.ts';
export { type Alias, aliases } from './disassembler/alias.ts';
export { type DisassembleOptions, disassemble, formatInstruction } from './disassembler/disassemble.ts';
export type { EncodedRow } from './encoding/decode.ts';
export { encode, type OperandValues } from './encoding/encode.ts';
export type { EncodedField, EncodingLayout, FieldSegment, OperandField } from './encoding/operand-format.ts';
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
export { Privilege, type PrivilegeLevel } from './privilege.ts';
export { floatRegisterNames, floatRegisterNumbers, integerRegisterNames, integerRegisterNumbers } from './registers.ts';
export { CACHE_BLOCK_BYTES } from './rows/cache-block.ts';
export { type RowOptions, rowsOf } from './rows/row.ts';
export { describe, describeCsr, formatExpression, formatStatement } from './semantics/describe.ts';
export {
  amoResult,
  binaryOperations,
  type EvaluationState,
  evaluate,
  preparedSemantics,
  unaryOperations,
} from './semantics/evaluate.ts';
export { FloatFlag, type FloatResult, RoundingMode, resolveRoundingMode } from './semantics/float-format.ts';
export { floatOperation, floatOperationNames } from './semantics/float-operation.ts';
export * as semantics from './semantics/semantics.ts';
export {
  type Classification,
  type Effects,
  effectsOf,
  type SensitiveAccess,
  type SensitivityReport,
  sensitivityOf,
  sensitivityReport,
  visitStatement,
} from './semantics/sensitivity.ts';
export { formatCitation, manuals } from './spec.ts';
export { ExceptionCause, InterruptCause, trapCauseName } from './trap-cause.ts';
