/** How a chart looks: uPlot's settings. */

import type uPlot from "uplot";
import { clock, count, figure, size } from "../common/numbers";
import type { Points } from "../common/series";
import { DASHES, faded, type Theme } from "../common/theme";
import type { Drawing, Level, Line } from "./lines";

export type Range = [number, number];

export interface Drawn {
  line: Line;
  points: Points;
  /** What was measured, behind its smoothed line. */
  faint: boolean;
}

export interface Wiring {
  width: number;
  height: number;
  range(): Range;
  levels(): readonly Level[];
  predicted(bytes: number): string;
  zoom(range: Range | null): void;
  moved(): void;
}

const CLOCK_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800,
  604800,
];
const POINTS_WITH_MARKERS = 60;

export function settings(
  drawing: Drawing,
  drawn: readonly Drawn[],
  logarithmic: boolean,
  look: Theme,
  wiring: Wiring,
): uPlot.Options {
  const log = logarithmic && drawing.id !== "memory" && drawing.id !== "learning_rate";
  const axis: uPlot.Axis = {
    stroke: look.soft,
    font: `11px ${look.font}`,
    grid: { stroke: faded(look.grid, look.contrast ? 0.35 : 0.22), width: 1 },
    ticks: { show: false },
  };
  const across: Partial<uPlot.Axis> =
    drawing.axis === "step"
      ? { values: (_, at) => at.map((v) => (Number.isInteger(v) ? count(v) : "")), space: 60 }
      : { values: (_, at) => at.map(clock), incrs: CLOCK_STEPS, space: 60 };
  const amount = drawing.bytes ? size : figure;
  return {
    width: wiring.width,
    height: wiring.height,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => wiring.range() },
      y: log
        ? { distr: 3, log: 10 }
        : { range: (_, low, high) => span(drawing, wiring, low, high) },
    },
    axes: [
      { ...axis, ...across, size: 22, gap: 4, grid: { show: false } },
      {
        ...axis,
        size: 54,
        gap: 6,
        space: 32,
        values: (_, at) => at.map((v) => (v == null ? "" : amount(v))),
      },
    ],
    cursor: {
      sync: {
        key: `pitchpipe-${drawing.axis}`,
        setSeries: false,
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
      },
      y: false,
      points: { size: 7, width: 2, fill: look.background },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      bind: {
        dblclick: () => () => {
          wiring.zoom(null);
          return null;
        },
      },
    },
    series: [{}, ...drawn.map((one) => series(one, look))],
    hooks: {
      drawClear: [(u) => drawLevels(u, wiring, look)],
      setCursor: [() => wiring.moved()],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < 4) return;
          const range: Range = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          wiring.zoom(range);
        },
      ],
    },
  };
}

function series({ line, points, faint }: Drawn, look: Theme): uPlot.Series {
  const colour = look.colour(line.look);
  const few = points.x.length < 3;
  const dash = [...(DASHES[line.look % DASHES.length] ?? [])];
  return {
    stroke: faint ? faded(colour, look.contrast ? 0.5 : 0.3) : colour,
    width: faint ? 1 : look.contrast ? 2 : 1.6,
    ...(look.contrast && !faint && dash.length > 0 ? { dash } : {}),
    points: {
      show: (u, _, from, to) => !faint && (few || (line.marked && inView(u, points, from, to))),
      size: 6,
      width: 1.5,
      stroke: colour,
      fill: line.marked ? look.background : colour,
    },
  };
}

function inView(u: uPlot, points: Points, from: number, to: number): boolean {
  const [low, high] = [u.data[0][from] ?? 0, u.data[0][to] ?? 0];
  let seen = 0;
  for (const x of points.x) {
    if (x >= low && x <= high) seen += 1;
    if (seen > POINTS_WITH_MARKERS) return false;
  }
  return true;
}

/** From 0, unless that would flatten the curve of a loss. */
function span(
  drawing: Drawing,
  wiring: Wiring,
  low: number | null,
  high: number | null,
): [number, number] {
  const predicted = wiring.levels().map(({ interval }) => interval.high);
  if ((low == null || high == null) && predicted.length === 0) return [0, 1];
  const top = Math.max(high ?? 0, ...predicted);
  const bottom = low ?? 0;
  if (bottom < 0) return [bottom - (top - bottom) * 0.08, top + (top - bottom) * 0.08];
  const near = drawing.id !== "memory" && drawing.id !== "learning_rate" && bottom > top / 2;
  const from = near ? bottom - (top - bottom || top) * 0.15 : 0;
  return [from, top + (top - from) * 0.08 || 1];
}

/** What was predicted: a band from low to high, and a line where it is likely. */
function drawLevels(u: uPlot, wiring: Wiring, look: Theme): void {
  const levels = wiring.levels();
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { interval, look: index } of levels) {
    const at = (bytes: number) => Math.round(u.valToPos(bytes, "y", true));
    const [low, likely, high] = [at(interval.low), at(interval.likely), at(interval.high)];
    const colour = levels.length === 1 ? look.colour(1) : look.colour(index);
    ctx.fillStyle = faded(colour, 0.13);
    if (levels.length === 1) ctx.fillRect(bbox.left, high, bbox.width, Math.max(low - high, 1));
    ctx.strokeStyle = colour;
    ctx.lineWidth = (look.contrast ? 2 : 1.25) * ratio;
    ctx.setLineDash([6 * ratio, 4 * ratio]);
    level(ctx, bbox, likely);
    if (look.contrast && levels.length === 1) {
      ctx.lineWidth = ratio;
      ctx.setLineDash([ratio, 3 * ratio]);
      level(ctx, bbox, low);
      level(ctx, bbox, high);
    }
    if (levels.length > 1) continue;
    ctx.fillStyle = look.foreground;
    ctx.font = `${11 * ratio}px ${look.font}`;
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    const right = bbox.left + bbox.width - 4 * ratio;
    ctx.fillText(wiring.predicted(interval.likely), right, likely - 3 * ratio);
  }
  ctx.restore();
}

function level(ctx: CanvasRenderingContext2D, bbox: uPlot.BBox, y: number): void {
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
}
