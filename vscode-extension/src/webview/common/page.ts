/** What a page got from the editor, and how it talks back. */

import type { Start } from "../../panels/messages";

interface VsCode {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCode;

const vscode = acquireVsCodeApi();
const start = JSON.parse(document.getElementById("start")?.textContent ?? "{}") as Start;

export const locale = start.locale;
export const main = document.getElementById("main") as HTMLElement;

/** The panel's texts: `{0}` and so on are replaced by `values`. */
export function texts<S extends Record<string, string>>(): (
  key: keyof S & string,
  ...values: string[]
) => string {
  return (key, ...values) =>
    (start.strings[key] ?? key).replace(/\{(\d)\}/g, (all, i: string) => values[Number(i)] ?? all);
}

export function send<M>(message: M): void {
  vscode.postMessage(message);
}

/** Calls `receive` with what the editor sends, and tells it that the page listens. */
export function listen<To, From extends { type: string }>(receive: (message: To) => void): void {
  window.addEventListener("message", (event: MessageEvent<To>) => receive(event.data));
  send({ type: "ready" } as From);
}

/** What was kept when the window was open last, over what the editor gave. */
export function kept<K extends object>(): Partial<K> {
  return { ...(start.kept as object), ...(vscode.getState() as object | undefined) } as Partial<K>;
}

export function keep<K extends object>(state: Partial<K>): void {
  vscode.setState({ ...kept(), ...state });
}

/** A time of day with its day, or nothing. */
export function moment(seconds: number | null): string {
  if (seconds == null) return "";
  const options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale, options).format(new Date(seconds * 1000));
}
