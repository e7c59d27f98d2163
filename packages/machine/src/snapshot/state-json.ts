import type { SavedState } from '@worldswitch/contracts';
import { SnapshotError } from '../errors.ts';

/** Fields with these names stand for what JSON has no word for. */
const BYTES = '$bytes';
const INFINITE = '$infinite';
const SLICE = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += SLICE) binary += String.fromCharCode(...bytes.subarray(at, at + SLICE));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A state as JSON text. */
export function encodeState(state: SavedState): string {
  return JSON.stringify(state, (_field, value: unknown) => {
    if (value instanceof Uint8Array) return { [BYTES]: toBase64(value) };
    if (value === Number.POSITIVE_INFINITY) return { [INFINITE]: true };
    return value;
  });
}

/** The reverse of `encodeState`. Throws SnapshotError for what is no JSON. */
export function decodeState(text: string, where: string): SavedState {
  try {
    return JSON.parse(text, (_field, value: unknown) => {
      if (typeof value !== 'object' || value === null) return value;
      if (BYTES in value) return fromBase64(String(value[BYTES]));
      return INFINITE in value ? Number.POSITIVE_INFINITY : value;
    });
  } catch (error) {
    throw new SnapshotError(where, `it cannot be read as JSON (${(error as Error).message})`);
  }
}

const describe = (value: unknown): string => {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : `${typeof value} ${String(value)}`;
};

/**
 * Checks that a state has the form of another one: the same fields, kinds and lengths. An empty list of bytes in the model allows
 * any length, `outer` leaves out what is inside of objects in lists. Throws SnapshotError that names the place.
 */
export function requireForm(value: unknown, model: SavedState, where: string, depth: 'all' | 'outer' = 'all'): void {
  const fail: (expected: string) => never = (expected) => {
    throw new SnapshotError(where, `expected ${expected}, found ${describe(value)}`);
  };
  if (model instanceof Uint8Array) {
    if (!(value instanceof Uint8Array)) fail('bytes');
    if (model.length > 0 && value.length !== model.length) fail(describe(model));
  } else if (Array.isArray(model)) {
    if (!Array.isArray(value) || value.length !== model.length) fail(describe(model));
    model.forEach((item, index) => {
      if (depth === 'all') requireForm(value[index], item, `${where}[${index}]`);
    });
  } else if (typeof model === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
      fail('an object');
    }
    const fields = Object.keys(model);
    const unknown = Object.keys(value).filter((field) => !fields.includes(field));
    if (unknown.length > 0)
      throw new SnapshotError(where, `it has what this version does not know: ${unknown.join(', ')}`);
    for (const [field, item] of Object.entries(model)) {
      requireForm((value as Record<string, unknown>)[field], item, `${where}.${field}`, depth);
    }
  } else if (typeof model === 'number') {
    const isInfinite = value === Number.POSITIVE_INFINITY && model === Number.POSITIVE_INFINITY;
    if (!Number.isSafeInteger(value) && !isInfinite) fail('a whole number');
    // -1 stands for none.
    if ((value as number) < -1) fail('at least -1');
  } else if (typeof value !== typeof model) fail(`a ${typeof model}`);
}
