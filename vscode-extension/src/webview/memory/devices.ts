/** Which method fits on which device. */

import type { DeviceFit, MemoryResult } from "../../api/protocol";
import { el } from "../common/dom";
import { percent, size } from "../common/numbers";
import { t } from "./texts";

type Verdict = DeviceFit["fits"][string];

const SIGNS: Record<Verdict, string> = { yes: "✓", likely: "≈", unlikely: "!", no: "✕" };

function word(verdict: Verdict): string {
  const words = {
    yes: "fitsYes",
    likely: "fitsLikely",
    unlikely: "fitsUnlikely",
    no: "fitsNo",
  } as const;
  return t(words[verdict]);
}

export function devices({ devices: all, methods, device }: MemoryResult): HTMLElement {
  const current = methods.find((method) => method.current);
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", text: t("device") }),
    el("th", { scope: "col", text: t("deviceMemory") }),
    ...methods.map(({ name, current: own }) =>
      el("th", { scope: "col", class: own ? "own" : "", text: name }),
    ),
  );
  const rows = all.map((one) => {
    const full = current ? current.total.likely / one.bytes : null;
    return el(
      "tr",
      { class: one.name === device ? "own" : "" },
      el("th", { scope: "row", text: one.name }),
      el(
        "td",
        {},
        el("span", { class: "has", text: size(one.bytes) }),
        full !== null && level(full),
      ),
      ...methods.map(({ name, current: own }) => verdict(one.fits[name], own)),
    );
  });
  const legend = (Object.keys(SIGNS) as Verdict[]).map((key) =>
    el(
      "span",
      { class: `verdict ${key}` },
      el("i", { "aria-hidden": "true", text: SIGNS[key] }),
      word(key),
    ),
  );
  return el(
    "section",
    { class: "devices" },
    el(
      "div",
      { class: "section-head" },
      el("h2", { text: t("devices") }),
      el("span", { class: "spacer" }),
      ...legend,
    ),
    el(
      "div",
      { class: "scroll" },
      el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)),
    ),
  );
}

function verdict(found: Verdict | undefined, own: boolean): HTMLElement {
  if (!found)
    return el("td", { class: own ? "own" : "" }, el("span", { class: "soft", text: t("unknown") }));
  return el(
    "td",
    { class: own ? "own" : "" },
    el(
      "span",
      { class: `verdict ${found}`, title: word(found) },
      el("i", { "aria-hidden": "true", text: SIGNS[found] }),
      el("span", { class: "unseen", text: word(found) }),
    ),
  );
}

/** How full the file's own method makes the device. */
function level(full: number): HTMLElement {
  const text = `${percent(full)} ${t("full")}`;
  return el(
    "span",
    { class: `level ${full > 1 ? "over" : ""}`, role: "img", "aria-label": text, title: text },
    el("i", { style: { width: `${Math.min(full, 1) * 100}%` } }),
  );
}
