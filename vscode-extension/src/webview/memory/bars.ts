/** The methods' memory as bars on one axis, or as a table. */

import type { MemoryResult, MethodCost } from "../../api/protocol";
import { type Group, groupsOf, segments } from "../common/bars";
import { el, fill, icon, say } from "../common/dom";
import { axis, size } from "../common/numbers";
import { keep, kept } from "../common/page";
import { t } from "./texts";

interface Kept {
  asTable: boolean;
}

/** A device this many times as large as the largest bar would leave nothing to see of the bars. */
const FAR = 2.5;

export class Bars {
  readonly element = el("section", { class: "methods" });
  private readonly legend = el("ul", { class: "groups" });
  private readonly bars = el("ul", { class: "bars" });
  private readonly ticks = el("div", { class: "ticks", "aria-hidden": "true" });
  private readonly drawing = el("div", {}, this.legend, this.bars, this.ticks);
  private readonly table = el("div", { class: "scroll", tabindex: 0, "aria-label": t("methods") });
  private readonly toggle: HTMLButtonElement;
  private asTable = kept<Kept>().asTable === true;

  constructor() {
    this.toggle = el(
      "button",
      { class: "toggle", type: "button", on: { click: () => this.turn() } },
      icon("table"),
      t("asTable"),
    );
    const head = el("div", { class: "section-head" }, el("h2", { text: t("methods") }));
    head.append(el("span", { class: "spacer" }), this.toggle);
    this.element.append(head, this.drawing, this.table);
    this.choose();
  }

  show(result: MemoryResult): void {
    const { methods } = result;
    const groups = groupsOf(methods);
    fill(this.legend, groups, () =>
      groups.map((group) => el("li", {}, el("i", { class: `swatch ${group}` }), t(group))),
    );
    const most = Math.max(...methods.map(({ total }) => Math.max(total.high, total.likely)), 0);
    const device = result.device_bytes;
    const inSight = device !== null && device <= most * FAR;
    const { end, ticks } = axis(Math.max(most, inSight ? device * 1.03 : 0));
    fill(this.bars, [methods.map(({ name, current }) => [name, current]), groups, ticks, end], () =>
      methods.map((method) => row(method, groups, ticks, end)),
    );
    methods.forEach((method, i) => {
      update(this.bars.children[i] as HTMLElement, method, end, inSight ? device : null);
    });
    fill(this.ticks, [ticks, end, inSight, result.device, device], () => [
      ...ticks.map((tick) => mark("tick", tick / end, size(tick))),
      inSight &&
        mark("device", device / end, t("deviceLine", result.device ?? t("device"), size(device))),
    ]);
    fill(this.table, [methods, groups], () => [tableOf(methods, groups)]);
  }

  private turn(): void {
    this.asTable = !this.asTable;
    keep<Kept>({ asTable: this.asTable });
    this.choose();
  }

  private choose(): void {
    this.toggle.setAttribute("aria-pressed", String(this.asTable));
    this.drawing.hidden = this.asTable;
    this.table.hidden = !this.asTable;
  }
}

function row(method: MethodCost, groups: Group[], ticks: number[], end: number): HTMLElement {
  const current = method.current && el("span", { class: "tag", text: t("current") });
  return el(
    "li",
    { class: method.current ? "current" : "", "data-method": method.name },
    el("span", { class: "method" }, el("span", { text: method.name }), current),
    el(
      "span",
      { class: "track", role: "img" },
      ...ticks.map((tick) => el("i", { class: "rule", style: { left: `${(100 * tick) / end}%` } })),
      ...groups.map((group) => el("i", { class: `part ${group}` })),
      el("i", { class: "whisker" }),
      el("i", { class: "limit" }),
    ),
    el("span", { class: "amount" }, el("b", {}), el("span", { class: "soft small" })),
  );
}

function update(item: HTMLElement, method: MethodCost, end: number, device: number | null): void {
  const { low, likely, high } = method.total;
  const parts = segments(method);
  const track = item.querySelector(".track") as HTMLElement;
  const place = (selector: string, from: number, bytes: number) => {
    const part = track.querySelector(selector) as HTMLElement;
    part.style.left = `${(100 * from) / end}%`;
    part.style.width = `${(100 * bytes) / end}%`;
    return part;
  };
  for (const part of track.querySelectorAll<HTMLElement>(".part")) part.style.width = "0";
  for (const { group, from, bytes, parts: inside } of parts) {
    const part = place(`.${group}`, from, bytes);
    const lines = inside.length > 1 ? inside.map((p) => `${p.name}: ${size(p.bytes)}`) : [];
    part.title = [`${t(group)}: ${size(bytes)}`, ...lines].join("\n");
  }
  place(".whisker", low, high - low);
  const limit = place(".limit", device ?? 0, 0);
  limit.hidden = device === null;
  const words = parts.map(({ group, bytes }) => `${t(group)} ${size(bytes)}`);
  const label = t("barLabel", method.name, size(likely), size(low), size(high));
  track.setAttribute("aria-label", [label, ...words].join("; "));
  say(item.querySelector(".amount b") as Element, size(likely));
  say(item.querySelector(".amount span") as Element, t("range", size(low), size(high)));
}

function mark(kind: string, share: number, text: string): HTMLElement {
  const side = share > 0.82 ? "before" : "";
  return el("span", { class: `${kind} ${side}`, style: { left: `${100 * share}%` }, text });
}

function tableOf(methods: readonly MethodCost[], groups: readonly Group[]): HTMLElement {
  const heads = [t("likely"), t("interval"), ...groups.map((group) => t(group))];
  const rows = methods.map((method) => {
    const found = segments(method);
    const { low, likely, high } = method.total;
    const cells = [
      size(likely),
      t("range", size(low), size(high)),
      ...groups.map((group) => size(found.find((part) => part.group === group)?.bytes)),
    ];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, method.name, method.current && ` (${t("current")})`),
      ...cells.map((text) => el("td", { class: "number", text })),
    );
  });
  const head = [t("method"), ...heads].map((text, i) =>
    el("th", { scope: "col", class: i ? "number" : "", text }),
  );
  return el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}
