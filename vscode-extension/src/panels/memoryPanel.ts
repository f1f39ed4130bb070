/** A panel with the estimate of the workflow that is being edited. */

import * as path from "node:path";
import * as vscode from "vscode";
import { type MemoryParams, type MemoryResult, method } from "../api/protocol";
import type { Session } from "../session";
import { ActiveWorkflow } from "./active";
import { ask, messageOf } from "./asking";
import { page } from "./html";
import { Latest } from "./latest";
import { fromMemory, type ToMemory } from "./messages";
import { Single } from "./single";
import { memoryStrings } from "./strings";

export const MEMORY_VIEW = "pitchpipe.memory";

export const memoryPanel = new Single(
  MEMORY_VIEW,
  () => vscode.l10n.t("Memory"),
  (session, panel, uri) => new MemoryPanel(session, panel, uri),
);

class MemoryPanel {
  readonly workflow: ActiveWorkflow;
  private readonly latest = new Latest(() => this.ask());
  /** The last estimate of the file that is shown. */
  private last: MemoryResult | null = null;
  private live = false;

  constructor(
    private readonly session: Session,
    readonly panel: vscode.WebviewPanel,
    uri: vscode.Uri | undefined,
  ) {
    const extension = session.context.extensionUri;
    this.workflow = new ActiveWorkflow(
      uri,
      async (other) => (await this.estimate(other)).methods.length > 0,
    );
    const subscriptions = vscode.Disposable.from(
      this.workflow,
      this.workflow.onChange(() => {
        this.last = null;
        this.latest.ask();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && this.workflow.is(document)) this.latest.ask();
      }),
      vscode.workspace.onDidSaveTextDocument(() => this.latest.ask()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("pitchpipe.device")) this.latest.ask();
      }),
      session.onReady(() => this.latest.ask()),
      session.onRunsChanged(() => this.latest.ask()),
      session.onMemoryChanged(() => this.latest.ask()),
      panel.onDidChangeViewState(() => {
        this.live = panel.visible;
        if (this.live) this.latest.ask();
      }),
      panel.webview.onDidReceiveMessage((message: unknown) => {
        if (fromMemory(message)?.type !== "ready") return;
        this.live = true;
        this.latest.ask();
      }),
    );
    panel.onDidDispose(() => {
      this.live = false;
      subscriptions.dispose();
    });
    panel.webview.html = page(panel.webview, extension, "memory", panel.title, {
      strings: memoryStrings(),
      kept: uri ? { uri: uri.toString() } : {},
    });
  }

  private async ask(): Promise<void> {
    const { uri } = this.workflow;
    if (!this.live || !uri) return;
    let message: string | null = null;
    try {
      const result = await this.estimate(uri);
      message = result.message;
      if (message === null) this.last = result;
    } catch (error) {
      message = messageOf(error);
    }
    if (!this.live || uri !== this.workflow.uri) return;
    const name = path.posix.basename(uri.path);
    const told: ToMemory = {
      type: "memory",
      result: this.last,
      name,
      uri: uri.toString(),
      message,
    };
    this.panel.title = vscode.l10n.t("Memory: {0}", name);
    void this.panel.webview.postMessage(told);
  }

  private async estimate(uri: vscode.Uri): Promise<MemoryResult> {
    // The client hears of a change after this panel does; its message must go first.
    await new Promise((done) => setTimeout(done, 0));
    const params: MemoryParams = { uri: uri.toString() };
    return ask<MemoryResult>(this.session, method.memory, params);
  }
}
