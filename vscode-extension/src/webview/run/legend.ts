/** A line's sample beside its name. */

import { svg } from "../common/dom";
import { DASHES, LOOKS } from "../common/theme";

/** Dashes show in high contrast alone, as in the chart. */
export function swatch(look: number, marked: boolean): SVGSVGElement {
  const drawing = svg("svg", { class: "swatch", viewBox: "0 0 22 10", "aria-hidden": "true" });
  const colour = `look-${look % LOOKS}`;
  const dash = DASHES[look % DASHES.length] ?? [];
  const line = svg("path", { d: "M0 5H22", class: colour });
  if (dash.length > 0) line.dataset.dash = String(look % DASHES.length);
  drawing.append(line);
  if (marked) drawing.append(svg("circle", { cx: 11, cy: 5, r: 3, class: colour }));
  return drawing;
}
