import * as vscode from "vscode";

/** Shows a folder where the user can look into it. */
export async function reveal(folder: string): Promise<void> {
  const uri = vscode.Uri.file(folder);
  if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
    await vscode.commands.executeCommand("revealFileInOS", uri);
  } else if (vscode.workspace.getWorkspaceFolder(uri)) {
    await vscode.commands.executeCommand("revealInExplorer", uri);
  } else {
    await vscode.commands.executeCommand("vscode.openFolder", uri, { forceNewWindow: true });
  }
}
