/** One chart: drawn by uPlot, read by mouse, keyboard or screen reader, or as a table. */

import uPlot from "uplot";
import { el, say } from "../common/dom";
import { clock, count, figure, NOTHING, size } from "../common/numbers";
import { lastAtMost, type Points, spread, thinned, valueBefore, within } from "../common/series";
import { theme } from "../common/theme";
import { swatch } from "./legend";
import type { Drawing, Line } from "./lines";
import { type Drawn, type Range, settings } from "./plot";
import type { Texts } from "./texts";

/** Points of a line that are drawn at most; more than a screen has columns. */
const MOST_DRAWN = 3000;
const TABLE_ROWS = 60;
const KEYS = ["ArrowLeft", "ArrowRight", "Home", "End"];

/** What all charts of a page share. */
export interface Hall {
  t: Texts;
  hidden: Set<string>;
  announce(text: string): void;
  zoom(axis: Drawing["axis"], range: Range | null): void;
  toggle(key: string): void;
}

export class Chart {
  readonly element: HTMLElement;
  private readonly title = el("h2", {});
  private readonly now = el("span", { class: "now" });
  private readonly where = el("span", { class: "where soft small" });
  private readonly legend = el("div", { class: "legend" });
  private readonly table = el("div", { class: "scroll table", hidden: true, tabindex: 0 });
  private readonly target: HTMLElement;
  private plot: uPlot | null = null;
  private built = "";
  private drawing: Drawing | null = null;
  private lines: Line[] = [];
  private columns: Points[] = [];
  private values: HTMLElement[] = [];
  private view: { range: Range; logarithmic: boolean } = { range: [0, 1], logarithmic: false };

  constructor(
    readonly id: string,
    private readonly hall: Hall,
  ) {
    this.target = el("div", {
      class: "chart",
      tabindex: 0,
      role: "application",
      "aria-roledescription": hall.t("chartRole"),
      "aria-describedby": "chart-help",
      on: { keydown: (event) => this.key(event), blur: () => this.leave() },
    });
    const head = el("figcaption", {}, this.title, this.now, this.where);
    this.element = el("figure", { class: "card plot-card", "data-chart": id }, head, this.legend);
    this.element.append(this.target, this.table);
    new ResizeObserver(() => this.resize()).observe(this.target);
  }

  /** `range`: of x. */
  show(drawing: Drawing, range: Range, logarithmic: boolean, asTable: boolean): void {
    this.drawing = drawing;
    this.view = { range, logarithmic };
    this.lines = drawing.lines.filter((line) => !this.hall.hidden.has(line.key));
    say(this.title, drawing.title);
    const over = this.hall.t(drawing.axis === "step" ? "optimizerSteps" : "workingTime");
    this.target.setAttribute("aria-label", this.hall.t("chartLabel", drawing.title, over));
    this.table.setAttribute("aria-label", drawing.title);
    this.target.hidden = asTable;
    this.table.hidden = !asTable;
    this.name();
    if (asTable) this.tabulate();
    else this.draw();
  }

  /** Draws anew, in the colours that the editor has now. */
  recolour(): void {
    this.built = "";
    if (this.drawing && !this.target.hidden) this.draw();
  }

  dispose(): void {
    this.plot?.destroy();
    this.element.remove();
  }

  private draw(): void {
    const { drawing } = this;
    if (!drawing) return;
    const { range, logarithmic } = this.view;
    const drawn: Drawn[] = this.lines.flatMap((line) => [
      ...(line.raw ? [{ line, points: line.raw, faint: true }] : []),
      { line, points: line.points, faint: false },
    ]);
    const cut = drawn.map(({ points }) => thinned(within(points, ...range), MOST_DRAWN));
    this.columns = cut.filter((_, i) => !drawn[i]?.faint);
    const tables = cut.map(({ x, y }) => [x, y] as uPlot.AlignedData);
    const data = tables.length > 0 ? uPlot.join(tables) : ([[]] as unknown as uPlot.AlignedData);
    const structure = JSON.stringify([
      drawn.map(({ line, faint }) => [line.key, line.look, line.marked, faint]),
      drawing.axis,
      logarithmic,
    ]);
    if (structure !== this.built || !this.plot) {
      this.plot?.destroy();
      const options = settings(drawing, drawn, logarithmic, theme(), {
        width: this.target.clientWidth || 320,
        height: this.target.clientHeight || 180,
        range: () => this.view.range,
        levels: () => this.drawing?.levels ?? [],
        predicted: (bytes) => this.hall.t("predicted", size(bytes)),
        zoom: (chosen) => this.hall.zoom(drawing.axis, chosen),
        moved: () => this.read(),
      });
      this.plot = new uPlot(options, data, this.target);
      this.built = structure;
    } else {
      this.plot.setData(data);
    }
    this.read();
  }

  private name(): void {
    const lines = this.drawing?.lines ?? [];
    const alone = lines.length === 1;
    this.legend.hidden = alone;
    this.now.hidden = !alone;
    const key = JSON.stringify(lines.map(({ key, label, look }) => [key, label, look]));
    if (this.legend.dataset.of !== key) {
      this.legend.dataset.of = key;
      this.values = [];
      this.legend.replaceChildren(
        ...lines.map((line) => {
          const value = el("span", { class: "value" });
          this.values.push(value);
          return el(
            "button",
            {
              class: "bare entry",
              type: "button",
              "data-line": line.key,
              "aria-label": this.hall.t("toggleSeries", line.label),
              on: { click: () => this.hall.toggle(line.key) },
            },
            swatch(line.look, line.marked),
            el("span", { class: "label", text: line.label }),
            value,
          );
        }),
      );
    }
    for (const button of this.legend.querySelectorAll<HTMLElement>("button")) {
      const shown = !this.hall.hidden.has(button.dataset.line ?? "");
      button.setAttribute("aria-pressed", String(shown));
    }
  }

  /** Writes the values under the cursor, else the newest ones, into the legend. */
  private read(): void {
    const { plot } = this;
    const i = plot?.cursor.idx;
    const x = plot && i != null ? plot.data[0][i] : undefined;
    const text = this.texts(x ?? null);
    this.drawing?.lines.forEach((line, n) => {
      const at = this.lines.indexOf(line);
      say(this.values[n] as HTMLElement, at < 0 ? "" : (text.values[at] ?? ""));
    });
    say(this.now, text.values[0] ?? "");
    say(this.where, text.where);
  }

  private texts(x: number | null): { where: string; values: string[] } {
    const values = this.columns.map((points) => {
      const known = valueBefore(
        points.y,
        x === null ? points.x.length - 1 : lastAtMost(points.x, x),
      );
      return known < 0 ? NOTHING : this.amount(points.y[known] as number);
    });
    return { where: x === null ? "" : this.place(x), values };
  }

  private amount(value: number): string {
    return this.drawing?.bytes ? size(value) : figure(value);
  }

  private place(x: number): string {
    return this.drawing?.axis === "step"
      ? this.hall.t("atStep", count(x))
      : this.hall.t("atTime", clock(x));
  }

  private key(event: KeyboardEvent): void {
    const { plot, drawing } = this;
    if (!plot || !drawing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS.includes(event.key)) this.move(plot, event.key, event.shiftKey ? 10 : 1);
    else if (event.key === "Escape") this.hall.zoom(drawing.axis, null);
    else if (event.key === "+" || event.key === "=") this.scale(plot, drawing, 0.5);
    else if (event.key === "-") this.scale(plot, drawing, 2);
    else return;
    event.preventDefault();
  }

  private move(plot: uPlot, key: string, far: number): void {
    const xs = plot.data[0];
    const last = xs.length - 1;
    if (last < 0) return;
    const now = plot.cursor.idx ?? (key === "ArrowLeft" ? last + 1 : -1);
    const to = { ArrowLeft: now - far, ArrowRight: now + far, Home: 0 }[key] ?? last;
    const x = xs[Math.min(Math.max(to, 0), last)] as number;
    point(plot, plot.valToPos(x, "x"));
    const { where, values } = this.texts(x);
    const said = this.lines.map((line, i) => `${line.label} ${values[i]}`);
    this.hall.announce([where, ...said].join(", "));
  }

  private scale(plot: uPlot, drawing: Drawing, by: number): void {
    const [low, high] = this.view.range;
    const middle = plot.cursor.idx == null ? (low + high) / 2 : plot.data[0][plot.cursor.idx];
    const half = ((high - low) * by) / 2;
    const centre = middle ?? (low + high) / 2;
    this.hall.zoom(drawing.axis, [centre - half, centre + half]);
  }

  private leave(): void {
    if (this.plot) point(this.plot, -10);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.target;
    if (!this.plot || !width || !height) return;
    if (width !== this.plot.width || height !== this.plot.height) {
      this.plot.setSize({ width, height });
    }
  }

  private tabulate(): void {
    const { drawing, lines } = this;
    if (!drawing) return;
    const longest = lines.reduce<Points>(
      (most, { points }) => (points.x.length > most.x.length ? points : most),
      { x: [], y: [] },
    );
    const rows = spread(longest.x.length, TABLE_ROWS).map((i) => longest.x[i] as number);
    this.columns = lines.map((line) => line.points);
    const heads = [
      this.hall.t(drawing.axis === "step" ? "step" : "time"),
      ...lines.map((l) => l.label),
    ];
    const caption = this.hall.t("rowsOf", count(rows.length), count(longest.x.length));
    const body = rows.map((x) => {
      const { values } = this.texts(x);
      return el(
        "tr",
        {},
        el("th", { scope: "row", text: drawing.axis === "step" ? count(x) : clock(x) }),
        ...values.map((value) => el("td", { class: "number", text: value })),
      );
    });
    const head = heads.map((text, i) => el("th", { scope: "col", class: i ? "number" : "", text }));
    this.table.replaceChildren(
      el(
        "table",
        {},
        el("caption", { text: caption }),
        el("thead", {}, el("tr", {}, ...head)),
        el("tbody", {}, ...body),
      ),
    );
    this.read();
  }
}

/** Moves the cursor, in the other charts of the same axis too; uPlot's types don't know of that. */
function point(plot: uPlot, left: number): void {
  const move: (at: { left: number; top: number }, fire: boolean, tell: boolean) => void =
    plot.setCursor as never;
  move({ left, top: left < 0 ? left : 1 }, true, true);
}
