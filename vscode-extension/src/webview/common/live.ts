/** A run's details, kept up to date by its events. */

import type { RunDetails, Series, Stage } from "../../api/protocol";
import { telling } from "./series";

export type Event = { kind: string; t: number } & Record<string, unknown>;

/** A series is thinned to this many points whenever it has twice as many. */
export const MOST_KEPT = 50_000;

/** Changes `details` by an event that came after them. */
export function apply(details: RunDetails, event: Event): void {
  const seconds = workingTime(details, event.t);
  details.run.seconds = seconds;
  details.run.at = event.t;
  const handler = handlers[event.kind];
  handler?.(details, event, seconds);
}

const handlers: Record<string, (details: RunDetails, event: Event, seconds: number) => void> = {
  "run-started": (details) => {
    details.run.state = "running";
    details.run.failure = null;
    details.run.resumable = false;
  },
  "stage-started": (details, event) => {
    details.run.state = "running";
    enter(details, text(event.stage));
  },
  "stage-reused": (details, event) => {
    const stage = stageOf(details, event.stage);
    if (stage) stage.state = "reused";
  },
  "stage-done": (details, event) => {
    const stage = stageOf(details, event.stage);
    if (!stage) return;
    stage.state = "done";
    stage.seconds = number(event.seconds);
    stage.left = null;
  },
  progress: (details, event) => {
    const stage = stageOf(details, event.stage);
    if (!stage) return;
    stage.done = number(event.done);
    stage.total = number(event.total);
    stage.unit = text(event.unit);
  },
  metrics: measured,
  resources: occupied,
  failure: (details, event) => {
    end(details, "failed");
    details.run.failure = {
      code: text(event.code) ?? "",
      message: text(event.message) ?? "",
      hint: text(event.hint),
    };
  },
  interrupted: (details) => end(details, "interrupted"),
  "run-done": (details, event) => {
    details.run.state = "done";
    details.run.seconds = number(event.seconds) ?? details.run.seconds;
  },
};

function occupied(details: RunDetails, event: Event, seconds: number): void {
  if (details.memory.of === "process" && number(event.device_bytes) !== null) {
    details.memory = { seconds: [], bytes: [], of: "device" };
  }
  const { memory, run } = details;
  const name =
    memory.of === "device"
      ? ["device_bytes", "device_peak_bytes"]
      : ["rss_bytes", "peak_rss_bytes"];
  const [bytes, peak] = name.map((key) => number(event[key]));
  if (bytes == null) return;
  memory.seconds.push(seconds);
  memory.bytes.push(bytes);
  run.measured = Math.max(run.measured ?? 0, peak ?? bytes);
  if (memory.bytes.length > 2 * MOST_KEPT) thinMemory(memory);
}

function measured(details: RunDetails, event: Event, seconds: number): void {
  const step = number(event.step);
  if (step == null) return;
  const values = Object.entries((event.values ?? {}) as Record<string, number | null>);
  const again = values.some(([name]) => (details.series[name]?.step.at(-1) ?? -1) >= step);
  if (again) dropFrom(details, step);
  for (const [name, value] of values) {
    let series = details.series[name];
    if (!series) {
      series = { step: [], seconds: [], value: [] };
      details.series[name] = series;
    }
    series.step.push(step);
    series.seconds.push(seconds);
    series.value.push(typeof value === "number" && Number.isFinite(value) ? value : null);
    if (series.step.length > 2 * MOST_KEPT) thinSeries(series);
  }
  better(details, values);
  details.run.step = step;
  details.run.total_steps = number(event.total_steps) ?? details.run.total_steps;
  const stage = stageOf(details, event.stage);
  if (stage) pace(stage, details, seconds);
}

/** Until there are scores the lowest evaluation loss is the best that is known of a run. */
function better({ run }: RunDetails, values: [string, number | null][]): void {
  const loss = number(values.find(([name]) => name === "eval_loss")?.[1]);
  if (loss === null || (run.best && run.best[0] !== "eval_loss")) return;
  run.best = ["eval_loss", Math.min(loss, run.best?.[1] ?? loss)];
}

/** A resumed run computes steps again: the earlier measurements of them are superseded. */
function dropFrom(details: RunDetails, step: number): void {
  for (const series of Object.values(details.series)) {
    const first = series.step.findIndex((s) => s >= step);
    if (first < 0) continue;
    for (const column of [series.step, series.seconds, series.value]) column.length = first;
  }
}

/** The time left, by the pace of the last quarter of the steps that were measured. */
function pace(stage: Stage, details: RunDetails, seconds: number): void {
  const { step, total_steps: total } = details.run;
  const known = details.series.loss;
  if (step == null || total == null || !known || known.step.length < 2) return;
  const from = Math.floor(known.step.length * 0.75) - 1;
  const earlier = Math.max(0, from);
  const steps = step - (known.step[earlier] as number);
  if (steps > 0) {
    stage.left = ((total - step) * (seconds - (known.seconds[earlier] as number))) / steps;
  }
  stage.done = step;
  stage.total = total;
}

function enter(details: RunDetails, name: string | null): void {
  const entered = stageOf(details, name);
  if (!entered) return;
  details.run.stage = entered.name;
  entered.state = "running";
  entered.done = null;
  entered.total = null;
  entered.left = null;
}

function end(details: RunDetails, state: "failed" | "interrupted"): void {
  details.run.state = state;
  for (const stage of details.stages) {
    if (stage.state !== "running") continue;
    stage.state = state === "failed" ? "failed" : "stopped";
    stage.left = null;
  }
}

function workingTime(details: RunDetails, t: number): number {
  const { at, seconds } = details.run;
  return Math.max(0, (seconds ?? 0) + (at == null ? 0 : Math.max(0, t - at)));
}

function stageOf(details: RunDetails, name: unknown): Stage | undefined {
  return details.stages.find((stage) => stage.name === name);
}

function thinSeries(series: Series): void {
  const kept = telling(series.value, MOST_KEPT);
  series.step = kept.map((i) => series.step[i] as number);
  series.seconds = kept.map((i) => series.seconds[i] as number);
  series.value = kept.map((i) => series.value[i] as number | null);
}

function thinMemory(memory: RunDetails["memory"]): void {
  const kept = telling(memory.bytes, MOST_KEPT);
  memory.seconds = kept.map((i) => memory.seconds[i] as number);
  memory.bytes = kept.map((i) => memory.bytes[i] as number);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
