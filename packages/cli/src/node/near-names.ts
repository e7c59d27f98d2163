const SHOWN = 4;

/** Names as they are compared: dots, dashes and capitals are what people mix up most. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** How many letters must be put in, taken out, changed or exchanged with their neighbour to make one name the other. */
function distance(from: string, to: string): number {
  const width = to.length + 1;
  const cost = Array.from({ length: (from.length + 1) * width }, (_, at) => (at < width ? at : 0));
  for (let i = 1; i <= from.length; i++) {
    cost[i * width] = i;
    for (let j = 1; j <= to.length; j++) {
      const at = i * width + j;
      const isSame = from[i - 1] === to[j - 1];
      let least = Math.min(cost[at - 1]! + 1, cost[at - width]! + 1, cost[at - width - 1]! + (isSame ? 0 : 1));
      const isExchanged = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isExchanged) least = Math.min(least, cost[at - 2 * width - 2]! + 1);
      cost[at] = least;
    }
  }
  return cost.at(-1)!;
}

/** Whether one name goes on where the other ends: `sfence` for `sfence.vma`, `lr.w.aqrl` for `lr.w`. */
const isBegun = (a: string, b: string): boolean =>
  a !== b && Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));

/** The names that someone may have meant who typed another one, the nearest first. */
function nearNames(typed: string, names: readonly string[]): readonly string[] {
  const wanted = plain(typed);
  const allowed = wanted.length > 6 ? 2 : 1;
  return [...new Set(names)]
    .map((name) => ({ name, far: isBegun(wanted, plain(name)) ? 1 : distance(wanted, plain(name)) }))
    .filter(({ far }) => far <= allowed)
    .sort((a, b) => a.far - b.far)
    .filter(({ far }, _index, [nearest]) => far === nearest?.far)
    .slice(0, SHOWN)
    .map(({ name }) => name);
}

/** The same as the end of a sentence, empty when no name is near. */
export function orNearOnes(typed: string, names: readonly string[]): string {
  const near = nearNames(typed, names);
  if (near.length === 0) return '';
  return near.length === 1 ? `; near to it is ${near[0]}` : `; near to it are ${near.join(', ')}`;
}
