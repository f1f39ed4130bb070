/** Which file a command is about, and what the editor's menus need to know of it. */

import * as vscode from "vscode";
import { method, type RunsResult } from "./api/protocol";
import type { Session } from "./session";

export const LANGUAGE = "pitchpipe";
export const SELECTOR = [{ language: LANGUAGE }, { language: "yaml" }];

/** The file of the argument that a menu, lens or key gave, else of the active editor. */
export function workflowUri(argument?: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  if (typeof argument === "string") {
    return argument.includes("://") ? vscode.Uri.parse(argument) : vscode.Uri.file(argument);
  }
  return vscode.window.activeTextEditor?.document.uri;
}

/** Keeps the context keys `pitchpipe.isWorkflow` and `pitchpipe.isRunning`. */
export function followActiveEditor(session: Session): vscode.Disposable {
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const document = vscode.window.activeTextEditor?.document;
    let known = document?.languageId === LANGUAGE;
    let running = false;
    if (document && vscode.languages.match(SELECTOR, document) && session.running) {
      const uri = document.uri.toString();
      const found = await session
        .request<RunsResult>(method.runs, { uri })
        .catch(() => ({ workflows: [] }) as RunsResult);
      known ||= found.workflows.length > 0;
      running = found.workflows.some((w) => w.runs.some((r) => r.state === "running"));
    }
    if (mine !== asked) return;
    await vscode.commands.executeCommand("setContext", "pitchpipe.isWorkflow", known);
    await vscode.commands.executeCommand("setContext", "pitchpipe.isRunning", running);
  };
  void look();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(look),
    session.onReady(look),
    session.onRunsChanged(look),
  );
}
