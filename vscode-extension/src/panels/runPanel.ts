/** A panel that shows one run, or several above each other, and follows them. */

import * as path from "node:path";
import * as vscode from "vscode";
import {
  type CompareRunsParams,
  type CompareRunsResult,
  method,
  type RunDetails,
  type RunDetailsParams,
  type RunEvent,
} from "../api/protocol";
import { settled } from "../running/state";
import { runsOf } from "../running/store";
import type { Session } from "../session";
import { ask, messageOf } from "./asking";
import { Following } from "./following";
import { icon, options, page } from "./html";
import { Latest } from "./latest";
import { fromRun, MOST_RUNS, type ToRun } from "./messages";
import { runStrings } from "./strings";

export const RUN_VIEW = "pitchpipe.run";
/** Points that a series has at most when it comes; what a screen shows is less. */
const MOST_POINTS = 8000;
/** Between two batches of events, milliseconds. */
const BATCH = 100;

const open = new Set<RunPanel>();

/** Shows a run, in the panel that shows it already if there is one. */
export function openRun(session: Session, folder: string): void {
  openRuns(session, [folder]);
}

/** Shows runs in one panel. */
export function openRuns(session: Session, folders: readonly string[]): void {
  const wanted = [...new Set(folders)].slice(0, MOST_RUNS);
  if (wanted.length === 0) return;
  for (const shown of open) {
    if (shown.shows(wanted)) {
      shown.panel.reveal();
      return;
    }
  }
  const made = vscode.window.createWebviewPanel(
    RUN_VIEW,
    titleOf(wanted),
    vscode.ViewColumn.Active,
    options(session.context.extensionUri),
  );
  restoreRuns(session, made, wanted);
}

/** Fills a panel that the editor has kept. */
export function restoreRuns(
  session: Session,
  panel: vscode.WebviewPanel,
  folders: readonly string[],
): void {
  const shown = new RunPanel(session, panel, folders);
  open.add(shown);
  panel.onDidDispose(() => open.delete(shown));
}

class RunPanel {
  private readonly shown: ShownRun[];
  private readonly comparison = new Latest(() => this.compare());
  private readonly subscriptions: vscode.Disposable[];
  private gone = false;

  constructor(
    private readonly session: Session,
    readonly panel: vscode.WebviewPanel,
    private readonly folders: readonly string[],
  ) {
    const extension = session.context.extensionUri;
    panel.webview.options = options(extension);
    panel.title = titleOf(folders);
    panel.iconPath = icon(extension);
    const send = (message: ToRun) => this.send(message);
    this.shown = folders.map((folder) => new ShownRun(session, folder, send));
    this.subscriptions = [
      panel.webview.onDidReceiveMessage((message: unknown) => this.receive(message)),
      panel.onDidChangeViewState(() => {
        for (const run of this.shown) panel.visible ? run.resume() : run.pause();
      }),
      session.onReady(() => this.refresh()),
      session.onRunsChanged(() => this.refresh()),
      session.onEvent((event) => {
        for (const run of this.shown) run.take(event);
      }),
    ];
    panel.onDidDispose(() => this.dispose());
    panel.webview.html = page(panel.webview, extension, "run", panel.title, {
      strings: runStrings(),
      kept: { folders },
    });
  }

  shows(folders: readonly string[]): boolean {
    return folders.length === this.folders.length && folders.every((f) => this.folders.includes(f));
  }

  private refresh(): void {
    for (const run of this.shown) run.refresh();
    if (this.panel.visible) this.comparison.ask();
  }

  private async compare(): Promise<void> {
    if (this.folders.length < 2) return;
    const params: CompareRunsParams = { folders: [...this.folders] };
    const result = await this.session
      .request<CompareRunsResult>(method.compareRuns, params)
      .catch(() => undefined);
    if (result && !this.gone) this.send({ type: "comparison", result });
  }

  private receive(message: unknown): void {
    const told = fromRun(message);
    // A page that was hidden is made anew, and says so.
    if (told?.type === "ready") {
      for (const run of this.shown) run.resume();
      this.comparison.ask();
    }
    if (told?.type === "act") {
      if (!this.folders.includes(told.folder)) return;
      void vscode.commands.executeCommand(`pitchpipe.runs.${told.action}`, told.folder);
    }
  }

  private send(message: ToRun): void {
    void this.panel.webview.postMessage(message);
  }

  private dispose(): void {
    this.gone = true;
    for (const run of this.shown) run.pause();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }
}

/** One run of a panel: its details, then its events. */
class ShownRun {
  private readonly following = new Following();
  private readonly latest = new Latest(() => this.ask());
  private live = false;
  private asking = false;
  /** Came while details were asked for, which may include them. */
  private held: RunEvent[] = [];
  private batch: RunEvent["event"][] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly session: Session,
    readonly folder: string,
    private readonly send: (message: ToRun) => void,
  ) {}

  resume(): void {
    this.live = true;
    this.latest.ask();
  }

  pause(): void {
    this.live = false;
    this.held = [];
    this.batch = [];
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  refresh(): void {
    if (this.live) this.latest.ask();
  }

  take(event: RunEvent): void {
    if (!this.live || event.folder !== this.folder) return;
    if (this.asking) {
      this.held.push(event);
      return;
    }
    const verdict = this.following.take(event);
    if (verdict === "again") this.latest.ask();
    if (verdict !== "news") return;
    this.batch.push(event.event);
    this.timer ??= setTimeout(() => this.flush(), BATCH);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const events = this.batch.splice(0);
    if (events.length > 0) this.send({ type: "events", folder: this.folder, events });
  }

  private async ask(): Promise<void> {
    if (!this.live) return;
    this.flush();
    this.asking = true;
    const params: RunDetailsParams = { folder: this.folder, most: MOST_POINTS };
    try {
      const details = await ask<RunDetails>(this.session, method.runDetails, params);
      this.following.caughtUp(details.offset);
      details.run = settled(details.run, runsOf(this.session).live(this.folder));
      if (this.live) this.send({ type: "details", folder: this.folder, details });
    } catch (error) {
      const message = messageOf(error);
      if (this.live) this.send({ type: "trouble", folder: this.folder, message });
    }
    this.asking = false;
    for (const event of this.held.splice(0)) this.take(event);
  }
}

function titleOf(folders: readonly string[]): string {
  const [only] = folders;
  return only !== undefined && folders.length === 1
    ? path.basename(only)
    : vscode.l10n.t("{0} runs", folders.length);
}
