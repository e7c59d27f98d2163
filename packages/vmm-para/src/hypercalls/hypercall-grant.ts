import { operateGrantTable } from '../memory/grant-table.ts';

export function grantTableOp(): number {
  return operateGrantTable();
}
