/** Privilege levels by their encoding (privileged ISA, section "Privilege Levels"). */
export const Privilege = { user: 0, supervisor: 1, machine: 3 } as const;
export type PrivilegeLevel = (typeof Privilege)[keyof typeof Privilege];
