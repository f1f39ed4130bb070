/** Which lines the charts show, from the details of the runs. */

import type { Interval, RunDetails } from "../../api/protocol";
import { type Points, positive, smoothed } from "../common/series";

export type Axis = "step" | "time";

export interface Line {
  /** Of the chart and the run, for what is switched on and off. */
  key: string;
  label: string;
  points: Points;
  /** What was measured, where `points` are smoothed. */
  raw: Points | null;
  /** Of a colour and a dash. */
  look: number;
  /** Drawn with a marker at each point. */
  marked: boolean;
}

/** Something predicted, drawn as a level with its interval. */
export interface Level {
  interval: Interval;
  look: number;
}

export interface Drawing {
  id: string;
  title: string;
  axis: Axis;
  lines: Line[];
  levels: Level[];
  bytes: boolean;
}

/** How the charts are to be drawn. */
export interface View {
  axis: Axis;
  logarithmic: boolean;
  /** 0 to 0.99: the weight of what came before. */
  smoothing: number;
}

export interface Names {
  title(metric: string, of: RunDetails["memory"]["of"]): string;
  training: string;
  evaluation: string;
}

export interface Shown {
  details: RunDetails;
  label: string;
  look: number;
}

const FIRST = ["loss", "memory", "learning_rate", "tokens_per_second", "grad_norm"];
const HIDDEN = new Set(["epoch", "eval_loss"]);

/** The charts of runs, the telling ones first; a metric that no run has gives none. */
export function drawings(runs: readonly Shown[], view: View, names: Names): Drawing[] {
  const metrics = new Set(runs.flatMap(({ details }) => Object.keys(details.series)));
  if (metrics.has("eval_loss")) metrics.add("loss");
  if (runs.some(({ details }) => details.memory.bytes.length > 0)) metrics.add("memory");
  const order = [...FIRST.filter((name) => metrics.delete(name)), ...[...metrics].sort()];
  const of = runs[0]?.details.memory.of ?? "process";
  return order
    .filter((metric) => !HIDDEN.has(metric))
    .map((metric) => ({
      id: metric,
      title: names.title(metric, of),
      axis: metric === "memory" ? "time" : view.axis,
      lines: runs.flatMap((run) => linesOf(run, metric, view, names, runs.length > 1)),
      levels: metric === "memory" ? levelsOf(runs) : [],
      bytes: metric === "memory",
    }));
}

function linesOf(run: Shown, metric: string, view: View, names: Names, several: boolean): Line[] {
  const key = `${metric} ${run.details.run.folder}`;
  if (metric === "memory") {
    const { seconds, bytes } = run.details.memory;
    const points = { x: seconds, y: bytes };
    return [{ key, label: run.label, points, raw: null, look: run.look, marked: false }];
  }
  const found: Line[] = [];
  const values = pointsOf(run.details, metric, view);
  if (values) {
    // A schedule is exact: smoothed it would only be late.
    const smooth = view.smoothing > 0 && values.x.length > 2 && metric !== "learning_rate";
    found.push({
      key,
      label: metric === "loss" && !several ? names.training : run.label,
      points: smooth ? { x: values.x, y: smoothed(values, view.smoothing) } : values,
      raw: smooth ? values : null,
      look: run.look,
      marked: false,
    });
  }
  const evaluated = metric === "loss" ? pointsOf(run.details, "eval_loss", view) : null;
  if (evaluated) {
    found.push({
      key: `eval ${key}`,
      label: several ? `${run.label}, ${names.evaluation}` : names.evaluation,
      points: evaluated,
      raw: null,
      look: several ? run.look : run.look + 1,
      marked: true,
    });
  }
  return found;
}

function pointsOf(details: RunDetails, metric: string, view: View): Points | null {
  const series = details.series[metric];
  if (!series || series.step.length === 0) return null;
  const y = view.logarithmic && metric !== "learning_rate" ? positive(series.value) : series.value;
  return { x: view.axis === "step" ? series.step : series.seconds, y };
}

function levelsOf(runs: readonly Shown[]): Level[] {
  return runs.flatMap(({ details, look }) =>
    details.run.predicted ? [{ interval: details.run.predicted, look }] : [],
  );
}

/** From the first to the last x of all lines on an axis. */
export function extent(drawn: readonly Drawing[], axis: Axis): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { lines } of drawn.filter((drawing) => drawing.axis === axis)) {
    for (const { points } of lines) {
      low = Math.min(low, points.x[0] ?? low);
      high = Math.max(high, points.x.at(-1) ?? high);
    }
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
