/** Panels of which there is one at most, and which goes with the workflow that is edited. */

import * as vscode from "vscode";
import type { Session } from "../session";
import type { ActiveWorkflow } from "./active";
import { icon, options } from "./html";

interface Followed {
  readonly workflow: ActiveWorkflow;
  readonly panel: vscode.WebviewPanel;
}

export class Single<T extends Followed> {
  private open: T | undefined;

  /** `fill` gets a panel that has its title and icon. */
  constructor(
    private readonly view: string,
    private readonly title: () => string,
    private readonly fill: (
      session: Session,
      panel: vscode.WebviewPanel,
      uri: vscode.Uri | undefined,
    ) => T,
  ) {}

  show(session: Session, uri: vscode.Uri | undefined): void {
    if (this.open) {
      if (uri) this.open.workflow.show(uri);
      this.open.panel.reveal(undefined, true);
      return;
    }
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const extension = session.context.extensionUri;
    const title = this.title();
    const panel = vscode.window.createWebviewPanel(this.view, title, column, options(extension));
    this.restore(session, panel, uri);
  }

  /** Fills a panel that the editor has kept. */
  restore(session: Session, panel: vscode.WebviewPanel, uri: vscode.Uri | undefined): void {
    const extension = session.context.extensionUri;
    panel.webview.options = options(extension);
    panel.title = this.title();
    panel.iconPath = icon(extension);
    const made = this.fill(session, panel, uri);
    this.open = made;
    panel.onDidDispose(() => {
      if (this.open === made) this.open = undefined;
    });
  }
}
