import { csrTable } from '@worldswitch/isa';
import { code, hex, table } from './markdown-table.ts';
import { createReferenceMachine } from './reference-machine.ts';

const modes = ['U', 'S', '', 'M'];
/** Numbered families are one row. */
const family = /^(pmpcfg|pmpaddr|m?hpmcounter|mhpmevent|[mhs]stateen)\d+$/;

export function csrPage(): string {
  const machine = createReferenceMachine();
  const seen = new Set<string>();
  const rows: string[][] = [];
  for (const csr of csrTable) {
    if (!machine.hart.csrs.has(csr.address)) continue;
    const name = family.exec(csr.name)?.[1];
    if (name !== undefined && seen.has(name)) continue;
    if (name !== undefined) seen.add(name);
    const fields = csr.fields.map((field) => field.name).join(' ');
    rows.push([
      code(name === undefined ? csr.name : `${csr.name} …`),
      hex(csr.address),
      `${modes[csr.privilege] ?? ''}${csr.readOnly ? ', read-only' : ''}`,
      csr.summary,
      fields,
    ]);
  }
  machine.dispose();
  return [
    '# Control and status registers',
    'The CSRs of the default machine, from the table that it reads and writes them by.',
    table(['CSR', 'address', 'from mode', 'meaning', 'fields'], rows),
  ].join('\n\n');
}
