/** Tasks of the type `pitchpipe`: a run whose exit code is the task's. */

import * as vscode from "vscode";
import type { Session } from "../session";
import { LANGUAGE } from "../workflows";
import { type Action, startRun } from "./start";
import { RunTerminal } from "./terminal";

const TYPE = "pitchpipe";
const FILES = "**/{*.tune.yaml,*.tune.yml,pitchpipe.yaml,pitchpipe.yml}";
const LEFT_OUT = "**/{node_modules,.venv,venv,.git,runs}/**";
const MOST = 50; // files that tasks are offered for

interface Definition extends vscode.TaskDefinition {
  workflow: string;
  action?: Action;
  overrides?: string[];
}

export function registerTasks(session: Session): vscode.Disposable {
  return vscode.tasks.registerTaskProvider(TYPE, {
    provideTasks: async () => (await workflows()).flatMap((uri) => tasksOf(session, uri)),
    resolveTask: (task) => {
      const definition = task.definition as Definition;
      if (typeof definition.workflow !== "string") return undefined;
      const scope = task.scope ?? vscode.TaskScope.Workspace;
      // VS Code takes a task for resolved only with the definition that it gave.
      return made(session, definition, scope, task.name);
    },
  });
}

async function workflows(): Promise<vscode.Uri[]> {
  const active = vscode.window.activeTextEditor?.document;
  const found = await vscode.workspace.findFiles(FILES, LEFT_OUT, MOST);
  const all = active?.languageId === LANGUAGE ? [active.uri, ...found] : found;
  return [...new Map(all.map((uri) => [uri.toString(), uri])).values()];
}

function tasksOf(session: Session, uri: vscode.Uri): vscode.Task[] {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const workflow = folder ? vscode.workspace.asRelativePath(uri, false) : uri.fsPath;
  const scope = folder ?? vscode.TaskScope.Workspace;
  const names = { run: vscode.l10n.t("Run"), smoke: vscode.l10n.t("Smoke run") };
  return (["run", "smoke"] as const).map((action) =>
    made(session, { type: TYPE, workflow, action }, scope, `${names[action]} ${workflow}`),
  );
}

function made(
  session: Session,
  definition: Definition,
  scope: vscode.WorkspaceFolder | vscode.TaskScope,
  name: string,
): vscode.Task {
  const execution = new vscode.CustomExecution(async (resolved) => {
    const { workflow, action = "run", overrides = [] } = resolved as Definition;
    const uri = located(workflow, scope);
    return new RunTerminal(
      session,
      (tell) => startRun(session, uri, action, { overrides, tell, open: false }),
      true,
    );
  });
  const task = new vscode.Task(definition, scope, name, TYPE, execution);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, echo: false };
  task.detail = vscode.l10n.t("Pitchpipe workflow");
  return task;
}

/** A path that is not absolute starts at the task's folder, else at the first of the workspace. */
function located(workflow: string, scope: vscode.WorkspaceFolder | vscode.TaskScope): vscode.Uri {
  const isAbsolute = /^([/\\]|[A-Za-z]:[/\\])/.test(workflow);
  const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
  return isAbsolute || !folder
    ? vscode.Uri.file(workflow)
    : vscode.Uri.joinPath(folder.uri, ...workflow.split(/[/\\]/));
}
