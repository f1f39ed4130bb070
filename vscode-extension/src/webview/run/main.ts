/** The Run panel: one run, or several above each other. */

import "uplot/dist/uPlot.min.css";
import "../common/base.css";
import "./run.css";
import type { CompareRunsResult, RunDetails } from "../../api/protocol";
import type { FromRun, RunsKept, ToRun } from "../../panels/messages";
import { el, fill, icon, liveRegion, say } from "../common/dom";
import { apply } from "../common/live";
import { keep, kept, listen, main, moment } from "../common/page";
import { onThemeChange } from "../common/theme";
import { Charts } from "./charts";
import { Differences } from "./differences";
import { Evaluation } from "./evaluation";
import { Header } from "./header";
import { basename, labels } from "./labels";
import type { Shown } from "./lines";
import { RunsTable } from "./runsTable";
import { named, t } from "./texts";

/** Between two drawings, milliseconds. */
const PACE = 100;

const folders = kept<RunsKept>().folders ?? [];
keep<RunsKept>({ folders });

const known = new Map<string, RunDetails>();
const troubles = new Map<string, string>();
const unchecked = new Set<string>();
const spoken = new Map<string, string>();

const live = liveRegion();
const trouble = el("div", {});
const loading = el("p", { class: "blank", text: t("loading") });
const header = new Header();
const table = new RunsTable(unchecked, () => soon());
const charts = new Charts(
  () => soon(),
  (text) => say(live, text),
);
const differences = new Differences();
let comparison: CompareRunsResult | null = null;
const evaluation = new Evaluation(() => soon());
main.append(
  folders.length > 1 ? table.element : header.element,
  trouble,
  loading,
  charts.element,
  differences.element,
  evaluation.element,
  live,
);

let drawn = 0;
let waiting = false;

/** Draws before the next frame, or when the last drawing is long enough ago. */
function soon(): void {
  if (waiting) return;
  waiting = true;
  const wait = Math.max(0, drawn + PACE - performance.now());
  setTimeout(() => requestAnimationFrame(draw), wait);
}

function draw(): void {
  waiting = false;
  drawn = performance.now();
  const runs = shown();
  const [only] = runs;
  loading.hidden = runs.length > 0 || troubles.size > 0;
  charts.element.hidden = runs.length === 0;
  header.element.hidden = runs.length === 0;
  fill(trouble, [...troubles], () =>
    [...troubles].map(([folder, message]) =>
      el(
        "div",
        { class: "banner", role: "alert" },
        icon("warning"),
        el("span", {}, el("strong", { text: basename(folder) }), ` ${message}`),
      ),
    ),
  );
  if (folders.length > 1) table.show(runs);
  else if (only) header.show(only.details);
  const checked = runs.filter(({ details }) => !unchecked.has(details.run.folder));
  charts.show(checked);
  if (comparison) differences.show(comparison, runs);
  evaluation.show(checked);
  announce(runs);
}

function shown(): Shown[] {
  const runs = folders.flatMap((folder, look) => {
    const details = known.get(folder);
    return details ? [{ details, look }] : [];
  });
  const names = labels(
    runs.map(({ details }) => details),
    { when: moment, smoke: t("smoke").toLocaleLowerCase() },
  );
  return runs.map((run, i) => ({ ...run, label: names[i] ?? run.details.run.id }));
}

/** Says aloud when a run comes to another stage or ends. */
function announce(runs: readonly Shown[]): void {
  for (const { details, label } of runs) {
    const { run } = details;
    const stage = run.state === "running" && run.stage ? named(run.stage) : null;
    const text = [folders.length > 1 ? label : null, named(run.state), stage]
      .filter(Boolean)
      .join(", ");
    const before = spoken.get(run.folder);
    spoken.set(run.folder, text);
    if (before !== undefined && before !== text) say(live, text);
  }
}

function receive(message: ToRun): void {
  if (message.type === "details") {
    known.set(message.folder, message.details);
    troubles.delete(message.folder);
  } else if (message.type === "trouble") {
    troubles.set(message.folder, message.message);
  } else if (message.type === "comparison") {
    comparison = message.result;
  } else {
    const details = known.get(message.folder);
    if (details) for (const event of message.events) apply(details, event);
  }
  soon();
}

onThemeChange(() => charts.recolour());
listen<ToRun, FromRun>(receive);
