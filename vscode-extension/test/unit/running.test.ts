import { expect, test } from "vitest";
import type { Run, RunDetails } from "../../src/api/protocol";
import {
  bar,
  escaped,
  metric,
  number,
  plain,
  seconds,
  size,
  type Words,
} from "../../src/running/format";
import { coloured, linesOf, progressLine, statusText } from "../../src/running/lines";
import { Screen } from "../../src/running/screen";
import {
  after,
  blank,
  type Event,
  ended,
  known,
  type Live,
  over,
  settled,
} from "../../src/running/state";

const l10n: Words = {
  t: (message, ...values) => message.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])),
};

/** Events a second apart, from 100 s on. */
function told(...events: Record<string, unknown>[]): Live {
  return events.reduce<Live>(
    (run, event, i) => after(run, { t: 100 + i, seq: i, ...event } as Event),
    blank("/runs/20260101T000000Z-tone"),
  );
}

const started = { kind: "run-started", smoke: true, resumed: false };
const train = { kind: "stage-started", stage: "train" };
const step = (done: number, total: number | null = 400) => ({
  kind: "progress",
  stage: "train",
  done,
  total,
  unit: "steps",
});
const measured = (done: number, loss: number | null) => ({
  kind: "metrics",
  stage: "train",
  step: done,
  total_steps: 400,
  values: { loss },
});

test.each([
  [0.44, "0.4 s"],
  [9.96, "10 s"],
  [59.6, "1 min 00 s"],
  [192, "3 min 12 s"],
  [3725, "1 h 02 min"],
])("%d seconds are %s", (value, expected) => expect(seconds(value)).toBe(expected));

test.each([
  [512, "512 B"],
  [999_600, "1 MB"],
  [1_920_000_000, "1.92 GB"],
  [80e12, "80 TB"],
])("%d bytes are %s", (value, expected) => expect(size(value)).toBe(expected));

test.each([
  [1234567, "1,234,567"],
  [1234.5, "1,235"],
  [0.25, "0.25"],
  [0.00002, "2.0e-5"],
])("the number %d is %s", (value, expected) => expect(number(value)).toBe(expected));

test("a metric has three digits", () => {
  expect([0.52123, 12.345, 1e-5, 4321].map(metric)).toEqual(["0.521", "12.3", "1.0e-5", "4,321"]);
});

test("a bar is as wide as told, whatever the share", () => {
  expect([-1, 0.5, 2].map((share) => bar(share, 4))).toEqual(["────", "━━──", "━━━━"]);
});

test("what a terminal would obey is taken out of a text", () => {
  expect(plain("a\u001b[31mred\u0007\u009b2J\tb\r")).toBe("a[31mred2J    b");
});

test("what Markdown would obey is shown as it stands", () => {
  expect(escaped("[x](command:y)\n**b** `c` <i>|")).toBe(
    "\\[x\\]\\(command:y\\) \\*\\*b\\*\\* \\`c\\` \\<i\\>\\|",
  );
});

test("a run is followed through its events", () => {
  const run = told(started, train, step(0), measured(5, 2.3149), step(100), {
    kind: "resources",
    rss_bytes: 2e9,
    device_bytes: null,
  });
  expect(run).toMatchObject({
    state: "running",
    smoke: true,
    stage: "train",
    step: 5,
    totalSteps: 400,
    loss: 2.3149,
    bytes: 2e9,
    at: 105,
    exitCode: null,
  });
});

test.each([
  [{ kind: "run-done", seconds: 3, report: null }, "done", 0],
  [{ kind: "failure", exit_code: 1 }, "failed", 1],
  [{ kind: "failure" }, "failed", 3],
  [{ kind: "interrupted", exit_code: 130 }, "interrupted", 130],
])("%o ends a run", (event, state, exitCode) => {
  expect(told(started, train, step(1), event)).toMatchObject({ state, exitCode, progress: null });
});

test("a run that is resumed goes on", () => {
  const run = told(started, { kind: "interrupted" }, { ...started, resumed: true });
  expect(run).toMatchObject({ state: "running", exitCode: null });
});

test("events of another version change nothing but the time", () => {
  const before = told(started, train, step(10));
  const odd = { kind: "progress", stage: 3, done: "many", t: 200, seq: 9 } as Event;
  expect(after(before, odd)).toEqual({ ...before, at: 200 });
  expect(after(before, { kind: "novel", t: 200, seq: 9 })).toEqual({ ...before, at: 200 });
});

test("the time that is left is the whole run's, as the server tells it with each event", () => {
  const training = after(told(started, train), { ...step(50), t: 110, seq: 3 } as Event, 192);
  expect(statusText(training, l10n)).toBe("train 50/400 · 3 min 12 s left");
  const merging = after(training, { kind: "stage-started", stage: "merge", t: 111, seq: 4 }, 30);
  expect(statusText(merging, l10n)).toBe("merge · 30 s left");
  expect(statusText(after(merging, { kind: "log", t: 112, seq: 5 }), l10n)).toBe("merge");
});

test("nobody is told of a last second, as stages that nobody knows may still come", () => {
  const last = after(told(started, train), { ...step(400), t: 110, seq: 3 } as Event, 0);
  expect(statusText(last, l10n)).toBe("train 400/400");
});

test.each([
  [{ state: "failed", exit_code: 1, message: "no torch" }, "failed", 1, "no torch"],
  [{ state: "stopped", exit_code: null, message: "killed" }, "stopped", 3, "killed"],
  [{ state: "interrupted", exit_code: null, message: null }, "interrupted", 130, null],
  [{ state: "gone", exit_code: null, message: null }, "stopped", 3, null],
] as const)(
  "a run whose process ended so, %o, before it said a word",
  (end, state, exitCode, why) => {
    const waiting = blank("/runs/r");
    expect(over(waiting, { run: "r", folder: "/runs/r", ...end })).toMatchObject({
      state,
      exitCode,
      why,
    });
  },
);

test("what a run's own events said of its end counts", () => {
  const failed = told(started, train, { kind: "failure", exit_code: 1 });
  const end = { run: "r", folder: "/runs/r", state: "failed", exit_code: 3, message: "x" } as const;
  expect(over(failed, end)).toBe(failed);
});

test("a run that said its end is not running until its process has left", () => {
  const failed = told(started, train, { kind: "failure", exit_code: 1 });
  const running: Run = { ...listed, state: "running", at: failed.at, resumable: false };
  expect(settled(running, failed)).toMatchObject({ state: "failed", resumable: true });
  expect(settled(running, undefined)).toBe(running);
  expect(settled(running, told(started))).toBe(running);
  // It was resumed elsewhere, and this window has not heard of it.
  const resumed = { ...running, at: (failed.at ?? 0) + 1 };
  expect(settled(resumed, failed)).toBe(resumed);
});

test("what the list knows stands until events tell more", () => {
  const run = { ...listed, state: "running", stage: "train", step: 20, total_steps: 40 } as Run;
  const details = {
    left: 33,
    series: { loss: { step: [1, 20], seconds: [1, 2], value: [3, 1.5] } },
    memory: { seconds: [1], bytes: [7e8], of: "process" },
  } as unknown as RunDetails;
  const live = known(run, details);
  expect(live).toMatchObject({ loss: 1.5, bytes: 7e8, exitCode: null });
  expect(live.left).toBe(33);
  expect(after(live, { kind: "stage-started", stage: "merge", t: 1, seq: 1 }).left).toBeNull();
  expect(known(listed).exitCode).toBe(0);
  expect(ended(live, "stopped").exitCode).toBe(3);
});

const listed: Run = {
  id: "20260101T000000Z-tone",
  folder: "/runs/20260101T000000Z-tone",
  state: "done",
  smoke: false,
  started: 1767225600,
  at: 1767225700,
  seconds: 100,
  stage: null,
  step: 40,
  total_steps: 40,
  share: 1,
  best: ["eval_loss", 0.5212],
  report: null,
  predicted: null,
  measured: null,
  failure: null,
  resumable: false,
};

test.each<[Record<string, unknown>, string[]]>([
  [started, ["stage run started"]],
  [{ ...started, resumed: true }, ["stage run resumed"]],
  [train, ["stage train begins"]],
  [
    { kind: "stage-reused", stage: "fetch", source: "x" },
    ["stage fetch taken from an earlier run"],
  ],
  [{ kind: "stage-done", stage: "train", seconds: 70.2 }, ["stage train done in 1 min 10 s"]],
  [{ kind: "log", level: "debug", message: "a\nb" }, ["debug a", "debug b"]],
  [{ kind: "log", level: "odd", message: "\u001b[2Jx" }, ["info [2Jx"]],
  [{ kind: "warning", code: "c", message: "short rows" }, ["warning short rows"]],
  [
    { kind: "failure", message: "out of memory", hint: "less" },
    ["error out of memory", "error less"],
  ],
  [{ kind: "failure", message: "out of memory", hint: null }, ["error out of memory"]],
  [
    { kind: "metrics", step: 1200, values: { eval_loss: 0.73051 } },
    ["info step 1,200: eval_loss 0.731"],
  ],
  [measured(5, 2), []],
  [step(5), []],
])("%o is logged as %o", (event, expected) => {
  const lines = linesOf({ t: 0, seq: 0, ...event } as Event, l10n);
  expect(lines.map((one) => `${one.level} ${one.text}`)).toEqual(expected);
});

test("a line begins with the time of day and ends with no colour", () => {
  const line = coloured({ level: "error", text: "no" }, 1767225600);
  const shown = line.replace(/\d\d:\d\d:\d\d/, "CLOCK");
  expect(shown).toBe("\u001b[2mCLOCK\u001b[0m  \u001b[31mno\u001b[0m");
});

test("progress in one line", () => {
  const used = { kind: "resources", rss_bytes: 1.92e9, device_bytes: 4e9, t: 105, seq: 5 };
  const run = after(told(started, train, step(0), measured(50, 2.3149), step(100)), used, 6);
  expect(progressLine(run, l10n)).toBe(
    "train ━━━━━━────────────────── 100 of 400 steps · loss 2.31 · 6.0 s left · 4 GB",
  );
  expect(statusText(run, l10n)).toBe("train 50/400 · loss 2.31 · 6.0 s left · 4 GB");
});

test("progress where little is known", () => {
  expect(progressLine(told(started), l10n)).toBe("starting");
  expect(statusText(told(started), l10n)).toBe("starting");
  const some = told(started, { ...step(1200, null), stage: "fetch", unit: "bytes" });
  expect(progressLine(some, l10n)).toBe("fetch 1,200 bytes");
  expect(statusText(some, l10n)).toBe("fetch 1,200");
});

test("a run that ended has no progress", () => {
  expect(progressLine(told(started, train, { kind: "interrupted" }), l10n)).toBe("");
});

/** A screen and all that its terminal was sent. */
function drawn(most?: number): { screen: Screen; sent: string[] } {
  const sent: string[] = [];
  return { screen: new Screen((text) => sent.push(text), most), sent };
}

test("lines that were printed before the terminal is there are shown then", () => {
  const { screen, sent } = drawn();
  screen.print(["a"], "50 %");
  expect(sent).toEqual([]);
  screen.show(20);
  expect(sent).toEqual(["a\r\n50 %"]);
});

test("the line at the bottom is drawn over", () => {
  const { screen, sent } = drawn();
  screen.show(20);
  screen.print([], "50 %");
  screen.print(["b"]);
  screen.print(["c"], "");
  screen.print([], "");
  expect(sent).toEqual(["", "50 %", "\r\u001b[Jb\r\n50 %", "\r\u001b[Jc\r\n"]);
});

test("the line at the bottom is cut to the terminal", () => {
  const { screen, sent } = drawn();
  screen.show(5);
  screen.print([], "━━━━━━━━");
  expect(sent.at(-1)).toBe("━━━━");
});

test("a terminal that became narrower has wrapped the line at the bottom", () => {
  const { screen, sent } = drawn();
  screen.show(21);
  screen.print([], "x".repeat(20));
  screen.resize(8);
  expect(sent.at(-1)).toBe(`\u001b[2A\r\u001b[J${"x".repeat(7)}`);
  screen.resize(8);
  expect(sent).toHaveLength(3);
});

test("only the last lines are kept", () => {
  const { screen } = drawn(3);
  screen.print(["1", "2"]);
  screen.print(["3", "4"]);
  expect(screen.kept).toEqual(["2", "3", "4"]);
  screen.print(["5", "6", "7", "8", "9"]);
  expect(screen.kept).toEqual(["7", "8", "9"]);
});
