import * as vscode from "vscode";
import type { Session } from "./session";

export function activateNewWorkflow(_session: Session): vscode.Disposable {
  return vscode.Disposable.from();
}
