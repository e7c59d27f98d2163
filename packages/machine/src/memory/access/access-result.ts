/** Results of slow paths, as compiled code sees them. */
export const AccessResult = { done: 0, fault: 1, leave: 2 } as const;
export type AccessResult = (typeof AccessResult)[keyof typeof AccessResult];

export type Width = 1 | 2 | 4 | 8;
