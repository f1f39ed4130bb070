/** Which file a command is about, and what the editor's menus need to know of it. */

import * as vscode from "vscode";
import { method, type RunsResult } from "./api/protocol";
import { runsOf } from "./running/store";
import { hasYamlExtension } from "./schema";
import type { Session } from "./session";
import { tick } from "./ticks";

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

/**
 * Keeps the context keys `pitchpipe.isWorkflow` and `pitchpipe.isRunning`, and gives YAML that the
 * server knows for a workflow our language, but not where another extension looks after YAML.
 */
export function followActiveEditor(session: Session): vscode.Disposable {
  /** URIs of the open files whose language was set once: who sets it back keeps it. */
  const given = new Set<string>();
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const document = vscode.window.activeTextEditor?.document;
    let known = document?.languageId === LANGUAGE;
    let running = runsOf(session).isBusy();
    if (document && vscode.languages.match(SELECTOR, document) && session.running) {
      const uri = document.uri.toString();
      const found = await session
        .request<RunsResult>(method.runs, { uri })
        .catch(() => ({ workflows: [] }) as RunsResult);
      known ||= found.workflows.length > 0;
      if (known) running = found.workflows.some((w) => w.runs.some((r) => r.state === "running"));
    }
    if (mine !== asked) return;
    await vscode.commands.executeCommand("setContext", "pitchpipe.isWorkflow", known);
    await vscode.commands.executeCommand("setContext", "pitchpipe.isRunning", running);
    if (known) tick("hasWorkflow", true);
    if (document && known && document.languageId !== LANGUAGE) await give(document);
  };
  const give = async (document: vscode.TextDocument) => {
    const uri = document.uri.toString();
    if (given.has(uri) || hasYamlExtension()) return;
    given.add(uri);
    await vscode.languages.setTextDocumentLanguage(document, LANGUAGE);
  };
  const forget = ({ uri }: vscode.TextDocument) => {
    // A change of the language closes and opens the file in one go.
    const name = uri.toString();
    const isOpen = () => vscode.workspace.textDocuments.some((one) => one.uri.toString() === name);
    setTimeout(() => isOpen() || given.delete(name), 0);
  };
  void look();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(look),
    vscode.workspace.onDidSaveTextDocument(look),
    vscode.workspace.onDidCloseTextDocument(forget),
    session.onReady(look),
    session.onRunsChanged(look),
  );
}
