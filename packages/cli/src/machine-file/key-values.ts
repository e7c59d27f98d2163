/** One `key=value` of a list with commas; a word without `=` has no value. */
export interface KeyValue {
  readonly key: string;
  readonly value: string | undefined;
}

/** Splits `file=a,,b.img,readonly=on` as QEMU does: two commas stand for one. */
export function keyValues(text: string): KeyValue[] {
  const parts = text
    .replaceAll(',,', '\0')
    .split(',')
    .map((part) => part.replaceAll('\0', ','));
  return parts.map((part) => {
    const at = part.indexOf('=');
    return at < 0 ? { key: part, value: undefined } : { key: part.slice(0, at), value: part.slice(at + 1) };
  });
}

/** on/off and their other spellings; undefined for anything else. */
export function onOff(value: string | undefined): boolean | undefined {
  if (value === undefined || value === 'on' || value === 'true' || value === 'yes') return true;
  return value === 'off' || value === 'false' || value === 'no' ? false : undefined;
}
