/** The Memory panel: what the workflow that is being edited takes. */

import "../common/base.css";
import "./memory.css";
import type { Interval, MemoryResult } from "../../api/protocol";
import type { FileKept, FromMemory, ToMemory } from "../../panels/messages";
import { el, fill, icon } from "../common/dom";
import { count, duration, NOTHING, percent, short, size } from "../common/numbers";
import { keep, kept, listen, main } from "../common/page";
import { Bars } from "./bars";
import { devices } from "./devices";
import { t } from "./texts";

const about = kept<FileKept>();
keep<FileKept>(about);

const title = el("h1", {});
const peak = el("p", { class: "soft small" });
const trouble = el("div", { role: "status" });
const figures = el("dl", { class: "figures" });
const bars = new Bars();
const byDevice = el("div", {});
const savings = el("section", {});
const reasons = el("section", {});
const numbers = el(
  "div",
  { class: "numbers", hidden: true },
  figures,
  bars.element,
  byDevice,
  savings,
  reasons,
);
const blank = el("p", { class: "blank", text: t(about.uri ? "loading" : "noFile") });
main.append(el("header", {}, title, peak), trouble, blank, numbers);

function show({ result, name, uri, message }: ToMemory): void {
  keep<FileKept>({ uri });
  fill(title, name, () => [name]);
  fill(trouble, [message, result === null], () => [
    message !== null &&
      el(
        "div",
        { class: "banner" },
        icon("warning"),
        el("span", { text: result ? t("held", message) : message }),
      ),
  ]);
  blank.hidden = true;
  numbers.hidden = result === null;
  numbers.classList.toggle("held", message !== null);
  if (result) showNumbers(result);
}

function showNumbers(result: MemoryResult): void {
  fill(peak, [result.device, result.moment], () => [
    [result.device, result.moment && `${t("peak")}: ${result.moment}`].filter(Boolean).join(" · "),
  ]);
  fill(figures, { ...result, savings: [], devices: [], reasons: [] }, () => summary(result));
  bars.element.hidden = result.methods.length === 0;
  if (result.methods.length > 0) bars.show(result);
  fill(byDevice, [result.devices, result.methods, result.device], () => [
    result.devices.length > 0 && devices(result),
  ]);
  fill(savings, result.savings, () => saved(result));
  reasons.hidden = result.reasons.length === 0;
  fill(reasons, result.reasons, () => [
    el("h2", { text: t("reasons") }),
    el("ul", { class: "reasons soft" }, ...result.reasons.map((text) => el("li", { text }))),
  ]);
}

function summary({
  methods,
  device,
  device_bytes,
  steps,
  seconds,
  trainable,
  parameters,
}: MemoryResult) {
  const current = methods.find((method) => method.current);
  const total = current?.total ?? null;
  const fits = device_bytes !== null && t("ofDevice", size(device_bytes), device ?? "");
  const share = trainable !== null && parameters ? percent(trainable / parameters) : NOTHING;
  const trained =
    trainable !== null && parameters ? t("trainedOf", short(trainable), short(parameters)) : "";
  return [
    figureOf(
      t("total"),
      size(total?.likely),
      [range(total, size), fits].filter(Boolean).join(", "),
    ),
    figureOf(t("time"), duration(seconds?.likely), range(seconds, duration)),
    figureOf(t("steps"), count(steps?.likely), range(steps, count)),
    figureOf(t("trained"), share, trained),
  ];
}

function figureOf(name: string, value: string, beside: string): HTMLElement {
  return el(
    "div",
    {},
    el("dt", { text: name }),
    el("dd", {}, el("b", { text: value }), el("span", { class: "soft", text: beside })),
  );
}

function range(interval: Interval | null, write: (value: number) => string): string {
  if (!interval) return "";
  const [low, high] = [write(interval.low), write(interval.high)];
  return low === high ? "" : t("range", low, high);
}

function saved({ savings: all }: MemoryResult): HTMLElement[] {
  const most = Math.max(...all.map(({ bytes }) => bytes), 1);
  const rows = all.map(({ change, bytes, cost }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("code", { text: change })),
      el(
        "td",
        { class: "saves" },
        el("span", { text: size(bytes) }),
        el(
          "span",
          { class: "level", "aria-hidden": "true" },
          el("i", { style: { width: `${(100 * bytes) / most}%` } }),
        ),
      ),
      el("td", { class: "soft", text: cost }),
    ),
  );
  const heads = [t("change"), t("saves"), t("cost")].map((text) =>
    el("th", { scope: "col", text }),
  );
  return [
    el("h2", { text: t("savings") }),
    all.length === 0
      ? el("p", { class: "soft", text: t("noSavings") })
      : el(
          "div",
          { class: "scroll" },
          el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)),
        ),
  ];
}

listen<ToMemory, FromMemory>(show);
