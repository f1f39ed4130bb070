/** A run as its events tell it, one after the other. */

import type { Interval, Run, RunDetails, RunEnded, RunEvent, RunState } from "../api/protocol";

export type Event = RunEvent["event"];

/** How far a stage is. */
export interface Progress {
  done: number;
  /** Null: not known. */
  total: number | null;
  unit: string;
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
  /** Seconds until the run's end. */
  readonly left: number | null;
  /** Of the device, else of the process. */
  readonly bytes: number | null;
  readonly predicted: Interval | null;
  /** When it last said something. */
  readonly at: number | null;
  /** Null until it ends. */
  readonly exitCode: number | null;
  /** Why it ended, where its events don't say. */
  readonly why: string | null;
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
    left: null,
    bytes: null,
    predicted: null,
    at: null,
    exitCode: null,
    why: null,
  };
}

/** A run as a list has it, and its details where they were asked for. */
export function known(run: Run, details?: RunDetails): Live {
  const losses = details?.series.loss?.value ?? [];
  return {
    ...blank(run.folder),
    id: run.id,
    smoke: run.smoke,
    state: run.state,
    stage: run.stage,
    step: run.step,
    totalSteps: run.total_steps,
    loss: losses[losses.length - 1] ?? null,
    left: details?.left ?? null,
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

/**
 * The run after one more event, from which on it takes `left` seconds. Unknown kinds, and kinds of
 * another version, change nothing else.
 */
export function after(run: Live, event: Event, left: number | null = null): Live {
  const told = { ...run, at: numeric(event.t) ?? run.at, left };
  switch (event.kind) {
    case "run-started":
      return {
        ...told,
        smoke: event.smoke === true,
        state: "running",
        stage: null,
        progress: null,
        exitCode: null,
        why: null,
      };
    case "stage-started":
      return { ...told, stage: text(event.stage), progress: null };
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
  return { ...run, state, progress: null, left: null, exitCode };
}

/** A run of which nothing more comes; what its own events said of its end counts. */
export function over(run: Live, { state, exit_code, message }: RunEnded): Live {
  if (!goesOn(run.state)) return run;
  const how = state === "gone" ? "stopped" : state;
  return { ...ended(run, how, exit_code ?? exitCodeOf(how)), why: message };
}

/**
 * A run as the server tells it, with what its events said of its end: until its process has left,
 * which takes seconds, the server takes it for running.
 */
export function settled(run: Run, live: Live | undefined): Run {
  if (!live || goesOn(live.state) || !goesOn(run.state)) return run;
  if ((run.at ?? 0) > (live.at ?? 0)) return run;
  return { ...run, state: live.state, resumable: live.state !== "done" };
}

function progressed(run: Live, event: Event): Live {
  const [done, unit] = [numeric(event.done), text(event.unit)];
  if (done === null || unit === null) return run;
  const progress: Progress = { done, total: numeric(event.total), unit };
  return { ...run, stage: text(event.stage) ?? run.stage, progress };
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
