/** Columns of numbers on their way to a chart. `null` is a gap: nothing finite was measured. */

export interface Points {
  /** Ascending. */
  x: number[];
  y: (number | null)[];
}

/** About `most` points: the lowest and the highest of each stretch, both ends, and gaps. */
export function thinned(points: Points, most: number): Points {
  if (points.x.length <= most) return points;
  const kept = telling(points.y, most);
  return {
    x: kept.map((i) => points.x[i] as number),
    y: kept.map((i) => points.y[i] as number | null),
  };
}

/** The indices of the points that `thinned` keeps, ascending. */
export function telling(y: readonly (number | null)[], most: number): number[] {
  const kept: number[] = [0];
  const keep = (i: number) => {
    if (i > (kept.at(-1) as number)) kept.push(i);
  };
  const stretches = Math.max(1, Math.floor(most / 2));
  for (let s = 0; s < stretches; s++) {
    const after = Math.floor(((s + 1) * y.length) / stretches);
    let low = -1;
    let high = -1;
    let gap = -1;
    for (let i = Math.floor((s * y.length) / stretches); i < after; i++) {
      const value = y[i];
      if (value == null) {
        gap = i;
        continue;
      }
      if (low < 0 || value < (y[low] as number)) low = i;
      if (high < 0 || value > (y[high] as number)) high = i;
    }
    for (const i of [low, high, gap].sort((a, b) => a - b)) keep(i);
  }
  keep(y.length - 1);
  return kept;
}

/** What lies in `[from, to]`, with one point more on either side so that lines reach the edge. */
export function within(points: Points, from: number, to: number): Points {
  const first = Math.max(0, firstAtLeast(points.x, from) - 1);
  const after = Math.min(points.x.length, firstAtLeast(points.x, to) + 1);
  if (first === 0 && after === points.x.length) return points;
  return { x: points.x.slice(first, after), y: points.y.slice(first, after) };
}

/** The first index whose value is at least `value`; the length where there is none. */
export function firstAtLeast(x: readonly number[], value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** With more points than this, smoothing goes by how far they lie apart, not by how many they are. */
const POINTS_OF_A_PLOT = 1000;

/** An exponential mean without bias at the start. `weight` 0 changes nothing, near 1 is smoothest. */
export function smoothed({ x, y }: Points, weight: number): (number | null)[] {
  if (weight <= 0 || x.length < 2) return [...y];
  const wide = (x.at(-1) as number) - (x[0] as number) || 1;
  const density = Math.min(x.length - 1, POINTS_OF_A_PLOT) / wide;
  let [sum, weights, last] = [0, 0, x[0] as number];
  // Most steps are alike.
  let [gap, rest] = [0, 1];
  return y.map((value, i) => {
    if (value == null) return null;
    const at = x[i] as number;
    if (at - last !== gap) {
      gap = at - last;
      rest = weight ** (gap * density);
    }
    last = at;
    sum = rest * sum + value;
    weights = rest * weights + 1;
    return sum / weights;
  });
}

/** The last index whose value is at most `value`; -1 where there is none. */
export function lastAtMost(x: readonly number[], value: number): number {
  const at = firstAtLeast(x, value);
  return x[at] === value ? at : at - 1;
}

/** For a logarithmic axis: what it can't show becomes a gap. */
export function positive(y: readonly (number | null)[]): (number | null)[] {
  return y.map((value) => (value != null && value > 0 ? value : null));
}

/** The last index up to `i` at which there is a value; -1 where there is none. */
export function valueBefore(y: ArrayLike<number | null | undefined>, i: number): number {
  let at = i;
  while (at >= 0 && y[at] == null) at -= 1;
  return at;
}

/** At most `most` indices of `length` things, evenly spread, first and last among them. */
export function spread(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  const chosen = Array.from({ length: most }, (_, i) =>
    Math.round((i * (length - 1)) / (most - 1)),
  );
  return [...new Set(chosen)];
}
