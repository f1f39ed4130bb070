import { expect, test } from "vitest";
import {
  axis,
  clock,
  count,
  duration,
  figure,
  percent,
  short,
  size,
} from "../../src/webview/common/numbers";

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [999.6, "1 kB"],
  [1.94e9, "1.94 GB"],
  [25.77e9, "25.8 GB"],
  [-3e6, "-3 MB"],
  [2e15, "2000 TB"],
  [null, "–"],
])("%d bytes are %s", (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test.each([
  [0.41, "0.4 s"],
  [42.4, "42 s"],
  [59.7, "1 min 00 s"],
  [192, "3 min 12 s"],
  [3725, "1 h 02 min"],
  [273_600, "3 d 4 h"],
  [null, "–"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [1.23456, "1.235"],
  [0.00012, "1.2e-4"],
  [12_345_678, "1.23e7"],
  [815.62, "815.6"],
  [0, "0"],
  [null, "–"],
])("%d is written %s", (value, text) => {
  expect(figure(value)).toBe(text);
});

test("counts, shares and times of an axis", () => {
  expect([count(1240), count(null)]).toEqual(["1,240", "–"]);
  expect([short(950), short(18.5e6), short(3.09e9)]).toEqual(["950", "18.5 M", "3.09 B"]);
  expect([percent(0.006), percent(0.62), percent(0)]).toEqual(["0.6 %", "62 %", "0 %"]);
  expect([clock(42), clock(192), clock(3725)]).toEqual(["0:42", "3:12", "1:02:05"]);
});

test.each([
  [58.4, [0, 20, 40, 60]],
  [10, [0, 2, 4, 6, 8, 10]],
  [0, [0, 1]],
])("an axis to %d has the marks %j", (most, ticks) => {
  expect(axis(most)).toEqual({ end: ticks.at(-1), ticks });
});
