/** The charts of the panel, and what they are drawn by. */

import { el, icon, say } from "../common/dom";
import { keep, kept } from "../common/page";
import { Chart, type Hall } from "./chart";
import { type Drawing, drawings, extent, type Shown, type View } from "./lines";
import type { Range } from "./plot";
import { metricName, t } from "./texts";

interface Kept extends View {
  asTable: boolean;
}

export class Charts {
  readonly element: HTMLElement;
  private readonly view: Kept;
  private readonly grid = el("div", { class: "charts" });
  private readonly blank = el("p", { class: "blank card", text: t("waitingForSteps") });
  private readonly charts = new Map<string, Chart>();
  private readonly zoomed: Partial<Record<Drawing["axis"], Range>> = {};
  private readonly reset = el("button", {
    class: "bare",
    type: "button",
    text: t("resetZoom"),
    hidden: true,
    on: { click: () => this.zoom(null) },
  });
  private readonly hall: Hall;

  /** `redraw`: what is shown has changed. */
  constructor(
    private readonly redraw: () => void,
    announce: (text: string) => void,
  ) {
    const { axis, logarithmic, smoothing, asTable } = kept<Kept>();
    this.view = {
      axis: axis === "time" ? "time" : "step",
      logarithmic: logarithmic === true,
      smoothing: typeof smoothing === "number" ? Math.min(Math.max(smoothing, 0), 0.99) : 0,
      asTable: asTable === true,
    };
    this.hall = {
      t,
      hidden: new Set(),
      announce,
      zoom: (axis, range) => {
        if (range) this.zoomed[axis] = range;
        else delete this.zoomed[axis];
        this.redraw();
      },
      toggle: (key) => {
        if (!this.hall.hidden.delete(key)) this.hall.hidden.add(key);
        this.redraw();
      },
    };
    this.element = el(
      "section",
      { "aria-label": t("charts") },
      this.toolbar(),
      el("p", { id: "chart-help", class: "unseen", text: t("chartHelp") }),
      this.grid,
      this.blank,
    );
  }

  show(runs: readonly Shown[]): void {
    const drawn = drawings(runs, this.view, {
      title: (metric, of) =>
        metric === "memory"
          ? t(of === "device" ? "memoryDevice" : "memoryProcess")
          : metricName(metric),
      training: t("trainingLoss"),
      evaluation: t("evaluationLoss"),
    });
    const wanted = new Set(drawn.map(({ id }) => id));
    for (const [id, chart] of this.charts) {
      if (wanted.has(id)) continue;
      chart.dispose();
      this.charts.delete(id);
    }
    drawn.forEach((drawing, place) => {
      let chart = this.charts.get(drawing.id);
      if (!chart) {
        chart = new Chart(drawing.id, this.hall);
        this.charts.set(drawing.id, chart);
      }
      const { element } = chart;
      if (this.grid.children[place] !== element) {
        this.grid.insertBefore(element, this.grid.children[place] ?? null);
      }
      const whole = extent(drawn, drawing.axis);
      const range = within(this.zoomed[drawing.axis], whole);
      chart.show(drawing, range, this.view.logarithmic, this.view.asTable);
    });
    this.reset.hidden = Object.keys(this.zoomed).length === 0;
    this.grid.hidden = drawn.length === 0;
    this.blank.hidden = drawn.length > 0;
  }

  recolour(): void {
    for (const chart of this.charts.values()) chart.recolour();
  }

  private zoom(range: null): void {
    this.hall.zoom("step", range);
    this.hall.zoom("time", range);
  }

  private change(change: Partial<Kept>): void {
    Object.assign(this.view, change);
    keep<Kept>(this.view);
    this.redraw();
  }

  private toolbar(): HTMLElement {
    const { view } = this;
    const smoothing = el("output", { text: view.smoothing.toFixed(2) });
    const slider = el("input", {
      type: "range",
      min: 0,
      max: 0.99,
      step: 0.01,
      value: view.smoothing,
      id: "smoothing",
      on: {
        input: () => {
          say(smoothing, Number(slider.value).toFixed(2));
          this.change({ smoothing: Number(slider.value) });
        },
      },
    });
    const table = el(
      "button",
      {
        class: "toggle",
        type: "button",
        "aria-pressed": view.asTable,
        on: {
          click: () => {
            this.change({ asTable: !view.asTable });
            table.setAttribute("aria-pressed", String(view.asTable));
          },
        },
      },
      icon("table"),
      t("showTable"),
    );
    table.setAttribute("aria-pressed", String(view.asTable));
    return el(
      "div",
      { class: "toolbar controls" },
      choice(t("xAxis"), view.axis, { step: t("bySteps"), time: t("byTime") }, (axis) => {
        delete this.zoomed.step;
        delete this.zoomed.time;
        this.change({ axis });
      }),
      choice(
        t("scale"),
        view.logarithmic ? "log" : "linear",
        { linear: t("linear"), log: t("logarithmic") },
        (scale) => this.change({ logarithmic: scale === "log" }),
      ),
      el(
        "span",
        { class: "choice" },
        el("label", { class: "soft", for: "smoothing", text: t("smoothing") }),
        slider,
        smoothing,
      ),
      el("span", { class: "spacer" }),
      this.reset,
      table,
    );
  }
}

/** A zoom that leaves what there is to see is none. */
function within(zoomed: Range | undefined, whole: Range): Range {
  if (!zoomed) return whole;
  const [low, high] = [Math.max(zoomed[0], whole[0]), Math.min(zoomed[1], whole[1])];
  return high - low > (whole[1] - whole[0]) * 1e-6 ? [low, high] : whole;
}

function choice<K extends string>(
  label: string,
  chosen: K,
  choices: Record<K, string>,
  choose: (key: K) => void,
): HTMLElement {
  const buttons = (Object.entries(choices) as [K, string][]).map(([key, text]) => {
    const button = el("button", {
      type: "button",
      text,
      on: {
        click: () => {
          for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
          choose(key);
        },
      },
    });
    button.setAttribute("aria-pressed", String(key === chosen));
    return button;
  });
  return el(
    "span",
    { class: "choice", role: "group", "aria-label": label },
    el("span", { text: label }),
    el("span", { class: "switch" }, ...buttons),
  );
}
