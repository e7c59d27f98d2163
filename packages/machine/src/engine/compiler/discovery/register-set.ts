/** Sets of guest registers: integer registers are members 0 to 31, floating-point registers 32 to 63. x0 is never a member. */
export interface RegisterSet {
  readonly x: number;
  readonly f: number;
}

export const NO_REGISTERS: RegisterSet = { x: 0, f: 0 };
export const ALL_REGISTERS: RegisterSet = { x: ~1, f: ~0 };
/** Index of the first floating-point register. */
export const FIRST_FLOAT = 32;

export const union = (a: RegisterSet, b: RegisterSet): RegisterSet => ({ x: a.x | b.x, f: a.f | b.f });
export const intersection = (a: RegisterSet, b: RegisterSet): RegisterSet => ({ x: a.x & b.x, f: a.f & b.f });
export const difference = (a: RegisterSet, b: RegisterSet): RegisterSet => ({ x: a.x & ~b.x, f: a.f & ~b.f });
export const isEqual = (a: RegisterSet, b: RegisterSet): boolean => a.x === b.x && a.f === b.f;
export const isSubset = (a: RegisterSet, b: RegisterSet): boolean => (a.x & ~b.x) === 0 && (a.f & ~b.f) === 0;

/** The members in ascending order. */
export function membersOf({ x, f }: RegisterSet): readonly number[] {
  const members: number[] = [];
  for (let register = 1; register < 32; register++) if ((x >>> register) & 1) members.push(register);
  for (let register = 0; register < 32; register++) if ((f >>> register) & 1) members.push(FIRST_FLOAT + register);
  return members;
}
