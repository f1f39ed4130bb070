/** `pitchpipe.smokeOnSave`: a smoke run whenever a workflow without errors is saved by hand. */

import * as vscode from "vscode";
import { method, type RunsResult } from "../api/protocol";
import type { Session } from "../session";
import { LANGUAGE, SELECTOR } from "../workflows";
import { isStarting, startRun } from "./start";
import { runsOf } from "./store";

/** Milliseconds behind the last save, in which findings of the saved text arrive, too. */
const PAUSE = 700;

export function activateSmokeOnSave(session: Session): vscode.Disposable {
  const byHand = new WeakSet<vscode.TextDocument>();
  const waiting = new Map<string, NodeJS.Timeout>();
  return vscode.Disposable.from(
    vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
      if (reason === vscode.TextDocumentSaveReason.Manual) byHand.add(document);
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      if (!byHand.delete(document) || !isWanted(document)) return;
      const key = document.uri.toString();
      clearTimeout(waiting.get(key));
      const look = () => {
        waiting.delete(key);
        smoke(session, document).catch((error) => session.output.error(error));
      };
      waiting.set(key, setTimeout(look, PAUSE));
    }),
    {
      dispose: () => {
        for (const timer of waiting.values()) clearTimeout(timer);
      },
    },
  );
}

function isWanted(document: vscode.TextDocument): boolean {
  return (
    vscode.workspace.isTrusted &&
    !isStarting(document.uri) &&
    vscode.languages.match(SELECTOR, document) > 0 &&
    vscode.workspace.getConfiguration("pitchpipe", document.uri).get("smokeOnSave", false)
  );
}

async function smoke(session: Session, document: vscode.TextDocument): Promise<void> {
  if (!session.running || document.isDirty || runsOf(session).isBusy()) return;
  if (!(await isWorkflow(session, document)) || hasErrors(document.uri)) return;
  if (isStarting(document.uri)) return;
  await startRun(session, document.uri, "smoke", {
    open: false,
    tell: (message) => session.output.warn(message),
  });
}

async function isWorkflow(session: Session, document: vscode.TextDocument): Promise<boolean> {
  if (document.languageId === LANGUAGE) return true;
  const uri = document.uri.toString();
  const found = await session.request<RunsResult>(method.runs, { uri });
  return found.workflows.length > 0;
}

function hasErrors(uri: vscode.Uri): boolean {
  return vscode.languages
    .getDiagnostics(uri)
    .some((one) => one.severity === vscode.DiagnosticSeverity.Error);
}
