/** How one run stands: state, stages, figures, and what can be done about it. */

import type { Run, RunDetails, RunState, Stage } from "../../api/protocol";
import type { FromRun, RunAction } from "../../panels/messages";
import { el, fill, type Icon, icon, say } from "../common/dom";
import { count, duration, figure, NOTHING, percent, size } from "../common/numbers";
import { moment, send } from "../common/page";
import { basename } from "./labels";
import { metricName, named, t } from "./texts";

const STAGE_ICONS: Partial<Record<Stage["state"], Icon>> = {
  done: "done",
  reused: "reused",
  failed: "failed",
  stopped: "stopped",
};

export function act(action: RunAction, folder: string): void {
  send<FromRun>({ type: "act", action, folder });
}

export function pill(state: RunState): HTMLElement {
  return el("span", { class: `pill ${state}` }, el("i", { "aria-hidden": "true" }), named(state));
}

/** The buttons of a run: what can be done now. */
export function actions(run: Run, label: string | null): HTMLElement[] {
  const button = (action: RunAction, name: Icon, text: string, kind: string) =>
    el(
      "button",
      {
        class: label === null ? kind : "bare",
        type: "button",
        "data-key": `${action} ${run.folder}`,
        "data-action": action,
        ...(label === null ? {} : { "aria-label": t("actionOf", text, label), title: text }),
        on: { click: () => act(action, run.folder) },
      },
      icon(name),
      label === null && text,
    );
  const working = run.state === "running" || run.state === "waiting";
  return [
    ...(working ? [button("stop", "stop", t("stop"), "")] : []),
    ...(run.resumable && !working ? [button("resume", "resume", t("resume"), "primary")] : []),
    ...(run.report ? [button("report", "report", t("openReport"), working ? "" : "primary")] : []),
    button("log", "log", t("openLog"), ""),
    ...(label === null ? [button("reveal", "reveal", t("reveal"), "")] : []),
  ];
}

export class Header {
  readonly element = el("header", {});
  private readonly title = el("div", { class: "title" });
  private readonly trouble = el("div", {});
  private readonly stages = el("ol", { class: "stages", "aria-label": t("stages") });
  private readonly figures = el("dl", { class: "figures" });

  constructor() {
    this.element.append(this.title, this.trouble, this.stages, this.figures);
  }

  show({ run, stages, workflow, series }: RunDetails): void {
    const said = [run.state, run.report, run.resumable, run.started, run.smoke, run.id];
    fill(this.title, said, () => [
      el(
        "div",
        { class: "names" },
        el("h1", { text: workflow ? basename(workflow) : run.id }),
        pill(run.state),
        run.smoke && el("span", { class: "tag", text: t("smoke") }),
        el("p", {
          class: "soft small",
          text: [run.id, run.started == null ? "" : t("startedAt", moment(run.started))]
            .filter(Boolean)
            .join(" · "),
        }),
      ),
      el("div", { class: "toolbar" }, ...actions(run, null)),
    ]);
    fill(this.trouble, run.failure, () => [run.failure && failure(run.failure)]);
    this.showStages(stages);
    const speed = series.tokens_per_second?.value.at(-1);
    this.showFigures(run, stages, speed ?? null);
  }

  private showStages(stages: readonly Stage[]): void {
    fill(
      this.stages,
      stages.map(({ name, state }) => [name, state]),
      () =>
        stages.map(({ name, state }) => {
          const mark = STAGE_ICONS[state];
          return el(
            "li",
            {
              class: state,
              "data-stage": name,
              ...(state === "running" ? { "aria-current": "step" } : {}),
            },
            el("span", { class: "mark" }, mark ? icon(mark) : el("i", { "aria-hidden": "true" })),
            el("span", { class: "name", text: named(name) }),
            el("span", { class: "unseen", text: named(state) }),
            el("span", { class: "soft small detail" }),
            state === "running" && bar(named(name)),
          );
        }),
    );
    stages.forEach((stage, i) => {
      const item = this.stages.children[i] as HTMLElement;
      const { done, total, left } = stage;
      const share = done != null && total ? Math.min(done / total, 1) : null;
      const detail = [
        share === null ? null : percent(share),
        stage.state === "running" && left != null ? t("left", duration(left)) : null,
        stage.state === "done" && stage.seconds != null ? duration(stage.seconds) : null,
        stage.state === "reused" ? named("reused") : null,
      ];
      const running = stage.state === "running";
      const text = running ? detail.slice(0, 2) : detail.slice(2);
      say(item.querySelector(".detail") as Element, text.filter(Boolean).join(" · "));
      if (running) fillBar(item.querySelector(".bar") as HTMLElement, share);
    });
  }

  private showFigures(run: Run, stages: readonly Stage[], speed: number | null): void {
    const [timeName, left] = timeLeft(stages);
    const working = run.state === "running";
    const rows: [string, string, string][] = [
      [
        run.best ? t("best", metricName(run.best[0])) : t("bestNone"),
        run.best ? figure(run.best[1]) : NOTHING,
        "",
      ],
      [
        t("step"),
        count(run.step),
        run.total_steps == null ? "" : t("stepOf", "", count(run.total_steps)),
      ],
      working && left !== null
        ? [timeName, duration(left), `${t("elapsed")} ${duration(run.seconds)}`]
        : [t("elapsed"), duration(run.seconds), ""],
      [t("tokensPerSecond"), speed == null ? NOTHING : count(speed), ""],
    ];
    fill(
      this.figures,
      rows.map(([name]) => name),
      () => [
        ...rows.map(([name]) =>
          el(
            "div",
            {},
            el("dt", { text: name }),
            el("dd", {}, el("b", {}), el("span", { class: "soft" })),
          ),
        ),
        memoryFigure(),
      ],
    );
    rows.forEach(([, value, beside], i) => {
      const item = this.figures.children[i] as HTMLElement;
      say(item.querySelector("b") as Element, value);
      say(item.querySelector("span") as Element, beside);
    });
    showMemory(this.figures.lastElementChild as HTMLElement, run);
  }
}

/** Of the whole run where it is known of every stage that is to come, else of the one at work. */
function timeLeft(stages: readonly Stage[]): [string, number | null] {
  const running = stages.find((stage) => stage.state === "running");
  const left = running?.left ?? null;
  if (!running || left === null) return [t("timeLeft"), null];
  const waiting = stages.filter((stage) => stage.state === "waiting").map((stage) => stage.left);
  if (waiting.some((one) => one === null)) return [t("timeLeftOf", named(running.name)), left];
  return [t("timeLeft"), waiting.reduce<number>((sum, one) => sum + (one ?? 0), left)];
}

function failure({ code, message, hint }: NonNullable<Run["failure"]>): HTMLElement {
  return el(
    "div",
    { class: "banner bad", role: "alert" },
    icon("warning"),
    el(
      "div",
      {},
      el("strong", { text: message }),
      " ",
      el("code", { class: "soft", text: code }),
      hint && el("p", { class: "soft", text: hint }),
    ),
  );
}

function bar(label: string): HTMLElement {
  return el("span", { class: "bar", role: "progressbar", "aria-label": label }, el("i", {}));
}

function fillBar(element: HTMLElement, share: number | null): void {
  element.classList.toggle("unknown", share === null);
  if (share === null) element.removeAttribute("aria-valuenow");
  else element.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  (element.firstElementChild as HTMLElement).style.width = share === null ? "" : `${share * 100}%`;
}

/** Measured over predicted, on one scale. */
function memoryFigure(): HTMLElement {
  const scale = el(
    "span",
    { class: "gauge", "aria-hidden": "true" },
    el("i", { class: "measured" }),
    el("i", { class: "band" }),
    el("i", { class: "likely" }),
  );
  return el(
    "div",
    { class: "wide" },
    el("dt", { text: t("memory") }),
    el("dd", {}, el("b", {}), el("span", { class: "soft" }), scale),
  );
}

function showMemory(element: HTMLElement, { predicted, measured }: Run): void {
  say(element.querySelector("b") as Element, measured == null ? NOTHING : size(measured));
  const words = predicted ? t("predictedBand", size(predicted.low), size(predicted.high)) : "";
  say(element.querySelector("span") as Element, words);
  const scale = element.querySelector(".gauge") as HTMLElement;
  const end = Math.max(predicted?.high ?? 0, measured ?? 0) * 1.08;
  scale.hidden = !predicted || end === 0;
  if (!predicted || end === 0) return;
  const place = (selector: string, from: number, to: number) => {
    const part = scale.querySelector(selector) as HTMLElement;
    part.style.left = `${(from / end) * 100}%`;
    part.style.width = `${((to - from) / end) * 100}%`;
  };
  place(".measured", 0, measured ?? 0);
  place(".band", predicted.low, predicted.high);
  place(".likely", predicted.likely, predicted.likely);
}
