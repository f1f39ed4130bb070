import * as vscode from "vscode";
import type { Session } from "../session";
import { tick } from "../ticks";
import { registerWorkflowCommands } from "./commands";
import { activateSmokeOnSave } from "./smokeOnSave";
import { activateStatusBar } from "./statusBar";
import { runsOf } from "./store";
import { registerTasks } from "./tasks";
import { followTerminals } from "./terminal";

/** Starts, stops and shows runs. */
export function activateRunning(session: Session): vscode.Disposable {
  const runs = runsOf(session);
  return vscode.Disposable.from(
    runs,
    registerWorkflowCommands(session),
    activateStatusBar(session),
    registerTasks(session),
    activateSmokeOnSave(session),
    followTerminals(),
    runs.onDidChange(({ folder }) => {
      if (folder !== null) return;
      const hasRun = runs.workflows.some((workflow) => workflow.runs.length > 0);
      tick("hasRun", hasRun);
    }),
  );
}
