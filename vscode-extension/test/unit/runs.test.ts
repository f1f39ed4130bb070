import { expect, test } from "vitest";
import type { Run, RunState } from "../../src/api/protocol";
import type { Words } from "../../src/running/format";
import { blank } from "../../src/running/state";
import { contextValue, description, icon, label, tooltip } from "../../src/runs/describe";
import { guarded } from "../../src/runs/guarded";

const l10n: Words = {
  t: (message, ...values) => message.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])),
};

function run(changes: Partial<Run> = {}): Run {
  return {
    id: "20260101T000000Z-tone",
    folder: "/runs/20260101T000000Z-tone",
    state: "done",
    smoke: false,
    started: 1767225600,
    at: 1767225728,
    seconds: 128.4,
    stage: null,
    step: 30,
    total_steps: 30,
    share: 1,
    best: ["eval_loss", 0.5212],
    report: "/runs/20260101T000000Z-tone/report.html",
    predicted: { low: 1.8e9, likely: 1.92e9, high: 2.1e9 },
    measured: 1.99e9,
    failure: null,
    resumable: false,
    ...changes,
  };
}

const going = { ...blank("/runs/x"), state: "running" as const, stage: "train" };

test.each<[string, Partial<Run>, string]>([
  ["done", {}, "0.521 eval_loss · 2 min 08 s · 1.99 GB (predicted 1.92 GB)"],
  [
    "a smoke run",
    { smoke: true, predicted: null },
    "smoke · 0.521 eval_loss · 2 min 08 s · 1.99 GB",
  ],
  ["never measured", { measured: null, best: null }, "2 min 08 s · predicted 1.92 GB"],
  [
    "failed",
    { state: "failed", best: null, measured: null, predicted: null },
    "failed · 2 min 08 s",
  ],
  [
    "nothing known",
    { state: "stopped", best: null, seconds: null, measured: null, predicted: null },
    "stopped",
  ],
])("a run that is %s", (_, changes, expected) => {
  expect(description(run(changes), undefined, l10n)).toBe(expected);
});

test("a run that goes on says how far it is", () => {
  const progress = { done: 121, total: 400, unit: "steps", first: 0, since: 0, at: 1 };
  const live = { ...going, progress, bytes: 1.9e9 };
  expect(description(run({ state: "running" }), live, l10n)).toBe(
    "train 30 % · 1.9 GB (predicted 1.92 GB)",
  );
  const start = { ...going, stage: null };
  expect(description(run({ state: "running", predicted: null }), start, l10n)).toBe("starting");
});

test.each<[Partial<Run>, RunState, string]>([
  [{}, "done", "run ended report"],
  [{ report: null, resumable: true }, "interrupted", "run ended resumable"],
  [{ report: null, resumable: true }, "running", "run running"],
  [{ report: null }, "waiting", "run running"],
])("%o, %s: the menus see `%s`", (changes, state, expected) => {
  expect(contextValue(run(changes), state)).toBe(expected);
});

test("each state has an icon of its own", () => {
  const states: RunState[] = ["waiting", "running", "done", "failed", "interrupted", "stopped"];
  expect(new Set(states.map((state) => icon(state).id)).size).toBe(states.length);
  expect(icon("novel" as RunState).id).toBe("question");
});

test("a run is called by when it began", () => {
  expect(label(run({ started: 1577880000 }), "en")).toMatch(/^Jan 1, 2020, \d+:\d\d [AP]M$/);
  const today = label(run({ started: Date.now() / 1000 }), "en");
  expect(today).not.toContain(String(new Date().getFullYear()));
  expect(label(run({ started: null }), "en")).toBe("20260101T000000Z-tone");
});

test("a tooltip tells what is known, and obeys nothing in it", () => {
  const failure = { code: "c", message: "no `x` [here](command:y)", hint: "use *less*" };
  const said = tooltip(run({ state: "failed", failure, best: null }), undefined, "en", l10n);
  expect(said).toContain("| State | failed |");
  expect(said).toContain("| Predicted memory | 1\\.92 GB \\(1\\.8 GB to 2\\.1 GB\\) |");
  expect(said).toContain("no \\`x\\` \\[here\\]\\(command:y\\)");
  expect(said).toContain("use \\*less\\*");
  expect(said).not.toContain("| Best |");
});

test("a tooltip of a run that goes on tells what is so now", () => {
  const live = { ...going, step: 1200, totalSteps: 5000, loss: 2.3149, bytes: 646e6 };
  const said = tooltip(run({ state: "waiting", step: null, best: null }), live, "en", l10n);
  expect(said).toContain("| State | running |");
  expect(said).toContain("| Step | 1,200 / 5,000 |");
  expect(said).toContain("| Loss | 2\\.31 |");
  expect(said).toContain("| Memory | 646 MB |");
  expect(said).not.toContain("Took");
});

const PAGE = `<!doctype html>
<html><head>
<meta http-equiv="Content-Security-Policy" content="default-src *">
<script>a()</script><script type="application/json">{}</script></head><body></body></html>`;

test("a report keeps its scripts and loads nothing", () => {
  const page = guarded(PAGE, "n0nce");
  expect(page.match(/Content-Security-Policy/g)).toHaveLength(1);
  expect(page).toContain(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-n0nce'",
  );
  expect(page).toContain('<script nonce="n0nce">a()');
  expect(page).toContain('<script nonce="n0nce" type="application/json">');
});

test("a report runs nothing where the workspace is not trusted", () => {
  const page = guarded(PAGE, undefined);
  expect(page).toContain("script-src 'none'");
  expect(page).not.toContain("nonce");
});

test("a page without a head is guarded, too", () => {
  expect(guarded("<p>x", "n")).toMatch(/^<meta http-equiv="Content-Security-Policy".*><p>x$/);
});
