/**
 * How long the Run panel is busy with 100,000 points a series, told on the console:
 * `MEASURE=1 npx vitest run --config test/panels/vitest.config.ts`
 */

import { afterAll, beforeAll, it } from "vitest";
import { details } from "./material";
import { type Stage, stage } from "./opened";

const POINTS = 100_000;
const TIMES = 40;

let shown: Stage;
beforeAll(async () => {
  shown = await stage();
});
afterAll(() => shown.close());

/** Times every drawing: from the frame in which it begins to the last microtask. */
const WATCH = `
  globalThis.busy = [];
  const real = requestAnimationFrame;
  globalThis.requestAnimationFrame = (draw) => real((now) => {
    const from = performance.now();
    draw(now);
    // uPlot draws in a microtask.
    queueMicrotask(() => queueMicrotask(() => busy.push(performance.now() - from)));
  });
`;

it.each([1, 3])(
  "%i runs",
  async (count) => {
    const runs = Array.from({ length: count }, (_, i) =>
      details({ points: POINTS, seed: i + 1, name: `run-${i}` }),
    );
    const folders = runs.map(({ run }) => run.folder);
    const panel = await shown.open("run", { folders }, { width: 1280 });
    await panel.page.evaluate(WATCH);
    for (const one of runs) {
      await panel.post({ type: "details", folder: one.run.folder, details: one });
    }
    await panel.page.locator(".plot-card canvas").nth(4).waitFor();
    await panel.page.waitForTimeout(1000);
    const measure = async (what: string, act: (i: number) => Promise<unknown>) => {
      await panel.page.evaluate("busy.length = 0");
      for (let i = 0; i < TIMES; i++) {
        await act(i);
        await panel.page.waitForTimeout(120);
      }
      const busy = (await panel.page.evaluate("busy")) as number[];
      const [low, median, p95, high] = spread(busy);
      console.log(`${count} runs, ${what}: n ${busy.length}, ms ${low} ${median} ${p95} ${high}`);
    };
    const first = runs[0] as (typeof runs)[number];
    await measure("an event each 120 ms", (i) =>
      panel.post({
        type: "events",
        folder: first.run.folder,
        events: [
          {
            kind: "metrics",
            t: (first.run.at as number) + i + 1,
            seq: i,
            stage: "train",
            step: POINTS + i + 1,
            total_steps: 2 * POINTS,
            values: { loss: 0.4, learning_rate: 1e-4, tokens_per_second: 800, grad_norm: 0.5 },
          },
        ],
      }),
    );
    await panel.page.locator("#smoothing").focus();
    await measure("smoothing", () => panel.page.keyboard.press("ArrowRight"));
    await panel.page.locator('[data-chart="loss"] .chart').focus();
    await measure("zooming", (i) => panel.page.keyboard.press(i % 8 < 4 ? "+" : "-"));
  },
  120_000,
);

/** Lowest, median, 95th percentile, highest. */
function spread(values: number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
  return [0, 0.5, 0.95, 1].map((share) => (at(share) ?? Number.NaN).toFixed(1));
}
