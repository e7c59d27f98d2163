/** A figure at a time. */
export interface Point {
  readonly minutes: number;
  readonly value: number;
}

/** Slope of the line of least squares: value per hour. 0 for fewer than two points, and for points of one time. */
export function slopePerHour(points: readonly Point[]): number {
  const meanTime = points.reduce((sum, { minutes }) => sum + minutes, 0) / points.length;
  const meanValue = points.reduce((sum, { value }) => sum + value, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const { minutes, value } of points) {
    covariance += (minutes - meanTime) * (value - meanValue);
    variance += (minutes - meanTime) ** 2;
  }
  return variance > 0 ? (covariance / variance) * 60 : 0;
}

/**
 * The least value of each of `windows` equal parts of the time: what is in use when the collector has just been. The time before
 * `from` is left out, as caches fill then.
 */
export function floors(points: readonly Point[], from: number, windows: number): Point[] {
  const later = points.filter(({ minutes }) => minutes >= from);
  const first = later[0]?.minutes ?? 0;
  const span = (later.at(-1)?.minutes ?? 0) - first;
  const lowest: Point[] = [];
  for (const point of later) {
    const window = span > 0 ? Math.min(Math.floor(((point.minutes - first) / span) * windows), windows - 1) : 0;
    const before = lowest[window];
    if (!before || point.value < before.value) lowest[window] = point;
  }
  return lowest.filter((point) => point !== undefined);
}
