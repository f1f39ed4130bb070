import * as vscode from "vscode";
import { runsOf } from "../running/store";
import type { Session } from "../session";
import { registerRunCommands } from "./commands";
import { RunsTree } from "./tree";

const VIEW = "pitchpipe.runs";

/** The *Runs* view, with the number of runs that go on on its icon. */
export function activateRuns(session: Session): vscode.Disposable {
  const runs = runsOf(session);
  const tree = new RunsTree(runs);
  const view = vscode.window.createTreeView(VIEW, {
    treeDataProvider: tree,
    canSelectMany: true,
    showCollapseAll: true,
  });
  let going = 0;
  const count = () => {
    const now = runs.going.length;
    if (now === going) return;
    going = now;
    view.badge =
      now === 0
        ? undefined
        : {
            value: now,
            tooltip:
              now === 1 ? vscode.l10n.t("1 run goes on") : vscode.l10n.t("{0} runs go on", now),
          };
  };
  return vscode.Disposable.from(
    tree,
    view,
    runs.onDidChange(count),
    registerRunCommands(session, view),
  );
}
