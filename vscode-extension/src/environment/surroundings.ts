/** What the settings, the workspace and the system say about where Python is. */

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { named, type Surroundings } from "./candidates";
import { interpreterOfExtension } from "./pythonExtensions";

/** Folder of the environment that the extension makes for itself. */
export function ownEnvironment(context: vscode.ExtensionContext): string {
  return join(context.globalStorageUri.fsPath, "environment");
}

/** An empty folder of the extension's own: what starts there imports nothing from a workspace. */
export async function safeFolder(context: vscode.ExtensionContext): Promise<string> {
  const folder = vscode.Uri.joinPath(context.globalStorageUri, "empty");
  await vscode.workspace.fs.createDirectory(folder);
  return folder.fsPath;
}

export async function surroundings(context: vscode.ExtensionContext): Promise<Surroundings> {
  const basis = settled(context);
  const wanted = basis.serverPython || basis.python;
  return wanted ? basis : { ...basis, extension: await interpreterOfExtension(context) };
}

/** The interpreter of `pitchpipe.python` with its variables replaced; "" where none is set. */
export function runnerPython(context: vscode.ExtensionContext): string {
  const around = settled(context);
  return named(around.python, around) ?? "";
}

function settled(context: vscode.ExtensionContext): Surroundings {
  const settings = vscode.workspace.getConfiguration("pitchpipe");
  return {
    serverPython: settings.get("server.python", ""),
    python: settings.get("python", ""),
    extension: undefined,
    folders: folders(),
    trusted: vscode.workspace.isTrusted,
    own: ownEnvironment(context),
    home: homedir(),
    environment: process.env,
    windows: process.platform === "win32",
    exists: existsSync,
  };
}

/** Paths of the workspace folders that lie on a disk. */
export function folders(): string[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === "file")
    .map((folder) => folder.uri.fsPath);
}
