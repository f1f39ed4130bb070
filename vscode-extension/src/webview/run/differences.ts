/** Several runs side by side: what came of them, and where their settings differ. */

import type { CompareRunsResult, Evaluated } from "../../api/protocol";
import { best } from "../common/best";
import { el, fill, icon } from "../common/dom";
import { figure, NOTHING } from "../common/numbers";
import { swatch } from "./legend";
import type { Shown } from "./lines";
import { kindName, metricName, t } from "./texts";

interface Column {
  /** Of the run among those that were compared. */
  place: number;
  label: string;
  look: number;
}

export class Differences {
  readonly element = el("div", { hidden: true });

  show({ runs, settings, metrics }: CompareRunsResult, shown: readonly Shown[]): void {
    this.element.hidden = false;
    const columns = shown.flatMap((one) => {
      const place = runs.findIndex(({ folder }) => folder === one.details.run.folder);
      return place < 0 ? [] : [{ place, label: one.label, look: one.look }];
    });
    fill(this.element, [settings, metrics, columns], () => [
      metrics.length > 0 &&
        section(
          t("results"),
          table(
            t("metric"),
            columns,
            metrics.map((row) => result(row, columns)),
          ),
        ),
      section(
        t("differences"),
        settings.length === 0
          ? el("p", { class: "soft", text: t("noDifference") })
          : table(
              t("setting"),
              columns,
              settings.map((row) => setting(row, columns)),
            ),
      ),
    ]);
  }
}

function section(heading: string, content: HTMLElement): HTMLElement {
  return el("section", {}, el("h2", { text: heading }), el("div", { class: "scroll" }, content));
}

function table(first: string, columns: readonly Column[], rows: HTMLElement[]): HTMLElement {
  const heads = columns.map(({ label, look }) =>
    el("th", { scope: "col" }, el("span", { class: "run-name" }, swatch(look, false), label)),
  );
  const head = el("tr", {}, el("th", { scope: "col", text: first }), ...heads);
  const body = el("tbody", {}, ...rows);
  return el("table", { class: "compared" }, el("thead", {}, head), body);
}

function result(
  { name, values }: CompareRunsResult["metrics"][number],
  columns: readonly Column[],
): HTMLElement {
  const [kind, metric] = name.includes(" ") ? name.split(/ (.*)/) : ["", name];
  const title = metricName(metric ?? name);
  const measured: Evaluated[] = columns.flatMap(({ place }) => {
    const value = values[place];
    const scores = { [metric ?? name]: { value: value ?? 0, low: null, high: null } };
    return value == null ? [] : [{ kind: String(place), metrics: scores }];
  });
  const winners = best(measured, metric ?? name);
  return el(
    "tr",
    { "data-metric": name },
    el("th", { scope: "row", text: kind ? `${title}, ${kindName(kind)}` : title }),
    ...columns.map(({ place }) => {
      const value = values[place];
      if (value == null) return el("td", { class: "soft", text: NOTHING });
      const won = winners.includes(String(place));
      const mark = won && el("span", { class: "tag good" }, icon("done"), t("bestMark"));
      const score = el("span", { class: "score" }, el("b", { text: figure(value) }), mark);
      return el("td", { class: won ? "best" : "" }, score);
    }),
  );
}

function setting(
  { key, values }: CompareRunsResult["settings"][number],
  columns: readonly Column[],
): HTMLElement {
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, el("code", { text: key })),
    ...columns.map(({ place }) => {
      const value = values[place];
      return value == null
        ? el("td", { class: "soft", text: t("unset") })
        : el("td", {}, el("code", { text: value }));
    }),
  );
}
