/** How the *Runs* view puts a run. */

import type { Interval, Run, RunState } from "../api/protocol";
import { escaped, metric, number, plain, seconds, size, type Words } from "../running/format";
import { stageAndShare } from "../running/lines";
import { goesOn, type Live } from "../running/state";

export interface Icon {
  id: string;
  /** A colour of the theme. */
  colour: string;
}

const ICONS: Record<RunState, Icon> = {
  waiting: { id: "watch", colour: "charts.blue" },
  running: { id: "sync~spin", colour: "charts.blue" },
  done: { id: "pass", colour: "charts.green" },
  failed: { id: "error", colour: "charts.red" },
  interrupted: { id: "debug-pause", colour: "charts.yellow" },
  stopped: { id: "circle-slash", colour: "charts.orange" },
};

export function icon(state: RunState): Icon {
  return ICONS[state] ?? { id: "question", colour: "charts.foreground" };
}

/** When it began, in the user's language and time zone; its id where nobody knows. */
export function label(run: Run, language: string): string {
  if (run.started === null) return run.id;
  const when = new Date(run.started * 1000);
  return when.toLocaleString(language, {
    ...(when.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" }),
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
  });
}

/** `smoke · 0.521 eval_loss · 2 min 08 s · 1.99 GB (predicted 1.92 GB)`; of one that goes on
 * `train 12 % · 1.9 GB (predicted 1.92 GB)`, which changes so seldom that it can be read. */
export function description(run: Run, live: Live | undefined, l10n: Words): string {
  const kind = run.smoke ? l10n.t("smoke") : "";
  if (live && goesOn(live.state)) {
    const predicted = run.predicted ?? live.predicted;
    const used = memory(live.bytes, predicted, l10n);
    return [kind, stageAndShare(live, l10n), used].filter(Boolean).join(" · ");
  }
  return [
    kind,
    run.state === "done" ? "" : stateName(run.state, l10n),
    run.best ? `${metric(run.best[1])} ${plain(run.best[0])}` : "",
    run.seconds === null ? "" : seconds(run.seconds),
    memory(run.measured, run.predicted, l10n),
  ]
    .filter(Boolean)
    .join(" · ");
}

function memory(measured: number | null, predicted: Interval | null, l10n: Words): string {
  if (measured === null) return predicted ? l10n.t("predicted {0}", size(predicted.likely)) : "";
  if (!predicted) return size(measured);
  return l10n.t("{0} (predicted {1})", size(measured), size(predicted.likely));
}

export function stateName(state: RunState, l10n: Words): string {
  switch (state) {
    case "waiting":
      return l10n.t("waiting");
    case "running":
      return l10n.t("running");
    case "done":
      return l10n.t("done");
    case "failed":
      return l10n.t("failed");
    case "interrupted":
      return l10n.t("interrupted");
    default:
      return l10n.t("stopped");
  }
}

/** What the manifest's menus look for. */
export function contextValue(run: Run, state: RunState): string {
  return [
    "run",
    goesOn(state) ? "running" : "ended",
    !goesOn(state) && run.resumable ? "resumable" : "",
    run.report ? "report" : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Markdown. */
export function tooltip(run: Run, live: Live | undefined, language: string, l10n: Words): string {
  const state = live && goesOn(live.state) ? live.state : run.state;
  const now = goesOn(state) ? live : undefined;
  const used = now ? now.bytes : run.measured;
  const rows: [string, string | null][] = [
    [l10n.t("State"), stateName(state, l10n)],
    [l10n.t("Stage"), state === "done" ? null : (now?.stage ?? run.stage)],
    [l10n.t("Step"), step(now?.step ?? run.step, now?.totalSteps ?? run.total_steps)],
    [l10n.t("Loss"), now?.loss == null ? null : metric(now.loss)],
    [l10n.t("Best"), run.best && `${run.best[0]} ${metric(run.best[1])}`],
    [l10n.t("Began"), run.started === null ? null : label(run, language)],
    [l10n.t("Took"), now || run.seconds === null ? null : seconds(run.seconds)],
    [l10n.t("Memory"), used === null ? null : size(used)],
    [l10n.t("Predicted memory"), predicted(run.predicted ?? now?.predicted ?? null, l10n)],
  ];
  const table = rows
    .filter((row): row is [string, string] => row[1] !== null)
    .map(([name, value]) => `| ${name} | ${escaped(value)} |`);
  const { failure } = run;
  return [
    `**${escaped(run.id)}**${run.smoke ? ` (${l10n.t("smoke run")})` : ""}`,
    ["| | |", "|---|---|", ...table].join("\n"),
    ...(failure && state === "failed" ? [escaped(failure.message)] : []),
    ...(failure?.hint && state === "failed" ? [escaped(failure.hint)] : []),
    escaped(run.folder),
  ].join("\n\n");
}

function step(done: number | null, total: number | null): string | null {
  if (done === null) return null;
  return total === null ? number(done) : `${number(done)} / ${number(total)}`;
}

function predicted(interval: Interval | null, l10n: Words): string | null {
  if (!interval) return null;
  const { low, likely, high } = interval;
  return l10n.t("{0} ({1} to {2})", size(likely), size(low), size(high));
}
