/** Where the settings of several runs differ. */

import type { CompareRunsResult } from "../../api/protocol";
import { el, fill } from "../shared/dom";
import { swatch } from "./legend";
import type { Shown } from "./lines";
import { t } from "./texts";

export class Differences {
  readonly element = el("section", { hidden: true });

  show({ runs, settings }: CompareRunsResult, shown: readonly Shown[]): void {
    this.element.hidden = false;
    const columns = shown.flatMap((one) => {
      const place = runs.findIndex(({ folder }) => folder === one.details.run.folder);
      return place < 0 ? [] : [{ place, label: one.label, look: one.look }];
    });
    fill(this.element, [settings, columns], () => [
      el("h2", { text: t("differences") }),
      settings.length === 0
        ? el("p", { class: "soft", text: t("noDifference") })
        : el("div", { class: "scroll" }, table(settings, columns)),
    ]);
  }
}

function table(
  settings: CompareRunsResult["settings"],
  columns: { place: number; label: string; look: number }[],
): HTMLElement {
  const heads = columns.map(({ label, look }) =>
    el("th", { scope: "col" }, el("span", { class: "run-name" }, swatch(look, false), label)),
  );
  const rows = settings.map(({ key, values }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("code", { text: key })),
      ...columns.map(({ place }) => {
        const value = values[place];
        return value == null
          ? el("td", { class: "soft", text: t("unset") })
          : el("td", {}, el("code", { text: value }));
      }),
    ),
  );
  const head = el("tr", {}, el("th", { scope: "col", text: t("setting") }), ...heads);
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}
