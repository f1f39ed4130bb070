/** Commands on runs, from the *Runs* view, the palette and panels. */

import * as vscode from "vscode";
import { type DeleteRunResult, method, type Run } from "../api/protocol";
import { openRun, openRuns } from "../panels/runPanel";
import { startRun, stopRuns } from "../running/start";
import { goesOn } from "../running/state";
import { type Runs, runsOf } from "../running/store";
import { showLog } from "../running/terminal";
import type { Session } from "../session";
import { description, label } from "./describe";
import { openReport } from "./report";
import { reveal } from "./reveal";
import type { Node, RunNode } from "./tree";

const LEAVING = 15_000; // milliseconds that a process may take from its last word to its end

type View = vscode.TreeView<Node>;

export function registerRunCommands(session: Session, view: View): vscode.Disposable {
  const runs = runsOf(session);
  /** A command on one run; without an argument the user chooses one. */
  const one = (name: string, act: (run: RunNode) => unknown) =>
    vscode.commands.registerCommand(`pitchpipe.runs.${name}`, async (argument?: unknown) => {
      const found = meant(runs, argument, view)[0] ?? (await pick(runs));
      return found && act(found);
    });
  const several = (name: string, act: (nodes: RunNode[]) => unknown) =>
    vscode.commands.registerCommand(
      `pitchpipe.runs.${name}`,
      (argument?: unknown, selected?: unknown) =>
        act(
          meant(runs, Array.isArray(selected) && selected.length > 0 ? selected : argument, view),
        ),
    );
  return vscode.Disposable.from(
    vscode.commands.registerCommand("pitchpipe.runs.refresh", () => runs.refresh()),
    // A run that has just begun is in no list yet.
    vscode.commands.registerCommand("pitchpipe.runs.open", async (argument?: unknown) => {
      const folder = typeof argument === "string" ? argument : undefined;
      const open = folder ?? meant(runs, argument)[0]?.run.folder ?? (await pick(runs))?.run.folder;
      if (open !== undefined) openRun(session, open);
    }),
    one("log", ({ run }) => showLog(session, run.folder)),
    one("report", ({ run }) => openReport(session, run.folder)),
    one("reveal", ({ run }) => reveal(run.folder)),
    one("resume", ({ run, workflow }) =>
      startRun(session, vscode.Uri.parse(workflow.uri), "resume", { run: run.id }),
    ),
    one("stop", ({ run }) => stopRuns(session, undefined, run.id)),
    several("compare", (nodes) => compare(session, nodes)),
    several("delete", (nodes) => remove(session, nodes)),
  );
}

/** What the arguments of a command mean: entries or folders; without any what is selected. */
function meant(runs: Runs, argument: unknown, view?: View): RunNode[] {
  const given = argument === undefined ? (view?.selection ?? []) : [argument].flat();
  return given.flatMap((one): RunNode[] => {
    if (typeof one === "string") {
      const found = runs.find(one);
      return found ? [{ kind: "run", ...found }] : [];
    }
    const node = one as Node | undefined;
    return node?.kind === "run" ? [node] : [];
  });
}

interface Choice extends vscode.QuickPickItem {
  node: RunNode;
}

function choices(runs: Runs, picked: ReadonlySet<string> = new Set()): Choice[] {
  return runs.workflows.flatMap((workflow) =>
    workflow.runs.map((run) => ({
      label: `${workflow.name} · ${label(run, vscode.env.language)}`,
      description: description(run, runs.live(run.folder), vscode.l10n),
      picked: picked.has(run.folder),
      node: { kind: "run" as const, run, workflow },
    })),
  );
}

async function pick(runs: Runs): Promise<RunNode | undefined> {
  const all = choices(runs);
  if (all.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There are no runs yet."));
    return undefined;
  }
  const chosen = await vscode.window.showQuickPick(all, {
    placeHolder: vscode.l10n.t("Which run?"),
    matchOnDescription: true,
  });
  return chosen?.node;
}

async function compare(session: Session, nodes: RunNode[]): Promise<void> {
  let folders = nodes.map((node) => node.run.folder);
  if (folders.length < 2) {
    const all = choices(runsOf(session), new Set(folders));
    const chosen = await vscode.window.showQuickPick(all, {
      canPickMany: true,
      matchOnDescription: true,
      placeHolder: vscode.l10n.t("Two or more runs to compare"),
    });
    folders = chosen?.map((choice) => choice.node.run.folder) ?? [];
  }
  if (folders.length > 1) openRuns(session, folders);
}

async function remove(session: Session, nodes: RunNode[]): Promise<void> {
  const runs = runsOf(session);
  const ended = nodes.filter(({ run }) => !goesOn(runs.live(run.folder)?.state ?? run.state));
  const first = ended[0];
  if (!first) return;
  const yes = vscode.l10n.t("Delete");
  const chosen = await vscode.window.showWarningMessage(
    ended.length === 1
      ? vscode.l10n.t("Delete the run {0}?", first.run.id)
      : vscode.l10n.t("Delete {0} runs?", ended.length),
    {
      modal: true,
      detail: vscode.l10n.t(
        "Their folders go with all that is in them: checkpoints, the trained model, exports and reports. This can't be undone.",
      ),
    },
    yes,
  );
  if (chosen !== yes) return;
  const failed: string[] = [];
  for (const { run } of ended) {
    const { deleted, message } = await deletion(session, run);
    if (!deleted) failed.push(message ?? run.id);
  }
  if (failed.length > 0) void vscode.window.showErrorMessage(failed.join("; "));
  await runs.refresh();
}

/** A process needs a moment from its run's end to its own. */
async function deletion(session: Session, { folder, at }: Run): Promise<DeleteRunResult> {
  const end = Math.max(Date.now(), (at ?? 0) * 1000 + LEAVING);
  for (;;) {
    const result = await session.request<DeleteRunResult>(method.deleteRun, { folder });
    if (result.deleted || Date.now() >= end) return result;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
