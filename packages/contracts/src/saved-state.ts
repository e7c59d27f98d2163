/** Plain data that a snapshot can hold. Numbers may be infinite, but not NaN; objects are type aliases or literals, not classes. */
export type SavedState =
  | boolean
  | number
  | string
  | Uint8Array
  | readonly SavedState[]
  | { readonly [field: string]: SavedState };
