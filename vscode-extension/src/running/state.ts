/** A run as its events tell it, one after the other. */

import type { Interval, Run, RunDetails, RunEvent, RunState } from "../api/protocol";

export type Event = RunEvent["event"];

/** How far a stage is. `first` and `since`: where and when its process began to count. */
export interface Progress {
  done: number;
  /** Null: not known. */
  total: number | null;
  unit: string;
  first: number;
  since: number;
  at: number;
}

export interface Live {
  readonly folder: string;
  readonly id: string;
  readonly smoke: boolean;
  readonly state: RunState;
  readonly stage: string | null;
  readonly step: number | null;
  readonly totalSteps: number | null;
  readonly loss: number | null;
  readonly progress: Progress | null;
  /** Seconds until the stage is done, as somebody else knew; `left` knows better once it can. */
  readonly told: number | null;
  /** Of the device, else of the process. */
  readonly bytes: number | null;
  readonly predicted: Interval | null;
  /** When it last said something. */
  readonly at: number | null;
  /** Null until it ends. */
  readonly exitCode: number | null;
}

/** Exit codes of the runner, and what stands for an end without any. */
export const EXIT = { done: 0, wrongFile: 1, wrongEnvironment: 2, failed: 3, interrupted: 130 };

export function goesOn(state: RunState): boolean {
  return state === "running" || state === "waiting";
}

/** A run that nothing is known of but its folder. */
export function blank(folder: string): Live {
  return {
    folder,
    id: folder.split(/[\\/]/).pop() ?? folder,
    smoke: false,
    state: "waiting",
    stage: null,
    step: null,
    totalSteps: null,
    loss: null,
    progress: null,
    told: null,
    bytes: null,
    predicted: null,
    at: null,
    exitCode: null,
  };
}

/** A run as a list has it, and its details where they were asked for. */
export function known(run: Run, details?: RunDetails): Live {
  const losses = details?.series.loss?.value ?? [];
  const stage = details?.stages.find((one) => one.state === "running");
  return {
    ...blank(run.folder),
    id: run.id,
    smoke: run.smoke,
    state: run.state,
    stage: run.stage,
    step: run.step,
    totalSteps: run.total_steps,
    loss: losses[losses.length - 1] ?? null,
    told: stage?.left ?? null,
    bytes: details?.memory.bytes.at(-1) ?? null,
    predicted: run.predicted,
    at: run.at,
    exitCode: goesOn(run.state) ? null : exitCodeOf(run.state),
  };
}

function exitCodeOf(state: RunState): number {
  if (state === "done") return EXIT.done;
  return state === "interrupted" ? EXIT.interrupted : EXIT.failed;
}

/** The run after one more event. Unknown kinds, and kinds of another version, change nothing. */
export function after(run: Live, event: Event): Live {
  const told = { ...run, at: numeric(event.t) ?? run.at };
  switch (event.kind) {
    case "run-started":
      return {
        ...told,
        smoke: event.smoke === true,
        state: "running",
        stage: null,
        progress: null,
        told: null,
        exitCode: null,
      };
    case "stage-started":
      return { ...told, stage: text(event.stage), progress: null, told: null };
    case "progress":
      return progressed(told, event);
    case "metrics":
      return {
        ...told,
        step: numeric(event.step) ?? run.step,
        totalSteps: numeric(event.total_steps) ?? run.totalSteps,
        loss: numeric(record(event.values).loss) ?? run.loss,
      };
    case "resources":
      return {
        ...told,
        bytes: numeric(event.device_bytes) ?? numeric(event.rss_bytes) ?? run.bytes,
      };
    case "prediction":
      return { ...told, predicted: (event.device ?? event.process ?? null) as Interval | null };
    case "failure":
      return ended(told, "failed", numeric(event.exit_code) ?? EXIT.failed);
    case "interrupted":
      return ended(told, "interrupted", EXIT.interrupted);
    case "run-done":
      return ended(told, "done", EXIT.done);
    default:
      return told;
  }
}

/** A run that ended; `exitCode` is what its process's would be. */
export function ended(run: Live, state: RunState, exitCode = exitCodeOf(state)): Live {
  return { ...run, state, progress: null, told: null, exitCode };
}

function progressed(run: Live, event: Event): Live {
  const [done, unit] = [numeric(event.done), text(event.unit)];
  if (done === null || unit === null) return run;
  const [total, at, before] = [numeric(event.total), event.t, run.progress];
  const progress: Progress =
    before === null || before.unit !== unit || done < before.done
      ? { done, total, unit, first: done, since: at, at }
      : { ...before, done, total, at };
  return { ...run, stage: text(event.stage) ?? run.stage, progress };
}

/** Seconds until the stage is done, at the pace of its process so far; null when nobody can tell. */
export function left(run: Live): number | null {
  const { progress } = run;
  const counted = progress === null ? 0 : progress.done - progress.first;
  if (progress?.total == null || counted <= 0) return run.told;
  return (Math.max(0, progress.total - progress.done) * (progress.at - progress.since)) / counted;
}

export function numeric(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
