/** The editor's colours, for what is drawn on a canvas. */

/** How many colours there are for series: `--look-0` and so on of the style sheet. */
export const LOOKS = 6;

/** Without colour, series differ by dashes. An empty one is a whole line. */
export const DASHES: readonly (readonly number[])[] = [
  [],
  [8, 4],
  [2, 3],
  [10, 3, 2, 3],
  [5, 2],
  [14, 4],
];

export interface Theme {
  contrast: boolean;
  foreground: string;
  soft: string;
  grid: string;
  background: string;
  /** By index of a series. */
  colour(index: number): string;
  font: string;
}

export function theme(): Theme {
  const style = getComputedStyle(document.body);
  const read = (name: string, otherwise: string) =>
    style.getPropertyValue(`--vscode-${name}`).trim() || otherwise;
  const foreground = read("foreground", style.color);
  const contrast = document.body.className.includes("vscode-high-contrast");
  return {
    contrast,
    foreground,
    soft: read("descriptionForeground", foreground),
    grid: contrast ? read("contrastBorder", foreground) : read("charts-lines", foreground),
    background: read("editor-background", "transparent"),
    colour: (index) => style.getPropertyValue(`--look-${index % LOOKS}`).trim() || foreground,
    font: read("font-family", "sans-serif"),
  };
}

/** Calls `changed` when the editor puts other colours on the page. */
export function onThemeChange(changed: () => void): void {
  const watch = new MutationObserver(changed);
  const attributes = { attributes: true, attributeFilter: ["class", "style"] };
  watch.observe(document.body, attributes);
  watch.observe(document.documentElement, attributes);
}

export function faded(colour: string, share: number): string {
  return `color-mix(in srgb, ${colour} ${Math.round(share * 100)}%, transparent)`;
}
