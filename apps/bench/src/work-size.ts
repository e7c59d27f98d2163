/** What stands before the size of the work in images that have no command line (programs/runtime/report.h). */
const MARK = new TextEncoder().encode('WORKSIZE');

/** A copy of the image with n as the size of its work. Throws Error when it does not hold the mark exactly once. */
export function withWorkSize(image: Uint8Array, n: number): Uint8Array {
  const places: number[] = [];
  for (let at = image.indexOf(MARK[0]!); at >= 0; at = image.indexOf(MARK[0]!, at + 1)) {
    if (MARK.every((byte, index) => image[at + index] === byte)) places.push(at);
  }
  if (places.length !== 1)
    throw new Error(`the image holds the mark of its work size ${places.length} times, not once`);
  const copy = image.slice();
  new DataView(copy.buffer).setUint32(places[0]! + MARK.length, n, true);
  return copy;
}

/** The checksum that a program printed, or undefined. */
export function checksumOf(output: string): string | undefined {
  return /checksum ([0-9a-f]{16})/.exec(output)?.[1];
}
