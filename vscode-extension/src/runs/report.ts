/** Opens the report of a run: in the browser where that has the file, else in a panel. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { runsOf } from "../running/store";
import type { Session } from "../session";
import { guarded } from "./guarded";

/** Whether something came up. */
export async function openReport(session: Session, folder: string): Promise<boolean> {
  const found = runsOf(session).find(folder);
  if (!found?.run.report) {
    void vscode.window.showInformationMessage(vscode.l10n.t("This run has no report."));
    return false;
  }
  const file = vscode.Uri.file(found.run.report);
  // A browser elsewhere than the workspace has no such file.
  const isHere = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  if (isHere && (await vscode.env.openExternal(file))) return true;
  return showInPanel(file, vscode.l10n.t("Report of {0}", found.run.id));
}

async function showInPanel(file: vscode.Uri, title: string): Promise<boolean> {
  let html: string;
  try {
    html = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  } catch {
    void vscode.window.showErrorMessage(vscode.l10n.t("{0} can't be read.", file.fsPath));
    return false;
  }
  const isTrusted = vscode.workspace.isTrusted;
  const panel = vscode.window.createWebviewPanel(
    "pitchpipe.report",
    title,
    { viewColumn: vscode.ViewColumn.Active },
    { enableScripts: isTrusted, localResourceRoots: [], enableFindWidget: true },
  );
  panel.webview.html = guarded(html, isTrusted ? randomBytes(16).toString("base64") : undefined);
  return true;
}
