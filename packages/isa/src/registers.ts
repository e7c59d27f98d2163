/** Integer registers by number as the psABI names them (x8 is also `fp`). */
export const integerRegisterNames = [
  ...['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1'],
  ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  ...['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
] as const;

/** Floating-point registers by number as the psABI names them. */
export const floatRegisterNames = [
  ...['ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1'],
  ...['fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5', 'fa6', 'fa7'],
  ...['fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11', 'ft8', 'ft9', 'ft10', 'ft11'],
] as const;

const numbersByName = (names: readonly string[], prefix: string): ReadonlyMap<string, number> =>
  new Map(
    [...names.entries()].flatMap(([number, name]) => [
      [name, number] as const,
      [`${prefix}${number}`, number] as const,
    ]),
  );

/** Numbers by ABI name (`a0`), by architectural name (`x10`), and `fp`. */
export const integerRegisterNumbers: ReadonlyMap<string, number> = new Map([
  ...numbersByName(integerRegisterNames, 'x'),
  ['fp', 8],
]);

/** Numbers by ABI name (`fa0`) and by architectural name (`f10`). */
export const floatRegisterNumbers: ReadonlyMap<string, number> = numbersByName(floatRegisterNames, 'f');

/** Rounding modes by the value of their field (F extension, table "Rounding mode encoding"); 5 and 6 are reserved. */
export const roundingModeNames: readonly (string | undefined)[] = [
  'rne',
  'rtz',
  'rdn',
  'rup',
  'rmm',
  undefined,
  undefined,
  'dyn',
];
