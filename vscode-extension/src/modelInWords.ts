/** What is said of a model that could be chosen. */

import * as vscode from "vscode";
import type { NewWorkflowChoices } from "./api/protocol";

/** `135 M parameters, apache-2.0, on this machine`. */
export function modelInWords(model: NewWorkflowChoices["models"][number]): string {
  const said: string[] = [];
  if (model.parameters !== null) {
    said.push(vscode.l10n.t("{0} parameters", inShort(model.parameters)));
  }
  if (model.licence) said.push(model.licence);
  if (model.local) said.push(vscode.l10n.t("on this machine"));
  return said.join(", ");
}

/** `135 M`, `1.7 B`. */
export function inShort(count: number): string {
  for (const [size, unit] of [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (count >= size) {
      const value = count / size;
      return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${unit}`;
    }
  }
  return String(count);
}
