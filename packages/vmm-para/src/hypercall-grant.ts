import { operateGrantTable } from './grant-table.ts';

export function grantTableOp(): number {
  return operateGrantTable();
}
