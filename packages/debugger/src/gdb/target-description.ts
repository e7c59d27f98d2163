import type { DebugRegister } from '../registers.ts';

/** fflags, frm and fcsr: gdb looks for them beside the floating-point registers. */
const floatCsrs = new Set(['fflags', 'frm', 'fcsr']);
const pointerTypes: Readonly<Record<string, string>> = {
  pc: 'code_ptr',
  ra: 'code_ptr',
  sp: 'data_ptr',
  gp: 'data_ptr',
  tp: 'data_ptr',
};

/** The registers as gdb's target description (gdb manual, "RISC-V Features"). */
export function targetDescription(registers: readonly DebugRegister[]): string {
  const register = ({ name, number, kind }: DebugRegister): string => {
    const type = kind === 'float' ? 'ieee_double' : kind === 'csr' ? 'uint64' : (pointerTypes[name] ?? 'int');
    const extra = kind === 'csr' && !floatCsrs.has(name) ? ' save-restore="no" group="csr"' : '';
    const group = kind === 'float' ? ' group="float"' : '';
    return `<reg name="${name}" bitsize="64" type="${type}" regnum="${number}"${group}${extra}/>`;
  };
  const feature = (name: string, members: readonly DebugRegister[]): string =>
    members.length === 0
      ? ''
      : `<feature name="org.gnu.gdb.riscv.${name}">\n${members.map(register).join('\n')}\n</feature>\n`;
  const isFloat = ({ name, kind }: DebugRegister): boolean => kind === 'float' || floatCsrs.has(name);
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>riscv:rv64</architecture>
${feature(
  'cpu',
  registers.filter(({ kind }) => kind === 'integer'),
)}${feature('fpu', registers.filter(isFloat))}${feature(
  'csr',
  registers.filter((each) => each.kind === 'csr' && !isFloat(each)),
)}${feature(
  'virtual',
  registers.filter(({ kind }) => kind === 'privilege'),
)}</target>
`;
}
