/** What the language status item, the context keys and the status command say of the server. */

import * as vscode from "vscode";
import { tick } from "../ticks";
import { SELECTOR } from "../workflows";
import type { Interpreter } from "./probe";
import type { Server, State } from "./server";
import { written } from "./versions";

export function showStatus(server: Server): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem("pitchpipe.server", SELECTOR);
  item.name = vscode.l10n.t("Pitchpipe Language Server");
  const show = (state: State) => {
    const { text, detail, severity, busy } = described(state);
    item.text = text;
    item.detail = detail;
    item.severity = severity ?? vscode.LanguageStatusSeverity.Information;
    item.busy = busy ?? false;
    item.command = { command: "pitchpipe.server.status", title: vscode.l10n.t("Status") };
    const hasPython = state.is !== "looking" && !withoutPython(state);
    tick("hasPython", hasPython);
    tick("hasServer", state.is === "running");
  };
  show(server.state);
  return vscode.Disposable.from(item, server.onDidChangeState(show));
}

interface Said {
  text: string;
  detail: string;
  severity?: vscode.LanguageStatusSeverity;
  busy?: boolean;
}

export function described(state: State): Said {
  const { Warning, Error: Failure } = vscode.LanguageStatusSeverity;
  switch (state.is) {
    case "looking":
      return { text: "Pitchpipe", detail: vscode.l10n.t("looking for Python"), busy: true };
    case "problem":
      return { text: "Pitchpipe", detail: problemInShort(state), severity: Failure };
    case "starting":
      return { text: "Pitchpipe", detail: vscode.l10n.t("starting"), busy: true };
    case "running":
      return {
        text: `Pitchpipe ${state.interpreter.pitchpipe}`,
        detail: state.outdated
          ? vscode.l10n.t("older than this extension")
          : pythonInWords(state.interpreter),
        ...(state.outdated ? { severity: Warning } : {}),
      };
    case "down":
      return {
        text: "Pitchpipe",
        detail: state.why,
        severity: state.again === undefined ? Failure : Warning,
        busy: state.again !== undefined,
      };
  }
}

/** `Python 3.11.7 (/…/bin/python)`. */
export function pythonInWords(interpreter: Interpreter): string {
  return `Python ${written(interpreter.version)} (${interpreter.executable})`;
}

function problemInShort(state: State & { is: "problem" }): string {
  switch (state.problem.kind) {
    case "noPython":
      return vscode.l10n.t("no Python found");
    case "noServer":
      return vscode.l10n.t("not installed");
    case "broken":
      return vscode.l10n.t("the interpreter in the settings does not work");
    case "tooOld":
      return vscode.l10n.t("the interpreter in the settings is too old");
  }
}

function withoutPython(state: State): boolean {
  return state.is === "problem" && state.problem.kind !== "noServer";
}
