/** What is told to the user when there is no server, with buttons for what mends it. */

import * as vscode from "vscode";
import { LANGUAGE } from "../workflows";
import type { Server, State } from "./server";
import { LEAST_PYTHON, written } from "./versions";

interface Message {
  text: string;
  buttons: Button[];
}
type Button = "install" | "choose" | "settings" | "restart" | "output";

/** Tells once of each kind of trouble, and only where somebody works on a workflow. */
export function tellOfProblems(server: Server): vscode.Disposable {
  let told = "";
  const look = () => {
    const message = messageFor(server.state);
    if (!message || message.text === told || !worksOnWorkflow()) return;
    told = message.text;
    void show(message);
  };
  return vscode.Disposable.from(
    server.onDidChangeState((state) => {
      if (state.is === "running" && !state.outdated) told = "";
      look();
    }),
    vscode.workspace.onDidOpenTextDocument(look),
  );
}

/** Tells now, whatever has been told; false where all is well. */
export async function tell(state: State): Promise<boolean> {
  const message = messageFor(state);
  if (message) await show(message);
  return message !== undefined;
}

export function messageFor(state: State): Message | undefined {
  const least = written(LEAST_PYTHON);
  if (state.is === "running" && state.outdated) {
    return {
      text: vscode.l10n.t(
        "Pitchpipe {0} is older than this extension, and some of it will not work.",
        state.interpreter.pitchpipe ?? "",
      ),
      buttons: ["install", "choose"],
    };
  }
  if (state.is === "down" && (state.again === undefined || !state.wasUp)) {
    return { text: state.why, buttons: ["restart", "output", "choose"] };
  }
  if (state.is !== "problem") return undefined;
  const { problem } = state;
  switch (problem.kind) {
    case "noServer":
      return {
        text: vscode.l10n.t(
          "Pitchpipe is not installed for {0}. Without it workflows are neither checked nor run.",
          problem.interpreter.executable,
        ),
        buttons: ["install", "choose", "settings"],
      };
    case "noPython":
      return {
        text: problem.old
          ? vscode.l10n.t(
              "Pitchpipe needs Python {0} or newer; {1} is Python {2}.",
              least,
              problem.old.executable,
              written(problem.old.version),
            )
          : vscode.l10n.t("Pitchpipe needs Python {0} or newer, and none was found.", least),
        buttons: ["choose", "settings"],
      };
    case "tooOld":
      return {
        text: vscode.l10n.t(
          "Pitchpipe needs Python {0} or newer; {1} in the settings is Python {2}.",
          least,
          problem.interpreter.executable,
          written(problem.interpreter.version),
        ),
        buttons: ["choose", "settings"],
      };
    case "broken":
      return {
        text: vscode.l10n.t(
          "The interpreter in the settings, {0}, does not work: {1}",
          problem.command,
          problem.why,
        ),
        buttons: ["choose", "settings"],
      };
  }
}

async function show({ text, buttons }: Message): Promise<void> {
  const titles: Record<Button, string> = {
    install: vscode.l10n.t("Install…"),
    choose: vscode.l10n.t("Choose Interpreter…"),
    settings: vscode.l10n.t("Open Settings"),
    restart: vscode.l10n.t("Restart"),
    output: vscode.l10n.t("Show Output"),
  };
  const chosen = await vscode.window.showWarningMessage(text, ...buttons.map((b) => titles[b]));
  const button = buttons.find((b) => titles[b] === chosen);
  if (button) await act(button);
}

export function act(button: Button): Thenable<unknown> {
  const { executeCommand } = vscode.commands;
  switch (button) {
    case "install":
      return executeCommand("pitchpipe.environment.install");
    case "choose":
      return executeCommand("pitchpipe.environment.selectPython");
    case "settings":
      return executeCommand("workbench.action.openSettings", "pitchpipe python");
    case "restart":
      return executeCommand("pitchpipe.server.restart");
    case "output":
      return executeCommand("pitchpipe.output.show");
  }
}

function worksOnWorkflow(): boolean {
  return vscode.workspace.textDocuments.some((document) => document.languageId === LANGUAGE);
}
