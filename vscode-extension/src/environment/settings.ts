/** The settings that name an interpreter. */

import * as vscode from "vscode";

/**
 * Sets `pitchpipe.python`, and `pitchpipe.server.python` where that would have its way; none unsets.
 *
 * Where a setting stands already it is changed there, else in the user's settings: a path is for this
 * machine, not for who else has the workspace.
 */
export async function setPython(python: string | undefined): Promise<void> {
  const settings = vscode.workspace.getConfiguration("pitchpipe");
  await update(settings, "python", python);
  if (settings.get("server.python", "")) await update(settings, "server.python", python);
}

async function update(
  settings: vscode.WorkspaceConfiguration,
  name: string,
  value: string | undefined,
): Promise<void> {
  const { Global, Workspace } = vscode.ConfigurationTarget;
  const set = settings.inspect<string>(name);
  const target = set?.workspaceValue === undefined ? Global : Workspace;
  await settings.update(name, value, target);
}
