/** A panel with the rows of a workflow as the model will see them. */

import * as path from "node:path";
import * as vscode from "vscode";
import { method, type PreviewParams, type PreviewResult } from "../api/protocol";
import type { Session } from "../session";
import { ActiveWorkflow } from "./active";
import { ask, messageOf } from "./asking";
import { page } from "./html";
import { Latest } from "./latest";
import { fromPreview, PAGE, type ToPreview } from "./messages";
import { Single } from "./single";
import { previewStrings } from "./strings";

export const PREVIEW_VIEW = "pitchpipe.preview";

export const previewPanel = new Single(
  PREVIEW_VIEW,
  () => vscode.l10n.t("Preview"),
  (session, panel, uri) => new PreviewPanel(session, panel, uri),
);

class PreviewPanel {
  readonly workflow: ActiveWorkflow;
  private readonly latest = new Latest(() => this.ask());
  private skip = 0;
  private live = false;

  constructor(
    private readonly session: Session,
    readonly panel: vscode.WebviewPanel,
    uri: vscode.Uri | undefined,
  ) {
    const extension = session.context.extensionUri;
    // To render rows takes seconds: only a file that is plainly a workflow is followed.
    this.workflow = new ActiveWorkflow(uri, async () => false);
    const subscriptions = vscode.Disposable.from(
      this.workflow,
      this.workflow.onChange(() => this.turn(0)),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (this.workflow.is(document)) this.latest.ask();
      }),
      session.onReady(() => this.latest.ask()),
      panel.onDidChangeViewState(() => {
        this.live = panel.visible;
        if (this.live) this.latest.ask();
      }),
      panel.webview.onDidReceiveMessage((message: unknown) => this.receive(message)),
    );
    panel.onDidDispose(() => {
      this.live = false;
      subscriptions.dispose();
    });
    panel.webview.html = page(panel.webview, extension, "preview", panel.title, {
      strings: previewStrings(),
      kept: uri ? { uri: uri.toString() } : {},
    });
  }

  private receive(message: unknown): void {
    const told = fromPreview(message);
    if (told?.type === "ready") {
      this.live = true;
      this.latest.ask();
    }
    if (told?.type === "page") this.turn(told.skip);
    if (told?.type === "act") {
      void vscode.commands.executeCommand(`pitchpipe.environment.${told.action}`);
    }
  }

  private turn(skip: number): void {
    this.skip = skip;
    this.latest.ask();
  }

  private async ask(): Promise<void> {
    const { uri } = this.workflow;
    if (!this.live || !uri) return;
    const about = { name: path.posix.basename(uri.path), uri: uri.toString() };
    this.panel.title = vscode.l10n.t("Preview: {0}", about.name);
    this.send({ type: "asking", ...about });
    const { skip } = this;
    const params: PreviewParams = { uri: uri.toString(), rows: PAGE, skip };
    const result = await ask<PreviewResult>(this.session, method.preview, params).catch(
      (error: unknown) => ({ message: messageOf(error), rows: [], total: null, max_length: null }),
    );
    if (uri === this.workflow.uri && skip === this.skip) {
      this.send({ type: "rows", ...about, skip, result });
    }
  }

  private send(message: ToPreview): void {
    if (this.live) void this.panel.webview.postMessage(message);
  }
}
