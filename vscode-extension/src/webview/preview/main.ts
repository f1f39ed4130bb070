/** The Preview panel: rows as the model will see them. */

import "../common/base.css";
import "./preview.css";
import type { PreviewResult, PreviewRow } from "../../api/protocol";
import { type FileKept, type FromPreview, PAGE, type ToPreview } from "../../panels/messages";
import type { PreviewStrings } from "../../panels/strings";
import { el, fill, icon, liveRegion, say } from "../common/dom";
import { count, percent } from "../common/numbers";
import { keep, kept, listen, main, send, texts } from "../common/page";
import { type Stretch, stretches, visible } from "../common/tokens";

interface Kept extends FileKept {
  boundaries: boolean;
  lineEnds: boolean;
}

const t = texts<PreviewStrings>();
const about = kept<Kept>();
keep<Kept>(about);
let boundaries = about.boundaries === true;
let lineEnds = about.lineEnds === true;
let shown: (ToPreview & { type: "rows" }) | null = null;

const title = el("h1", {});
const trouble = el("div", {});
const live = liveRegion();
const rows = el("ol", { class: "rows" });
const blank = el("p", { class: "blank", text: t(about.uri ? "loading" : "noFile") });
const range = el("span", { class: "soft" });
const previous = turner("left", t("previous"), () => turn(-PAGE));
const next = turner("right", t("next"), () => turn(PAGE));
const pager = el("span", { class: "pager" }, previous, range, next);
const tools = el(
  "div",
  { class: "toolbar", hidden: true },
  el(
    "ul",
    { class: "key", "aria-label": t("legend") },
    el("li", {}, el("span", { class: "learnt", text: t("learnt") })),
    el("li", {}, el("span", { class: "masked", text: t("masked") })),
    el("li", {}, el("span", { class: "special", text: t("special") })),
  ),
  el("span", { class: "spacer" }),
  toggle(t("boundaries"), boundaries, (on) => {
    boundaries = on;
    keep<Kept>({ boundaries });
  }),
  toggle(t("whitespace"), lineEnds, (on) => {
    lineEnds = on;
    keep<Kept>({ lineEnds });
  }),
  pager,
);
main.append(el("header", {}, title, tools), trouble, blank, rows, live);

function receive(message: ToPreview): void {
  keep<Kept>({ uri: message.uri });
  say(title, message.name);
  main.setAttribute("aria-busy", String(message.type === "asking"));
  if (message.type === "asking") {
    if (shown?.uri !== message.uri) {
      shown = null;
      draw();
    }
    return;
  }
  shown = message;
  say(live, where());
  draw();
}

function draw(): void {
  const result = shown?.result;
  const has = (result?.rows.length ?? 0) > 0;
  fill(trouble, result?.message ?? null, () => [
    result?.message != null && missing(result.message),
  ]);
  blank.hidden = has || (result?.message ?? null) !== null;
  say(blank, t(result ? "noRows" : "loading"));
  tools.hidden = !has && (shown?.skip ?? 0) === 0;
  fill(rows, [shown, boundaries, lineEnds], () =>
    (result?.rows ?? []).map((row) => card(row, result as PreviewResult)),
  );
  say(range, where());
  const end = (shown?.skip ?? 0) + (result?.rows.length ?? 0);
  previous.disabled = (shown?.skip ?? 0) === 0;
  next.disabled = result?.total != null ? end >= result.total : (result?.rows.length ?? 0) < PAGE;
}

function where(): string {
  if (!shown || shown.result.rows.length === 0) return "";
  const from = count(shown.skip + 1);
  const to = count(shown.skip + shown.result.rows.length);
  const { total } = shown.result;
  return total === null ? t("rowsFrom", from, to) : t("rowsOf", from, to, count(total));
}

function turn(by: number): void {
  if (!shown) return;
  send<FromPreview>({ type: "page", skip: Math.max(0, shown.skip + by) });
  scrollTo(0, 0);
}

function missing(message: string): HTMLElement {
  const button = (action: "install" | "selectPython", kind: string) =>
    el("button", {
      class: kind,
      type: "button",
      text: t(action),
      on: { click: () => send<FromPreview>({ type: "act", action }) },
    });
  return el(
    "div",
    { class: "banner", role: "alert" },
    icon("warning"),
    el(
      "div",
      {},
      el("p", { text: message }),
      el("div", { class: "toolbar" }, button("install", "primary"), button("selectPython", "")),
    ),
  );
}

function card(row: PreviewRow, { max_length: most }: PreviewResult): HTMLElement {
  const learnt = row.tokens.filter((token) => token.learnt).length;
  const share = most ? Math.min(row.length / most, 1) : null;
  const facts = [
    most ? t("lengthOf", count(row.length), count(most)) : t("tokens", count(row.length)),
    learnt > 0 ? t("learntTokens", count(learnt)) : null,
  ];
  return el(
    "li",
    { class: "card row" },
    el(
      "div",
      { class: "row-head" },
      el("h2", { text: t("rowName", row.source, count(row.row + 1)) }),
      el("span", { class: "spacer" }),
      row.cut > 0 && el("span", { class: "tag warn" }, icon("warning"), t("cut", count(row.cut))),
      learnt === 0 && el("span", { class: "tag warn" }, icon("warning"), t("nothingLearnt")),
      el("span", { class: "soft small", text: facts.filter(Boolean).join(" · ") }),
      share !== null &&
        el(
          "span",
          {
            class: `level ${row.cut > 0 ? "over" : ""}`,
            "aria-hidden": "true",
            title: percent(share),
          },
          el("i", { style: { width: `${share * 100}%` } }),
        ),
    ),
    el(
      "div",
      {
        class: "tokens",
        tabindex: 0,
        role: "group",
        "aria-label": t("rowName", row.source, count(row.row + 1)),
      },
      ...stretches(row.tokens).map(stretch),
    ),
    row.cut > 0 && el("p", { class: "cut", text: t("cutMark", count(row.cut), count(most)) }),
  );
}

function stretch({ learnt, special, tokens }: Stretch): HTMLElement {
  const write = (text: string) => (lineEnds ? visible(text) : text);
  const kind = `${learnt ? "learnt" : "masked"}${special ? " special" : ""}`;
  const told = el("span", { class: "unseen", text: t(learnt ? "learntPart" : "maskedPart", "") });
  const inside = boundaries
    ? tokens.map((text) => el("span", { class: "token", text: write(text) || "∅" }))
    : [write(tokens.join(""))];
  return el("span", { class: kind }, told, ...inside);
}

function toggle(label: string, on: boolean, change: (on: boolean) => void): HTMLElement {
  const button = el("button", {
    class: "toggle",
    type: "button",
    text: label,
    on: {
      click: () => {
        const now = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(now));
        change(now);
        draw();
      },
    },
  });
  button.setAttribute("aria-pressed", String(on));
  return button;
}

function turner(name: "left" | "right", label: string, click: () => void): HTMLButtonElement {
  const properties = {
    class: "bare",
    type: "button",
    "aria-label": label,
    title: label,
    on: { click },
  };
  return el("button", properties, icon(name));
}

listen<ToPreview, FromPreview>(receive);
