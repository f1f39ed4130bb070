/** What a run says, as lines of a log, as one line of progress, and as the text of the status bar. */

import { bar, metric, number, plain, seconds, size, type Words } from "./format";
import { type Event, type Live, numeric, record, text } from "./state";

export type Level = "debug" | "info" | "stage" | "done" | "warning" | "error";

export interface Line {
  level: Level;
  text: string;
}

/** What an event adds to a run's log; none for what only moves its progress. */
export function linesOf(event: Event, l10n: Words): Line[] {
  const stage = text(event.stage) ?? "";
  switch (event.kind) {
    case "run-started":
      return [
        line("stage", event.resumed === true ? l10n.t("run resumed") : l10n.t("run started")),
      ];
    case "stage-started":
      return [line("stage", l10n.t("{0} begins", stage))];
    case "stage-reused":
      return [line("stage", l10n.t("{0} taken from an earlier run", stage))];
    case "stage-done":
      return [
        line("stage", l10n.t("{0} done in {1}", stage, seconds(numeric(event.seconds) ?? 0))),
      ];
    case "log":
      return said(event.level, event.message);
    case "warning":
      return said("warning", event.message);
    case "metrics":
      return evaluated(event, l10n);
    case "failure":
      return [...said("error", event.message), ...said("error", event.hint)];
    case "interrupted":
      return [line("warning", l10n.t("stopped; the run can be resumed"))];
    case "run-done":
      return [line("done", l10n.t("run done in {0}", seconds(numeric(event.seconds) ?? 0)))];
    default:
      return [];
  }
}

function line(level: Level, words: string): Line {
  return { level, text: words };
}

function said(level: unknown, message: unknown): Line[] {
  const known = level === "debug" || level === "warning" || level === "error" ? level : "info";
  return (
    text(message)
      ?.split(/\r?\n/)
      .map((part) => line(known, plain(part))) ?? []
  );
}

function evaluated(event: Event, l10n: Words): Line[] {
  const loss = numeric(record(event.values).eval_loss);
  if (loss === null) return [];
  return [
    line("info", l10n.t("step {0}: eval_loss {1}", number(numeric(event.step) ?? 0), metric(loss))),
  ];
}

const COLOURS: Record<Level, string> = {
  debug: "\u001b[2m",
  info: "",
  stage: "\u001b[36m",
  done: "\u001b[32m",
  warning: "\u001b[33m",
  error: "\u001b[31m",
};

/** A line for a terminal. `at`: seconds since 1970. */
export function coloured(one: Line, at: number): string {
  const clock = new Date(at * 1000).toTimeString().slice(0, 8);
  const colour = COLOURS[one.level];
  return `\u001b[2m${clock}\u001b[0m  ${colour}${one.text}${colour ? "\u001b[0m" : ""}`;
}

/** `train ━━━━━━────── 120 of 400 steps · loss 2.31 · 3 min 12 s left · 1.92 GB`; "" once it ended. */
export function progressLine(run: Live, l10n: Words): string {
  if (run.exitCode !== null) return "";
  const { progress } = run;
  const share = progress?.total ? progress.done / progress.total : null;
  const head = [run.stage ?? l10n.t("starting"), share === null ? "" : bar(share, 24)];
  if (progress) {
    const done = number(progress.done);
    const unit = plain(progress.unit);
    head.push(
      progress.total === null
        ? `${done} ${unit}`
        : l10n.t("{0} of {1} {2}", done, number(progress.total), unit),
    );
  }
  return [head.filter(Boolean).join(" "), ...facts(run, l10n)].join(" · ");
}

/** `train 120/400 · loss 2.31 · 3 min 12 s left · 1.92 GB`. */
export function statusText(run: Live, l10n: Words): string {
  return [stageAndStep(run, l10n), ...facts(run, l10n)].join(" · ");
}

function stageAndStep(run: Live, l10n: Words): string {
  const stage = run.stage ?? l10n.t("starting");
  if (run.stage === "train" && run.step !== null && run.totalSteps) {
    return `${stage} ${number(run.step)}/${number(run.totalSteps)}`;
  }
  const { progress } = run;
  if (!progress) return stage;
  if (!progress.total) return `${stage} ${number(progress.done)}`;
  return `${stage} ${number(progress.done)}/${number(progress.total)}`;
}

/** `train 12 %`. */
export function stageAndShare(run: Live, l10n: Words): string {
  const stage = run.stage ?? l10n.t("starting");
  if (!run.progress?.total) return stage;
  return `${stage} ${Math.floor((100 * run.progress.done) / run.progress.total)} %`;
}

/** Of the last second nobody is told: stages of which nothing is known may still come. */
function facts(run: Live, l10n: Words): string[] {
  const { left } = run;
  return [
    run.stage === "train" && run.loss !== null ? l10n.t("loss {0}", metric(run.loss)) : "",
    left === null || left < 1 ? "" : l10n.t("{0} left", seconds(left)),
    run.bytes === null ? "" : size(run.bytes),
  ].filter(Boolean);
}
