/** Lets the user say which interpreter it shall be. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import { all } from "./find";
import type { Interpreter } from "./probe";
import type { Server } from "./server";
import { setPython } from "./settings";
import { written } from "./versions";

type Item = vscode.QuickPickItem & { does?: "browse" | "automatic"; python?: string };

export async function selectPython(server: Server): Promise<void> {
  const picked = await vscode.window.showQuickPick(items(server), {
    title: vscode.l10n.t("Python Interpreter for Pitchpipe"),
    placeHolder: vscode.l10n.t("The language server and runs will use it"),
    matchOnDescription: true,
    ignoreFocusOut: true, // the walkthrough takes the focus when it ticks a step
  });
  if (!picked) return;
  if (picked.does === "automatic") return choose(server, undefined);
  const python = picked.does === "browse" ? await browse() : picked.python;
  if (python) await choose(server, python);
}

async function items(server: Server): Promise<Item[]> {
  const found = await all(await server.candidates(), (candidate) => server.ask(candidate));
  return [
    ...found.map((interpreter) => itemOf(interpreter)),
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: `$(folder) ${vscode.l10n.t("Browse…")}`, does: "browse" },
    {
      label: `$(search) ${vscode.l10n.t("Find it automatically")}`,
      description: vscode.l10n.t("the first that has Pitchpipe"),
      does: "automatic",
    },
  ];
}

export function itemOf(interpreter: Interpreter): Item {
  const has = interpreter.runner
    ? vscode.l10n.t("Pitchpipe {0} with the runner", interpreter.pitchpipe ?? "")
    : interpreter.pitchpipe !== null
      ? vscode.l10n.t("Pitchpipe {0} without the runner", interpreter.pitchpipe)
      : vscode.l10n.t("without Pitchpipe");
  return {
    label: `Python ${written(interpreter.version)}`,
    description: interpreter.executable,
    detail: has,
    python: interpreter.args.length > 0 ? interpreter.executable : interpreter.command,
  };
}

async function browse(): Promise<string | undefined> {
  const filters = process.platform === "win32" ? { filters: { Python: ["exe"] } } : {};
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t("Choose a Python Interpreter"),
    openLabel: vscode.l10n.t("Choose"),
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir()),
    ...filters,
  });
  return chosen?.[0]?.fsPath;
}

async function choose(server: Server, python: string | undefined): Promise<void> {
  await setPython(python);
  await server.refresh();
  const { state } = server;
  if (state.is === "running") {
    const { executable, version } = state.interpreter;
    void vscode.window.showInformationMessage(
      vscode.l10n.t("Pitchpipe uses Python {0}: {1}", written(version), executable),
    );
  } else {
    await vscode.commands.executeCommand("pitchpipe.server.status");
  }
}
