/** The *Runs* view: workflows, and below each its runs. */

import * as vscode from "vscode";
import type { Run, Workflow } from "../api/protocol";
import { goesOn, type Live } from "../running/state";
import type { Runs } from "../running/store";
import { contextValue, description, icon, label, tooltip } from "./describe";

const PAUSE = 400; // milliseconds between two drawings
/** Between two drawings of a run that goes on: a drawing takes its hover and its menu away. */
const PATIENCE = 5_000;

/** An entry; it stays the same object while what it stands for is there. */
export interface WorkflowNode {
  readonly kind: "workflow";
  workflow: Workflow;
}
export interface RunNode {
  readonly kind: "run";
  workflow: Workflow;
  run: Run;
}
export type Node = WorkflowNode | RunNode;

export class RunsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly workflows = new Map<string, WorkflowNode>();
  private readonly runNodes = new Map<string, RunNode>();
  /** By entry, what of it was drawn: an entry that looks the same is left alone. */
  private readonly drawn = new Map<Node, { face: string; goesOn: boolean; at: number }>();
  private order = "";
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  private readonly listening: vscode.Disposable;
  private waiting: NodeJS.Timeout | undefined;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly runs: Runs) {
    this.listening = runs.onDidChange(() => {
      this.waiting ??= setTimeout(() => this.redraw(), PAUSE);
    });
    this.take();
  }

  getChildren(node?: Node): Node[] {
    if (!node) return [...this.workflows.values()];
    if (node.kind === "run") return [];
    return node.workflow.runs.flatMap((run) => this.runNodes.get(run.folder) ?? []);
  }

  getParent(node: Node): Node | undefined {
    return node.kind === "run" ? this.workflows.get(node.workflow.uri) : undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const now = { face: this.face(node), goesOn: this.goesOn(node), at: Date.now() };
    this.drawn.set(node, now);
    return node.kind === "workflow" ? workflowItem(node) : this.runItem(node);
  }

  /** A tooltip is made when it is shown, so that it tells what is so then. */
  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.kind === "run") {
      const said = tooltip(
        node.run,
        this.runs.live(node.run.folder),
        vscode.env.language,
        vscode.l10n,
      );
      item.tooltip = new vscode.MarkdownString(said);
    }
    return item;
  }

  /** The entry of a run. */
  node(folder: string): RunNode | undefined {
    return this.runNodes.get(folder);
  }

  private redraw(): void {
    this.waiting = undefined;
    this.take();
    const order = JSON.stringify(
      this.runs.workflows.map(({ uri, name, runs }) => [uri, name, runs.map((run) => run.folder)]),
    );
    if (order !== this.order) {
      this.order = order;
      this.changed.fire(undefined);
      return;
    }
    for (const node of this.runNodes.values()) {
      const before = this.drawn.get(node);
      if (before === undefined || before.face === this.face(node)) continue;
      const canWait = before.goesOn && this.goesOn(node) && Date.now() - before.at < PATIENCE;
      if (!canWait) this.changed.fire(node);
    }
  }

  private goesOn(node: Node): boolean {
    return node.kind === "run" && goesOn(state(node.run, this.runs.live(node.run.folder)));
  }

  /** Brings the entries up to the list. */
  private take(): void {
    const [uris, folders] = [new Set<string>(), new Set<string>()];
    for (const workflow of this.runs.workflows) {
      uris.add(workflow.uri);
      const node = this.workflows.get(workflow.uri);
      if (node) node.workflow = workflow;
      else this.workflows.set(workflow.uri, { kind: "workflow", workflow });
      for (const run of workflow.runs) {
        folders.add(run.folder);
        const there = this.runNodes.get(run.folder);
        if (there) Object.assign(there, { run, workflow });
        else this.runNodes.set(run.folder, { kind: "run", run, workflow });
      }
    }
    for (const [uri, node] of this.workflows) {
      if (uris.has(uri)) continue;
      this.workflows.delete(uri);
      this.drawn.delete(node);
    }
    for (const [folder, node] of this.runNodes) {
      if (folders.has(folder)) continue;
      this.runNodes.delete(folder);
      this.drawn.delete(node);
    }
  }

  private face(node: Node): string {
    if (node.kind === "workflow") return node.workflow.name;
    const live = this.runs.live(node.run.folder);
    return JSON.stringify([
      state(node.run, live),
      node.run.started,
      description(node.run, live, vscode.l10n),
      node.run.report,
      node.run.resumable,
    ]);
  }

  private runItem({ run }: RunNode): vscode.TreeItem {
    const live = this.runs.live(run.folder);
    const item = new vscode.TreeItem(label(run, vscode.env.language));
    const { id, colour } = icon(state(run, live));
    item.id = run.folder;
    item.description = description(run, live, vscode.l10n);
    item.iconPath = new vscode.ThemeIcon(id, new vscode.ThemeColor(colour));
    item.contextValue = contextValue(run, state(run, live));
    item.command = {
      command: "pitchpipe.runs.open",
      title: vscode.l10n.t("Open Run"),
      arguments: [run.folder],
    };
    return item;
  }

  dispose(): void {
    clearTimeout(this.waiting);
    this.listening.dispose();
    this.changed.dispose();
  }
}

function state(run: Run, live: Live | undefined): Run["state"] {
  return live && (goesOn(live.state) || goesOn(run.state)) ? live.state : run.state;
}

function workflowItem({ workflow }: WorkflowNode): vscode.TreeItem {
  const item = new vscode.TreeItem(workflow.name, vscode.TreeItemCollapsibleState.Expanded);
  const uri = vscode.Uri.parse(workflow.uri);
  item.id = workflow.uri;
  item.resourceUri = uri;
  item.iconPath = vscode.ThemeIcon.File;
  item.contextValue = "workflow";
  item.description =
    workflow.runs.length === 1
      ? vscode.l10n.t("1 run")
      : vscode.l10n.t("{0} runs", workflow.runs.length);
  item.tooltip = vscode.workspace.asRelativePath(uri);
  return item;
}
