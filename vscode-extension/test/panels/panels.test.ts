/** The panels in a real browser: they draw, fit, keep to their policy, and work by keyboard alone. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RunDetails } from "../../src/api/protocol";
import { FAINT } from "./contrast";
import { details, memory, preview } from "./material";
import { type Panel, type Stage, stage, type ThemeName } from "./opened";
import { THEMES } from "./themes";

const URI = "file:///home/ada/mail/spam.tune.yaml";
const NAME = "spam.tune.yaml";

let shown: Stage;
let panels: Panel[] = [];

beforeAll(async () => {
  shown = await stage();
});
afterAll(() => shown.close());
afterEach(async () => {
  const troubles = panels.flatMap((panel) => panel.troubles);
  for (const panel of panels) await panel.page.context().close();
  panels = [];
  expect(troubles).toEqual([]);
});

type How = Parameters<Stage["open"]>[2];

async function openRuns(runs: readonly RunDetails[], how?: How): Promise<Panel> {
  const panel = await shown.open("run", { folders: runs.map(({ run }) => run.folder) }, how);
  panels.push(panel);
  for (const one of runs) await tell(panel, one);
  await panel.page.locator(".plot-card canvas").nth(4).waitFor();
  return panel;
}

async function openMemory(how?: How): Promise<Panel> {
  const panel = await shown.open("memory", { uri: URI }, how);
  panels.push(panel);
  return panel;
}

async function openPreview(how?: How): Promise<Panel> {
  const panel = await shown.open("preview", { uri: URI }, how);
  panels.push(panel);
  return panel;
}

function tell(panel: Panel, one: RunDetails): Promise<void> {
  return panel.post({ type: "details", folder: one.run.folder, details: one });
}

/** The share of a canvas' pixels that are drawn on, for each chart. */
const INK = `[...document.querySelectorAll(".chart canvas")].map((canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) drawn += 1;
  return drawn / (canvas.width * canvas.height);
})`;

const SIZES: [ThemeName, number][] = (Object.keys(THEMES) as ThemeName[]).flatMap((theme) => [
  [theme, 400] as [ThemeName, number],
  [theme, 1280] as [ThemeName, number],
]);

describe.each(SIZES)("in the theme %s at %i pixels", (theme, width) => {
  const how = { theme, width };
  const fits = (panel: Panel) => panel.page.evaluate("document.documentElement.scrollWidth");

  it("a run draws its charts and fits", async () => {
    const run = details();
    const panel = await openRuns([run], how);
    await panel.shot(`run-${theme}-${width}`);
    expect(await fits(panel)).toBe(width);
    expect(await panel.page.evaluate(FAINT)).toEqual([]);
    const ink = (await panel.page.evaluate(INK)) as number[];
    expect(ink.length).toBe(5);
    expect(Math.min(...ink)).toBeGreaterThan(0.004);
    await tell(panel, details({ state: "done" }));
    await panel.page.waitForSelector(".evaluation .best");
    await panel.shot(`run-done-${theme}-${width}`);
    expect(await fits(panel)).toBe(width);
    expect(await panel.page.evaluate(FAINT)).toEqual([]);
  });

  it("several runs lie above each other and fit", async () => {
    const states = ["failed", "running", "done"] as const;
    const runs = states.map((state, i) => details({ state, seed: i + 1, name: `run-${i}` }));
    const panel = await openRuns(runs, how);
    const folders = runs.map(({ run }) => run);
    const settings = [
      { key: "training.learning_rate", values: ["1e-4", "2e-4", "2e-4"] },
      { key: "training.lora.r", values: ["16", "16", null] },
    ];
    const metrics = [
      { name: "loss", values: [0.41, 0.39, 0.4] },
      { name: "tuned accuracy", values: [0.88, null, 0.91] },
    ];
    await panel.post({ type: "comparison", result: { runs: folders, settings, metrics } });
    await panel.page.getByText("training.lora.r").waitFor();
    const won = panel.page.locator('[data-metric="tuned accuracy"] .best');
    expect(await won.allTextContents()).toEqual(["0.91best"]);
    await panel.shot(`runs-${theme}-${width}`);
    expect(await fits(panel)).toBe(width);
    expect(await panel.page.evaluate(FAINT)).toEqual([]);
    expect(await panel.page.locator("table.runs tbody tr").count()).toBe(3);
  });

  it("an estimate is drawn and fits", async () => {
    const panel = await openMemory(how);
    await panel.post({ type: "memory", result: memory(), name: NAME, uri: URI, message: null });
    await panel.page.waitForSelector(".bars li");
    await panel.shot(`memory-${theme}-${width}`);
    expect(await fits(panel)).toBe(width);
    expect(await panel.page.evaluate(FAINT)).toEqual([]);
  });

  it("rows are shown and fit", async () => {
    const panel = await openPreview(how);
    await panel.post({ type: "rows", result: preview(0, 6), skip: 0, name: NAME, uri: URI });
    await panel.page.waitForSelector(".rows li");
    await panel.shot(`preview-${theme}-${width}`);
    expect(await fits(panel)).toBe(width);
    expect(await panel.page.evaluate(FAINT)).toEqual([]);
  });
});

describe("the Run panel", () => {
  const metrics = (t: number, step: number, values: object) => ({
    kind: "metrics",
    seq: step,
    t,
    stage: "train",
    step,
    total_steps: 640,
    values,
  });

  it("says that it listens, and keeps what it shows for a reload", async () => {
    const run = details();
    const panel = await openRuns([run]);
    expect(await panel.sent()).toEqual([{ type: "ready" }]);
    await panel.page.getByRole("button", { name: "Time", exact: true }).click();
    await panel.page.getByRole("button", { name: "Log", exact: true }).click();
    expect(await panel.kept()).toMatchObject({
      folders: [run.run.folder],
      axis: "time",
      logarithmic: true,
    });
  });

  it("draws what happens, and drops steps that are computed again", async () => {
    const run = details();
    const panel = await openRuns([run]);
    const value = panel.page.locator('[data-chart="loss"] .entry .value').first();
    const { folder } = run.run;
    const t = run.run.at as number;
    const events = [401, 402].map((step) => metrics(t + step - 400, step, { loss: step / 1000 }));
    await panel.post({ type: "events", folder, events });
    await expect.poll(() => value.textContent()).toBe("0.402");
    const again = [metrics(t + 9, 101, { loss: 7.25 })];
    await panel.post({ type: "events", folder, events: again });
    await expect.poll(() => value.textContent()).toBe("7.25");
    await panel.page.getByRole("button", { name: "Show as Table" }).click();
    const last = panel.page.locator('[data-chart="loss"] tbody tr').last();
    await expect.poll(() => last.locator("th").textContent()).toBe("101");
  });

  it("shows 100,000 points, and a spike among them", async () => {
    const run = details({ points: 100_000 });
    const loss = run.series.loss as { value: (number | null)[] };
    loss.value[77_776] = 50;
    const panel = await openRuns([run]);
    const ink = (await panel.page.evaluate(INK)) as number[];
    expect(Math.min(...ink)).toBeGreaterThan(0.004);
    await panel.shot("run-100000");
    const target = panel.page.locator('[data-chart="loss"] .chart');
    await target.focus();
    const box = (await target.boundingBox()) as {
      x: number;
      y: number;
      width: number;
      height: number;
    };
    const from = box.x + 54;
    const wide = box.width - 64;
    const y = box.y + box.height / 2;
    // The spike lies between the marks of the drag.
    await panel.page.mouse.move(from + wide * 0.77, y);
    await panel.page.mouse.down();
    await panel.page.mouse.move(from + wide * 0.79, y, { steps: 4 });
    await panel.page.mouse.up();
    await panel.page.getByRole("button", { name: "Reset Zoom" }).waitFor();
    const read = new Set<string | null>();
    for (let i = 0; i < 40 && !read.has("50"); i++) {
      await panel.page.keyboard.press(i ? "Shift+ArrowRight" : "Home");
      read.add(await panel.page.locator('[data-chart="loss"] .value').first().textContent());
    }
    expect(read.size).toBeGreaterThan(10);
    await panel.page.keyboard.press("Escape");
    await expect
      .poll(() => panel.page.getByRole("button", { name: "Reset Zoom" }).isVisible())
      .toBe(false);
  });

  it("is read by keyboard alone, aloud", async () => {
    const panel = await openRuns([details()]);
    const reached: string[] = [];
    for (let i = 0; i < 36; i++) {
      await panel.page.keyboard.press("Tab");
      reached.push(
        await panel.page.evaluate(
          "document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent",
        ),
      );
    }
    expect(reached).toEqual(
      expect.arrayContaining([
        "Stop",
        "Steps",
        "Time",
        "Log",
        "smoothing",
        "Show as Table",
        "Show or hide Training",
        "Loss over optimizer steps",
        "Memory of the process over working time",
      ]),
    );
    await panel.page.locator('[data-chart="loss"] .chart').focus();
    const ring = await panel.page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    expect(ring).toBe("solid");
    await panel.page.keyboard.press("Home");
    const aloud = panel.page.locator('[role="status"]').last();
    await expect.poll(() => aloud.textContent()).toMatch(/^step 1, Training \d.*, Evaluation –$/);
    await panel.page.keyboard.press("End");
    await expect
      .poll(() => aloud.textContent())
      .toMatch(/^step 400, Training 0\.\d+, Evaluation 0\.\d+$/);
    const where = panel.page.locator('[data-chart="grad_norm"] .where');
    await expect.poll(() => where.textContent()).toBe("step 400");
    await panel.page.keyboard.press("+");
    await panel.page.getByRole("button", { name: "Reset Zoom" }).waitFor();
  });

  it("hides and shows a line by its legend", async () => {
    const panel = await openRuns([details()]);
    const before = (await panel.page.evaluate(INK)) as number[];
    const button = panel.page.getByRole("button", { name: "Show or hide Training" });
    await button.focus();
    await panel.page.keyboard.press("Enter");
    await expect.poll(() => button.getAttribute("aria-pressed")).toBe("false");
    const first = async () => ((await panel.page.evaluate(INK)) as number[])[0];
    await expect.poll(first).toBeLessThan((before[0] as number) * 0.9);
    await panel.page.keyboard.press("Enter");
    await expect.poll(() => panel.page.evaluate(INK)).toEqual(before);
  });

  it("draws anew in the colours of another theme", async () => {
    const panel = await openRuns([details()], { theme: "dark" });
    const picture = `document.querySelector(".chart canvas").toDataURL()`;
    const before = await panel.page.evaluate(picture);
    await panel.dress("contrastLight");
    await expect.poll(() => panel.page.evaluate(picture)).not.toBe(before);
  });

  it("smooths over what was measured", async () => {
    const panel = await openRuns([details()]);
    await panel.page.locator("#smoothing").focus();
    const before = (await panel.page.evaluate(INK)) as number[];
    for (let i = 0; i < 9; i++) await panel.page.keyboard.press("PageUp");
    await expect.poll(() => panel.page.evaluate(INK)).not.toEqual(before);
    await panel.shot("run-smoothed");
  });

  it("shows no more than can be done with a run", async () => {
    const run = details();
    const panel = await openRuns([run]);
    const { folder } = run.run;
    const button = (name: string) => panel.page.getByRole("button", { name, exact: true });
    await button("Stop").click();
    expect((await button("Resume").count()) + (await button("Open Report").count())).toBe(0);
    await tell(panel, details({ state: "failed" }));
    await button("Resume").click();
    expect(await panel.page.getByRole("alert").textContent()).toContain(
      "out of memory in step 212",
    );
    await tell(panel, details({ state: "done" }));
    await button("Open Report").click();
    const acts = (await panel.sent()).slice(1);
    expect(acts).toEqual(
      ["stop", "resume", "report"].map((action) => ({ type: "act", action, folder })),
    );
  });

  it("takes a run out of the charts, and keeps the others' colours", async () => {
    const runs = [1, 2].map((seed) => details({ seed, name: `run-${seed}`, state: "done" }));
    const panel = await openRuns(runs);
    const entries = panel.page.locator('[data-chart="grad_norm"] .entry');
    await expect.poll(() => entries.count()).toBe(2);
    const second = await entries.nth(1).locator("path").getAttribute("class");
    await panel.page.getByRole("checkbox").first().uncheck();
    await expect.poll(() => entries.count()).toBe(1);
    expect(await entries.locator("path").getAttribute("class")).toBe(second);
  });

  it("marks the best of base, tuned and exported model, with intervals", async () => {
    const panel = await openRuns([details({ state: "done" })]);
    const row = panel.page.locator('.evaluation [data-metric="loss"]');
    expect(await row.locator(".best").textContent()).toBe("0.381best0.341 to 0.421");
    expect(await panel.page.locator(".samples li").count()).toBe(6);
    await panel.page.getByRole("button", { name: "Show 6 more" }).click();
    await expect.poll(() => panel.page.locator(".samples li").count()).toBe(12);
  });

  it("says why there is nothing to see", async () => {
    const panel = await shown.open("run", { folders: ["/runs/gone"] });
    panels.push(panel);
    await panel.post({ type: "trouble", folder: "/runs/gone", message: "there is no such run" });
    await panel.page.getByText("there is no such run").waitFor();
  });
});

describe("the Memory panel", () => {
  const told = (change: Parameters<typeof memory>[0] = {}) => ({
    type: "memory",
    result: memory(change),
    name: NAME,
    uri: URI,
    message: null as string | null,
  });

  it("moves with the file, and keeps its numbers while the file is broken", async () => {
    const panel = await openMemory();
    const likely = panel.page.locator('[data-method="lora"] .amount b');
    await panel.post(told());
    await expect.poll(() => likely.textContent()).toBe("15.6 GB");
    const bar = panel.page.locator('[data-method="lora"] .activations');
    const before = (await bar.getAttribute("style")) as string;
    await panel.post(told({ factor: 2 }));
    await expect.poll(() => likely.textContent()).toBe("23.6 GB");
    expect(await bar.getAttribute("style")).not.toBe(before);
    await panel.post({ ...told({ factor: 2 }), message: "line 4: expected a value" });
    await panel.page.getByText("Of the file as it was before: line 4: expected a value").waitFor();
    expect(await panel.page.locator(".numbers.held").count()).toBe(1);
    await panel.shot("memory-held");
    await panel.post(told());
    await expect.poll(() => panel.page.locator(".held").count()).toBe(0);
  });

  it("says its bars in words, and shows them as a table", async () => {
    const panel = await openMemory();
    await panel.post(told());
    const bar = panel.page.locator('[data-method="lora"] .track');
    expect(await bar.getAttribute("aria-label")).toMatch(
      /^lora: 15\.6 GB, from 14\.7 GB to 17\.5 GB; Weights 6\.2 GB; Adapters 70 MB; /,
    );
    await panel.page.getByRole("button", { name: "Show as Table" }).focus();
    await panel.page.keyboard.press("Enter");
    const row = panel.page.locator(".methods tbody tr").nth(1);
    await expect.poll(() => row.textContent()).toContain("lora (in this file)15.6 GB");
    expect(await panel.kept()).toMatchObject({ asTable: true });
  });

  it("marks the file's method, its device and what fits", async () => {
    const panel = await openMemory();
    await panel.post(told());
    expect(await panel.page.locator(".bars .current").getAttribute("data-method")).toBe("lora");
    expect(await panel.page.locator(".ticks .device").textContent()).toBe("RTX 4090: 25.8 GB");
    const cells = panel.page.locator(".devices tbody tr").nth(2).locator(".verdict");
    expect(await cells.allTextContents()).toEqual(["✕does not fit", "✓fits", "✓fits", "✓fits"]);
  });

  it("draws no line of a device far larger than all bars", async () => {
    const panel = await openMemory();
    const result = { ...memory(), device: "GB200", device_bytes: 192e9 };
    await panel.post({ ...told(), result });
    await panel.page.getByText("of 192 GB on GB200").waitFor();
    expect(await panel.page.locator(".ticks .device").count()).toBe(0);
  });

  it("says why there is no estimate", async () => {
    const panel = await openMemory();
    await panel.post({ ...told(), result: null, message: "the model is not known" });
    await panel.page.getByText("the model is not known").waitFor();
    expect(await panel.page.locator(".numbers").isVisible()).toBe(false);
  });
});

describe("the Preview panel", () => {
  const told = (skip = 0, rows = 20) => ({
    type: "rows",
    result: preview(skip, rows),
    skip,
    name: NAME,
    uri: URI,
  });

  it("tells learnt tokens from masked ones without colour, in the order of the text", async () => {
    const panel = await openPreview();
    await panel.post(told());
    const tokens = panel.page.locator(".tokens").first();
    const learnt = tokens.locator(".learnt").first();
    await learnt.waitFor();
    const line = "getComputedStyle(document.querySelector('.tokens .learnt')).textDecorationLine";
    expect(await panel.page.evaluate(line)).toBe("underline");
    expect(await tokens.textContent()).toContain("ham, since the sender is");
    expect(await learnt.textContent()).toBe("Learnt: ham, since the sender is a colleague.");
  });

  it("shows where tokens end, on demand", async () => {
    const panel = await openPreview();
    await panel.post(told());
    expect(await panel.page.locator(".token").count()).toBe(0);
    await panel.page.getByRole("button", { name: "Token Boundaries" }).click();
    await panel.page.getByRole("button", { name: "Line Ends" }).click();
    const first = panel.page.locator(".tokens").first();
    expect(await first.locator(".learnt .token").allTextContents()).toEqual([
      "ham,",
      " since",
      " the",
      " sender",
      " is",
      " a",
      " colleague.",
      "<|im_end|>",
    ]);
    expect(await first.textContent()).toContain("⏎");
    await panel.shot("preview-boundaries");
    expect(await panel.kept()).toMatchObject({ boundaries: true, lineEnds: true });
  });

  it("marks rows that were cut, and those that teach nothing", async () => {
    const panel = await openPreview();
    await panel.post(told());
    const row = panel.page.locator(".rows > li").nth(2);
    expect(await row.locator(".tag").allTextContents()).toEqual([
      "118 cut off",
      "nothing is learnt from this row",
    ]);
    expect(await row.locator(".cut").textContent()).toBe(
      "118 tokens were cut off here, at a max_length of 512",
    );
  });

  it("turns pages", async () => {
    const panel = await openPreview();
    await panel.post(told());
    const next = panel.page.getByRole("button", { name: "Next" });
    await next.click();
    await panel.post(told(20));
    await panel.page.getByText("Rows 21 to 40 of 3,571").first().waitFor();
    await panel.page.getByRole("button", { name: "Previous" }).click();
    expect((await panel.sent()).slice(1)).toEqual([
      { type: "page", skip: 20 },
      { type: "page", skip: 0 },
    ]);
    await panel.post(told(3560, 11));
    await expect.poll(() => next.isDisabled()).toBe(true);
  });

  it("offers to install what is missing", async () => {
    const panel = await openPreview();
    const message = "the interpreter has no pitchpipe_runner";
    const result = { message, rows: [], total: null, max_length: null };
    await panel.post({ ...told(), result });
    await panel.page.getByText(message).waitFor();
    await panel.shot("preview-missing");
    await panel.page.getByRole("button", { name: "Install Runner" }).click();
    await panel.page.getByRole("button", { name: "Choose Python Interpreter" }).click();
    expect((await panel.sent()).slice(1)).toEqual([
      { type: "act", action: "install" },
      { type: "act", action: "selectPython" },
    ]);
  });
});
