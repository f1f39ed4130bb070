/** Making elements without a framework. Styles are set through CSSOM, which the page's policy allows. */

type Child = Node | string | null | undefined | false;

interface Properties {
  class?: string;
  text?: string;
  style?: Record<string, string>;
  on?: Partial<{ [K in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[K]) => void }>;
  [attribute: string]: unknown;
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  const { class: name, text, style, on, ...attributes } = properties;
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(style ?? {})) made.style.setProperty(key, value);
  for (const [type, listener] of Object.entries(on ?? {})) {
    made.addEventListener(type, listener as EventListener);
  }
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child): child is Node | string => Boolean(child)));
  return made;
}

/** Replaces what is in `parent` if `key` is not what it was made from last time. */
export function fill(parent: HTMLElement, key: unknown, make: () => Child[]): void {
  const made = JSON.stringify(key);
  if (filled.get(parent) === made) return;
  filled.set(parent, made);
  const focused = parent.contains(document.activeElement)
    ? document.activeElement?.getAttribute("data-key")
    : null;
  parent.replaceChildren(...make().filter((child): child is Node | string => Boolean(child)));
  if (focused) {
    for (const again of parent.querySelectorAll<HTMLElement>("[data-key]")) {
      if (again.dataset.key === focused) again.focus({ preventScroll: true });
    }
  }
}

const filled = new WeakMap<HTMLElement, string>();

/** Sets text where it differs, so that nothing is announced or selected anew. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const PATHS = {
  stop: "M4 4h8v8H4z",
  resume: "M3 3h2v10H3zM7 3l7 5-7 5z",
  report: "M3 2h7l3 3v9H3zm2 5v1h6V7zm0 3v1h6v-1z",
  log: "M2 3h12v10H2zm1.5 2 2.5 2.5L3.5 10l.8.8L7.6 7.5 4.3 4.2zM8 10v1h4v-1z",
  reveal: "M2 3h5l1.5 2H14v8H2z",
  done: "M6.4 11.6 2.8 8l1-1 2.6 2.6 5.8-5.8 1 1z",
  failed: "m4 3 4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z",
  reused:
    "M8 3a5 5 0 0 1 4.6 3H14l-2.2 3L9.5 6h1.6A3.6 3.6 0 0 0 4.7 6.6L3.4 6A5 5 0 0 1 8 3zM4.200 7 2 10h1.4a5 5 0 0 0 9.2 0l-1.300-.6a3.600 3.600 0 0 1-6.400.6h1.600z",
  stopped: "M4 4h8v8H4z",
  warning: "M8 2 15 14H1zm-.7 4.500v4h1.400v-4zm0 5v1.400h1.400v-1.400z",
  table: "M2 3h12v10H2zm1 3v2h4V6zm5 0v2h5V6zM3 9v3h4V9zm5 0v3h5V9z",
  left: "M10.500 3 5.500 8l5 5 1-1-4-4 4-4z",
  right: "M5.500 3l5 5-5 5-1-1 4-4-4-4z",
} as const;
export type Icon = keyof typeof PATHS;

/** Decoration: what it means is said in words beside it. */
export function icon(name: Icon): SVGSVGElement {
  const drawing = svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" });
  drawing.append(svg("path", { d: PATHS[name] }));
  return drawing;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** A place that screen readers read from whenever its text changes. */
export function liveRegion(): HTMLElement {
  return el("div", { class: "unseen", role: "status", "aria-live": "polite" });
}
