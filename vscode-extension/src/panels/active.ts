/** The workflow that a panel is about: it follows the active editor, and stays where that is none. */

import * as vscode from "vscode";
import { LANGUAGE, SELECTOR } from "../workflows";

export class ActiveWorkflow implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  /** Another file is to be shown. */
  readonly onChange = this.changed.event;

  /** `accepts` tells of a YAML file that is not plainly a workflow whether it is one. */
  constructor(
    public uri: vscode.Uri | undefined,
    private readonly accepts: (uri: vscode.Uri) => Promise<boolean>,
  ) {
    this.subscription = vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (editor) void this.look(editor.document);
    });
  }

  show(uri: vscode.Uri): void {
    if (uri.toString() === this.uri?.toString()) return;
    this.uri = uri;
    this.changed.fire();
  }

  is(document: vscode.TextDocument): boolean {
    return document.uri.toString() === this.uri?.toString();
  }

  private async look(document: vscode.TextDocument): Promise<void> {
    if (this.is(document) || !vscode.languages.match(SELECTOR, document)) return;
    const plainly = document.languageId === LANGUAGE;
    if (plainly || (await this.accepts(document.uri).catch(() => false))) {
      const active = vscode.window.activeTextEditor?.document;
      if (active === document) this.show(document.uri);
    }
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }
}
