import { beforeEach, describe, expect, it } from "vitest";
import type { RunDetails } from "../../src/api/protocol";
import { apply, type Event, MOST_KEPT } from "../../src/webview/common/live";

let details: RunDetails;

beforeEach(() => {
  details = {
    run: {
      id: "r",
      folder: "/runs/r",
      state: "running",
      smoke: false,
      started: 1000,
      at: 1100,
      seconds: 60,
      stage: "prepare",
      step: null,
      total_steps: null,
      share: null,
      best: null,
      report: null,
      predicted: null,
      measured: null,
      failure: null,
      resumable: false,
    },
    workflow: null,
    stages: ["prepare", "train"].map((name) => ({
      name,
      state: "waiting" as const,
      seconds: null,
      done: null,
      total: null,
      unit: null,
      left: null,
    })),
    series: {},
    memory: { seconds: [], bytes: [], of: "process" },
    samples: [],
    evaluated: [],
    left: null,
    offset: 0,
  };
});

const tell = (t: number, kind: string, fields: object = {}) =>
  apply(details, { kind, t, ...fields } as Event);
const step = (t: number, at: number, values: Record<string, number | null>) =>
  tell(t, "metrics", { stage: "train", step: at, total_steps: 10, values });

describe("metrics", () => {
  it("are appended with the run's working time", () => {
    step(1105, 1, { loss: 2, epoch: 0.1 });
    step(1107, 2, { loss: 1 });
    expect(details.series.loss).toEqual({ step: [1, 2], seconds: [65, 67], value: [2, 1] });
    expect(details.series.epoch?.step).toEqual([1]);
    expect([details.run.step, details.run.total_steps]).toEqual([2, 10]);
  });

  it("that are not finite are gaps", () => {
    step(1105, 1, { loss: null });
    expect(details.series.loss?.value).toEqual([null]);
  });

  it("of the evaluation at the same step supersede nothing", () => {
    step(1105, 1, { loss: 2 });
    step(1106, 2, { loss: 1 });
    step(1107, 2, { eval_loss: 1.5 });
    expect(details.series.loss?.step).toEqual([1, 2]);
  });

  it("of a step that a resumed run computes again supersede all from there on", () => {
    for (let i = 1; i <= 5; i++) step(1100 + i, i, { loss: i });
    step(1106, 5, { eval_loss: 9 });
    step(1200, 4, { loss: 40 });
    expect(details.series.loss).toMatchObject({ step: [1, 2, 3, 4], value: [1, 2, 3, 40] });
    expect(details.series.eval_loss?.step).toEqual([]);
  });

  it("of the evaluation tell the best so far, unless there are scores", () => {
    for (const [i, loss] of [3, 1, 2].entries()) step(1105 + i, i + 1, { eval_loss: loss });
    expect(details.run.best).toEqual(["eval_loss", 1]);
    details.run.best = ["accuracy", 0.5];
    step(1110, 9, { eval_loss: 0.1 });
    expect(details.run.best).toEqual(["accuracy", 0.5]);
  });

  it("tell how much time is left", () => {
    tell(1100, "stage-started", { stage: "train" });
    for (let i = 1; i <= 4; i++) step(1100 + 3 * i, i, { loss: 1 });
    expect(details.stages[1]?.left).toBeCloseTo(18);
  });

  it("are thinned before there are too many, spikes stay", () => {
    for (let i = 1; i <= 2 * MOST_KEPT + 1; i++) step(1100 + i, i, { loss: i === 777 ? 9 : 1 });
    expect(details.series.loss?.step.length).toBeLessThanOrEqual(MOST_KEPT + 2);
    expect(details.series.loss?.value).toContain(9);
  });
});

describe("stages", () => {
  it("begin, go on and end", () => {
    tell(1101, "stage-started", { stage: "prepare" });
    tell(1102, "progress", { stage: "prepare", done: 3, total: 9, unit: "rows" });
    expect(details.run.stage).toBe("prepare");
    expect(details.stages[0]).toMatchObject({ state: "running", done: 3, total: 9, unit: "rows" });
    tell(1103, "stage-done", { stage: "prepare", seconds: 1.5 });
    expect(details.stages[0]).toMatchObject({ state: "done", seconds: 1.5 });
  });

  it("are reused", () => {
    tell(1101, "stage-reused", { stage: "prepare", source: "x" });
    expect(details.stages[0]?.state).toBe("reused");
  });

  it("stop where the run ends before its time", () => {
    tell(1101, "stage-started", { stage: "train" });
    tell(1102, "interrupted", { stage: "train", exit_code: 130 });
    expect([details.run.state, details.stages[1]?.state]).toEqual(["interrupted", "stopped"]);
  });

  it("fail with the run", () => {
    tell(1101, "stage-started", { stage: "train" });
    tell(1102, "failure", { code: "no-memory", message: "m", hint: null });
    expect(details.run).toMatchObject({
      state: "failed",
      failure: { code: "no-memory", message: "m", hint: null },
    });
    expect(details.stages[1]?.state).toBe("failed");
  });
});

describe("memory", () => {
  const process = {
    rss_bytes: 10,
    peak_rss_bytes: 12,
    device_bytes: null,
    device_peak_bytes: null,
  };
  const used = { ...process, device_bytes: 20, device_peak_bytes: 25 };

  it("is the process's without a device", () => {
    tell(1104, "resources", process);
    expect(details.memory).toMatchObject({ seconds: [64], bytes: [10] });
    expect(details.run.measured).toBe(12);
  });

  it("is the device's from when there is one", () => {
    tell(1103, "resources", process);
    tell(1104, "resources", used);
    tell(1105, "resources", used);
    expect(details.memory).toEqual({ seconds: [64, 65], bytes: [20, 20], of: "device" });
    expect(details.run.measured).toBe(25);
  });
});

it("a run that is done says how long it worked", () => {
  tell(1105, "run-done", { seconds: 61, report: "report.html" });
  expect(details.run).toMatchObject({ state: "done", seconds: 61 });
});

it("kinds that nobody knows change nothing but the time", () => {
  tell(1105, "prophecy", { stage: "train" });
  expect(details.run.seconds).toBe(65);
  expect(details.series).toEqual({});
});
