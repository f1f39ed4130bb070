/** Commands on a workflow file, from the palette, menus, keys and the server's code lenses. */

import * as vscode from "vscode";
import { openReport } from "../runs/report";
import type { Session } from "../session";
import { LANGUAGE, workflowUri } from "../workflows";
import { type Action, startRun, stopRuns } from "./start";
import { runsOf } from "./store";

const ACTIONS: readonly Action[] = ["run", "smoke", "resume"];

type Next = (command: string, args: unknown[]) => unknown;

/** For the client's middleware: what a lens of the server's asks for, done the editor's way. */
export async function handleServerCommand(
  session: Session,
  command: string,
  args: unknown[],
  next: Next,
): Promise<unknown> {
  const uri = workflowUri(args[0]);
  const run = typeof args[1] === "string" ? args[1] : undefined;
  if (!uri) return next(command, args);
  switch (command) {
    case "pitchpipe.run":
    case "pitchpipe.smoke":
    case "pitchpipe.resume": {
      const action = command.slice("pitchpipe.".length) as Action;
      return startRun(session, uri, action, run === undefined ? {} : { run });
    }
    case "pitchpipe.openReport": {
      const found = reportOf(session, uri, run);
      return found ? openReport(session, found) : next(command, args);
    }
    case "pitchpipe.estimate":
    case "pitchpipe.compare":
      return vscode.commands.executeCommand("pitchpipe.workflow.memory", uri);
    default:
      return next(command, args);
  }
}

/** The folder of the run with that name that has a report, else of the file's newest that has. */
function reportOf(session: Session, uri: vscode.Uri, name?: string): string | undefined {
  const key = uri.toString();
  const all = runsOf(session).workflows.flatMap((workflow) =>
    vscode.Uri.parse(workflow.uri).toString() === key ? workflow.runs : [],
  );
  return all.find((run) => run.report && (name === undefined || run.id === name))?.folder;
}

export function registerWorkflowCommands(session: Session): vscode.Disposable {
  const start = (action: Action) => (argument?: unknown) => {
    const uri = fileOf(argument);
    return uri && startRun(session, uri, action);
  };
  return vscode.Disposable.from(
    ...ACTIONS.map((action) =>
      vscode.commands.registerCommand(`pitchpipe.workflow.${action}`, start(action)),
    ),
    vscode.commands.registerCommand("pitchpipe.workflow.stop", async (argument?: unknown) => {
      const uri = argument === undefined ? activeWorkflow() : fileOf(argument);
      const run = uri ? undefined : await goingOn(session);
      if (!uri && run === undefined) return undefined;
      const stopped = await stopRuns(session, uri, run);
      if (stopped.length === 0) {
        void vscode.window.showInformationMessage(
          vscode.l10n.t("No run of this workflow goes on."),
        );
      }
      return stopped;
    }),
  );
}

function activeWorkflow(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === LANGUAGE ? document.uri : undefined;
}

/** The run that goes on; of several the one that the user chooses. */
async function goingOn(session: Session): Promise<string | undefined> {
  const names = runsOf(session).going.map(({ id }) => id);
  if (names.length > 1) {
    return vscode.window.showQuickPick(names, { placeHolder: vscode.l10n.t("Which run?") });
  }
  if (names.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("No run goes on."));
  }
  return names[0];
}

/** The argument may be an entry of the *Runs* view. */
function fileOf(argument: unknown): vscode.Uri | undefined {
  const entry = argument as { workflow?: { uri?: unknown } } | undefined;
  const uri = workflowUri(entry?.workflow?.uri ?? argument);
  if (uri) return uri;
  void vscode.window.showInformationMessage(vscode.l10n.t("Open a workflow file first."));
  return undefined;
}
