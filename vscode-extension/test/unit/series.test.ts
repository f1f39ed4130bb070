import { describe, expect, it } from "vitest";
import {
  firstAtLeast,
  lastAtMost,
  positive,
  smoothed,
  spread,
  thinned,
  valueBefore,
  within,
} from "../../src/webview/common/series";

const line = (length: number, y: (i: number) => number | null) => ({
  x: Array.from({ length }, (_, i) => i),
  y: Array.from({ length }, (_, i) => y(i)),
});

describe("thinned", () => {
  it("leaves few points alone", () => {
    const points = line(10, (i) => i);
    expect(thinned(points, 10)).toBe(points);
  });

  it("keeps both ends, every spike and every gap", () => {
    const points = line(100_000, (i) =>
      i === 40_123 ? 99 : i === 70_001 ? null : Math.sin(i / 500),
    );
    const kept = thinned(points, 2000);
    expect(kept.x.length).toBeLessThanOrEqual(2003);
    expect([kept.x[0], kept.x.at(-1)]).toEqual([0, 99_999]);
    expect(kept.y[kept.x.indexOf(40_123)]).toBe(99);
    expect(kept.y[kept.x.indexOf(70_001)]).toBeNull();
  });

  it("keeps x ascending without doubles", () => {
    const { x } = thinned(
      line(5000, (i) => (i * 7919) % 13),
      300,
    );
    expect(x.every((value, i) => i === 0 || value > (x[i - 1] as number))).toBe(true);
  });

  it("keeps the mean extremes of every stretch", () => {
    const points = line(1000, (i) => (i % 2 ? i : -i));
    const kept = thinned(points, 100);
    expect(Math.max(...(kept.y as number[]))).toBe(999);
    expect(Math.min(...(kept.y as number[]))).toBe(-998);
  });
});

describe("within", () => {
  const points = line(11, (i) => i * i);

  it("takes a neighbour on either side", () => {
    expect(within(points, 3.5, 6).x).toEqual([3, 4, 5, 6]);
    expect(within(points, 4, 6.5).x).toEqual([3, 4, 5, 6, 7]);
  });

  it("gives all of it back where nothing lies outside", () => {
    expect(within(points, -1, 20)).toBe(points);
  });
});

describe("indices", () => {
  it("finds values by halving", () => {
    const x = [1, 3, 3, 8];
    expect([0, 3, 4, 9].map((v) => firstAtLeast(x, v))).toEqual([0, 1, 3, 4]);
    expect([0, 1, 2, 8, 9].map((v) => lastAtMost(x, v))).toEqual([-1, 0, 0, 3, 3]);
  });

  it("looks back over gaps", () => {
    const y = [null, 2, undefined, null];
    expect([0, 1, 3].map((i) => valueBefore(y, i))).toEqual([-1, 1, 1]);
  });

  it("spreads evenly with both ends", () => {
    expect(spread(3, 5)).toEqual([0, 1, 2]);
    expect(spread(101, 5)).toEqual([0, 25, 50, 75, 100]);
  });
});

describe("smoothed", () => {
  it("changes nothing at weight 0", () => {
    expect(smoothed({ x: [1, 2, 3], y: [3, null, 1] }, 0)).toEqual([3, null, 1]);
  });

  it("has no bias at the start and keeps gaps", () => {
    const [first, gap, last] = smoothed({ x: [1, 2, 3], y: [4, null, 4] }, 0.9);
    expect(gap).toBeNull();
    expect([first, last]).toEqual([4, 4]);
    expect(smoothed({ x: [1, 2], y: [0, 1] }, 0.5)[1]).toBeCloseTo(2 / 3);
  });

  it("counts what is far away less", () => {
    const near = smoothed({ x: [0, 1, 10], y: [0, 1, 1] }, 0.5)[1] as number;
    const far = smoothed({ x: [0, 9, 10], y: [0, 1, 1] }, 0.5)[1] as number;
    expect(far).toBeGreaterThan(near);
  });

  it("is as smooth with many points as with few", () => {
    const noise = (length: number) => {
      const y = smoothed(
        line(length, (i) => (i * 7919) % 101),
        0.9,
      ) as number[];
      const late = y.slice(length / 2);
      return Math.max(...late) - Math.min(...late);
    };
    expect(noise(50_000)).toBeLessThan(noise(1000) / 3);
  });
});

it("a logarithmic axis shows nothing at or below 0", () => {
  expect(positive([1, 0, -2, null])).toEqual([1, null, null, null]);
});
