import type { AmoOperation, Instruction } from '../instruction.ts';
import { amo, loadReserved, local, rs1, rs2, setX, storeConditional } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const reservation = rowsOf('A', 'unprivileged', 'Extension for Load-Reserved/Store-Conditional Instructions');
const memoryOperation = rowsOf('A', 'unprivileged', 'Extension for Atomic Memory Operations');

const funct3Of = { 4: '010', 8: '011' } as const;
const suffixOf = { 4: 'w', 8: 'd' } as const;
const nounOf = { 4: 'word', 8: 'doubleword' } as const;

const reservationRows = (width: 4 | 8): Instruction[] => [
  reservation(
    `lr.${suffixOf[width]}`,
    'AMO',
    `00010 a l 00000 sssss ${funct3Of[width]} ddddd 0101111`,
    'rd, (rs1)',
    `Load ${nounOf[width]} and reserve its address.`,
    [loadReserved(width, rs1, 'value'), setX(local('value'))],
  ),
  reservation(
    `sc.${suffixOf[width]}`,
    'AMO',
    `00011 a l ttttt sssss ${funct3Of[width]} ddddd 0101111`,
    'rd, rs2, (rs1)',
    `Store ${nounOf[width]} if the reservation holds; rd is 0 on success, 1 on failure.`,
    [storeConditional(width, rs1, rs2, 'failed'), setX(local('failed'))],
  ),
];

const memoryOperationRow = (operation: AmoOperation, width: 4 | 8, funct5: string, verb: string): Instruction =>
  memoryOperation(
    `amo${operation}.${suffixOf[width]}`,
    'AMO',
    `${funct5} a l ttttt sssss ${funct3Of[width]} ddddd 0101111`,
    'rd, rs2, (rs1)',
    `Atomically ${verb} memory ${nounOf[width]} and rs2; rd receives the old value.`,
    [amo(operation, width, rs1, rs2, 'old'), setX(local('old'))],
  );

const memoryOperationRows = (width: 4 | 8): Instruction[] => [
  memoryOperationRow('swap', width, '00001', 'swap'),
  memoryOperationRow('add', width, '00000', 'add'),
  memoryOperationRow('xor', width, '00100', 'exclusive-or'),
  memoryOperationRow('and', width, '01100', 'and'),
  memoryOperationRow('or', width, '01000', 'or'),
  memoryOperationRow('min', width, '10000', 'take the signed minimum of'),
  memoryOperationRow('max', width, '10100', 'take the signed maximum of'),
  memoryOperationRow('minu', width, '11000', 'take the unsigned minimum of'),
  memoryOperationRow('maxu', width, '11100', 'take the unsigned maximum of'),
];

/** A (unprivileged ISA, "Extension for Atomic Instructions"): Zalrsc and Zaamo. */
export const rv64a: readonly Instruction[] = [
  ...reservationRows(4),
  ...memoryOperationRows(4),
  ...reservationRows(8),
  ...memoryOperationRows(8),
];
