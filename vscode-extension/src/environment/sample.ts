/** Puts the sample where the user wants it, and opens its workflow. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Session } from "../session";

const NAME = "tones";
const WORKFLOW = `${NAME}.tune.yaml`;

type Item = vscode.QuickPickItem & { folder: vscode.Uri | undefined };

/** `folder` is where the sample's own folder goes; the user is asked where none is given. */
export async function openSample(
  session: Session,
  folder?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const parent = folder instanceof vscode.Uri ? folder : await askWhere();
  if (!parent) return undefined;
  const sample = await placeFor(parent);
  if (!(await exists(vscode.Uri.joinPath(sample, WORKFLOW)))) {
    const shipped = vscode.Uri.joinPath(session.context.extensionUri, "samples", NAME);
    await vscode.workspace.fs.copy(shipped, sample);
  }
  const workflow = vscode.Uri.joinPath(sample, WORKFLOW);
  await vscode.window.showTextDocument(workflow, { preview: false });
  if (!vscode.workspace.getWorkspaceFolder(workflow)) void offerToOpen(sample);
  return workflow;
}

async function askWhere(): Promise<vscode.Uri | undefined> {
  const items: Item[] = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === "file")
    .map(({ name, uri }) => ({
      label: `$(root-folder) ${name}`,
      description: uri.fsPath,
      folder: uri,
    }));
  if (items.length === 0) return browse();
  items.push({ label: `$(folder) ${vscode.l10n.t("Another Folder…")}`, folder: undefined });
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Open Sample Workflow"),
    placeHolder: vscode.l10n.t("Where shall the folder {0} with the sample go?", NAME),
    ignoreFocusOut: true, // the walkthrough takes the focus when it ticks a step
  });
  return picked && (picked.folder ?? browse());
}

async function browse(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t("Where shall the folder {0} with the sample go?", NAME),
    openLabel: vscode.l10n.t("Put It Here"),
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.Uri.file(homedir()),
  });
  return chosen?.[0];
}

/** A folder that is free, or that has the sample already. */
async function placeFor(parent: vscode.Uri): Promise<vscode.Uri> {
  for (let n = 1; ; n++) {
    const folder = vscode.Uri.joinPath(parent, n === 1 ? NAME : `${NAME}-${n}`);
    if (!(await exists(folder))) return folder;
    if (await exists(vscode.Uri.joinPath(folder, WORKFLOW))) return folder;
  }
}

async function offerToOpen(sample: vscode.Uri): Promise<void> {
  const open = vscode.l10n.t("Open Folder");
  const text = vscode.l10n.t(
    "The sample is outside the workspace. Open its folder to see its runs.",
  );
  if ((await vscode.window.showInformationMessage(text, open)) === open) {
    await vscode.commands.executeCommand("vscode.openFolder", sample);
  }
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}
