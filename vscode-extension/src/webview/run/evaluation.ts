/** What the evaluation found: base, tuned and exported model side by side, and their answers. */

import type { Evaluated, RunDetails, Sample, Score } from "../../api/protocol";
import { best, direction, metricsOf } from "../common/best";
import { el, fill, icon } from "../common/dom";
import { figure, NOTHING } from "../common/numbers";
import { swatch } from "./legend";
import type { Shown } from "./lines";
import { kindName, metricName, t } from "./texts";

const SAMPLES_AT_ONCE = 6;

export class Evaluation {
  readonly element = el("div", {});
  private readonly choose = el("select", { "aria-label": t("run") });
  private readonly scores = el("section", { class: "evaluation" });
  private readonly answers = el("section", { class: "answers" });
  private more = 1;
  private chosen: string | null = null;

  constructor(private readonly redraw: () => void) {
    this.choose.addEventListener("change", () => {
      this.chosen = this.choose.value;
      this.more = 1;
      this.redraw();
    });
    this.element.append(this.choose, this.scores, this.answers);
  }

  show(runs: readonly Shown[]): void {
    const evaluated = runs.filter(({ details }) => details.evaluated.length > 0);
    this.choose.hidden = evaluated.length < 2;
    fill(
      this.choose,
      evaluated.map(({ label, details }) => [label, details.run.folder]),
      () =>
        evaluated.map(({ label, details }) =>
          el("option", { value: details.run.folder, text: label }),
        ),
    );
    const shown =
      evaluated.find(({ details }) => details.run.folder === this.chosen) ?? evaluated[0];
    const details = shown?.details;
    if (details) this.choose.value = details.run.folder;
    this.scores.hidden = !details;
    this.answers.hidden = !details?.samples.length;
    if (!details) return;
    const whose = runs.length > 1 ? shown : undefined;
    fill(this.scores, [details.evaluated, whose?.label, whose?.look], () => [
      el(
        "h2",
        { class: "run-name" },
        t("evaluation"),
        whose && swatch(whose.look, false),
        whose && el("span", { class: "soft", text: whose.label }),
      ),
      table(details.evaluated),
    ]);
    const count = this.more * SAMPLES_AT_ONCE;
    fill(this.answers, [details.run.folder, details.samples, count], () =>
      this.cards(details, count),
    );
  }

  private cards({ samples, evaluated }: RunDetails, count: number): (HTMLElement | false)[] {
    const kinds = evaluated.map(({ kind }) => kind);
    const rest = samples.length - count;
    return [
      el("h2", { text: t("samples") }),
      el("ol", { class: "samples" }, ...samples.slice(0, count).map((one) => card(one, kinds))),
      rest > 0 &&
        el("button", {
          type: "button",
          "data-key": "more",
          text: t("more", String(Math.min(rest, SAMPLES_AT_ONCE))),
          on: {
            click: () => {
              this.more += 1;
              this.redraw();
            },
          },
        }),
    ];
  }
}

function table(evaluated: readonly Evaluated[]): HTMLElement {
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", text: t("metric") }),
    ...evaluated.map(({ kind }) => el("th", { scope: "col", text: kindName(kind) })),
  );
  const rows = metricsOf(evaluated).map((metric) => {
    const scores = evaluated.flatMap((one) => one.metrics[metric] ?? []);
    const ends = span(scores);
    const winners = best(evaluated, metric);
    const way = direction(metric);
    return el(
      "tr",
      { "data-metric": metric },
      el(
        "th",
        { scope: "row" },
        metricName(metric),
        way &&
          el("span", {
            class: "soft small way",
            text: t(way === "lower" ? "lowerIsBetter" : "higherIsBetter"),
          }),
      ),
      ...evaluated.map((one) => cell(one.metrics[metric], winners.includes(one.kind), ends)),
    );
  });
  return el(
    "div",
    { class: "scroll" },
    el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)),
  );
}

function cell(
  score: Score | undefined,
  isBest: boolean,
  [low, high]: [number, number],
): HTMLElement {
  if (!score) return el("td", { class: "soft", text: NOTHING });
  const known = score.low != null && score.high != null;
  const place = (value: number) => `${(100 * (value - low)) / (high - low || 1)}%`;
  const from = score.low ?? score.value;
  const to = score.high ?? score.value;
  const dots = el(
    "span",
    { class: "dots", "aria-hidden": "true" },
    el("i", {
      class: "reach",
      style: { left: place(from), width: `${(100 * (to - from)) / (high - low || 1)}%` },
    }),
    el("i", { class: "dot", style: { left: place(score.value) } }),
  );
  return el(
    "td",
    { class: isBest ? "best" : "" },
    el(
      "span",
      { class: "score" },
      el("b", { text: figure(score.value) }),
      isBest && el("span", { class: "tag good" }, icon("done"), t("bestMark")),
    ),
    known &&
      el("span", {
        class: "soft small",
        text: t("interval", figure(score.low), figure(score.high)),
      }),
    dots,
  );
}

/** The ends of a scale that holds all scores with their intervals. */
function span(scores: readonly Score[]): [number, number] {
  const low = Math.min(...scores.map((s) => s.low ?? s.value));
  const high = Math.max(...scores.map((s) => s.high ?? s.value));
  const margin = (high - low) * 0.06;
  return [low - margin, high + margin];
}

function card({ prompt, expected, answers }: Sample, kinds: readonly string[]): HTMLElement {
  const order = [...kinds.filter((kind) => kind in answers)];
  order.push(...Object.keys(answers).filter((kind) => !order.includes(kind)));
  const text = (words: string) =>
    words.trim()
      ? el("p", { class: "text", text: words })
      : el("p", { class: "text soft", text: t("empty") });
  return el(
    "li",
    { class: "card sample" },
    el(
      "div",
      { class: "asked" },
      el("h3", { class: "soft small", text: t("prompt") }),
      text(prompt),
    ),
    el(
      "div",
      { class: "columns" },
      expected !== null &&
        el("div", {}, el("h3", { class: "soft small", text: t("expected") }), text(expected)),
      ...order.map((kind) => {
        const answer = answers[kind] as string;
        const same = expected !== null && answer.trim() === expected.trim();
        return el(
          "div",
          { class: same ? "same" : "" },
          el(
            "h3",
            { class: "soft small" },
            kindName(kind),
            same && icon("done"),
            same && el("span", { class: "unseen", text: t("matches") }),
          ),
          text(answer),
        );
      }),
    ),
  );
}
