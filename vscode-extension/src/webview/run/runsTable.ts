/** Several runs below each other; the check boxes say which ones the charts show. */

import { el, fill, say } from "../common/dom";
import { count, duration, figure, NOTHING, size } from "../common/numbers";
import { actions, pill } from "./header";
import { swatch } from "./legend";
import type { Shown } from "./lines";
import { metricName, named, t } from "./texts";

export class RunsTable {
  readonly element = el("section", { "aria-label": t("runs") });
  private readonly body = el("tbody", {});

  constructor(
    private readonly hidden: Set<string>,
    private readonly redraw: () => void,
  ) {
    const heads = [
      "run",
      "state",
      "stage",
      "step",
      "bestNone",
      "time",
      "measured",
      "predictedColumn",
    ] as const;
    const numbers = new Set<string>(["step", "bestNone", "time", "measured", "predictedColumn"]);
    const head = heads.map((key) =>
      el("th", { scope: "col", class: numbers.has(key) ? "number" : "", text: t(key) }),
    );
    head.push(el("th", { scope: "col" }, el("span", { class: "unseen", text: t("actions") })));
    const table = el("table", { class: "runs" }, el("thead", {}, el("tr", {}, ...head)), this.body);
    this.element.append(el("h1", { text: t("runs") }), el("div", { class: "scroll" }, table));
  }

  show(runs: readonly Shown[]): void {
    const shape = runs.map(({ details: { run }, label }) => [
      run.folder,
      run.state,
      run.report,
      run.resumable,
      label,
    ]);
    fill(this.body, shape, () => runs.map((shown) => this.row(shown)));
    runs.forEach(({ details: { run } }, i) => {
      const cells = this.body.children[i]?.children;
      if (!cells) return;
      const step =
        run.total_steps == null
          ? count(run.step)
          : t("stepOf", count(run.step), count(run.total_steps));
      const texts = [
        run.stage ? named(run.stage) : NOTHING,
        run.step == null ? NOTHING : step,
        run.best ? `${metricName(run.best[0])} ${figure(run.best[1])}` : NOTHING,
        duration(run.seconds),
        size(run.measured),
        run.predicted ? size(run.predicted.likely) : NOTHING,
      ];
      texts.forEach((text, n) => {
        say(cells[n + 2] as Element, text);
      });
    });
  }

  private row({ details: { run }, label, look }: Shown): HTMLElement {
    const box = el("input", {
      type: "checkbox",
      "data-key": `show ${run.folder}`,
      on: {
        change: () => {
          if (box.checked) this.hidden.delete(run.folder);
          else this.hidden.add(run.folder);
          this.redraw();
        },
      },
    });
    box.checked = !this.hidden.has(run.folder);
    return el(
      "tr",
      { "data-run": run.folder },
      el(
        "th",
        { scope: "row" },
        el(
          "label",
          { class: "run-name", title: run.id },
          box,
          swatch(look, false),
          el("span", { text: label }),
        ),
      ),
      el("td", {}, pill(run.state)),
      el("td", {}),
      ...Array.from({ length: 5 }, () => el("td", { class: "number" })),
      el("td", { class: "number" }, el("span", { class: "row-actions" }, ...actions(run, label))),
    );
  }
}
