/** What the host tests share. */

import * as assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";

export const ROOT: vscode.Uri = (() => {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, "the tests' window has a folder");
  return folder.uri;
})();

/** Waits until something holds and gives it; `what` says in the failure what did not come. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | null | Thenable<T | undefined | false | null>,
  seconds = 30,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Activates the extension and waits until its server has answered. */
export async function activated(): Promise<vscode.Extension<unknown>> {
  const extension = vscode.extensions.getExtension("pitchpipe.pitchpipe");
  assert.ok(extension, "the extension is installed");
  await extension.activate();
  return extension;
}

export interface Opened {
  document: vscode.TextDocument;
  editor: vscode.TextEditor;
  /** Where the text had `$0`; the start of the file where it had none. */
  position: vscode.Position;
}

/** Writes a text, in which `$0` marks a place, to a new file of the workspace and shows it. */
export async function written(text: string, suffix = ".tune.yaml"): Promise<Opened> {
  const at = Math.max(text.indexOf("$0"), 0);
  const uri = vscode.Uri.joinPath(ROOT, `${randomUUID().slice(0, 8)}${suffix}`);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text.replace("$0", ""), "utf8"));
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document);
  const position = document.positionAt(at);
  editor.selection = new vscode.Selection(position, position);
  return { document, editor, position };
}

/** The findings of a file, once there are as many as expected of our own. */
export async function findings(uri: vscode.Uri, count: number): Promise<vscode.Diagnostic[]> {
  return until(`${count} findings`, () => {
    const found = vscode.languages.getDiagnostics(uri).filter((d) => d.source === "pitchpipe");
    return found.length === count ? found : undefined;
  });
}

/** Closes all editors without saving, and takes away the files that a test wrote. */
export async function tidy(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  for (const [name, type] of await vscode.workspace.fs.readDirectory(ROOT)) {
    if (type === vscode.FileType.File && /^[0-9a-f]{8}\./.test(name)) {
      await vscode.workspace.fs.delete(vscode.Uri.joinPath(ROOT, name));
    }
  }
}

/** Replaces the first place where an editor's text says `old`. */
export async function replaced(editor: vscode.TextEditor, old: string, by: string): Promise<void> {
  const at = editor.document.getText().indexOf(old);
  assert.ok(at >= 0, `the text has no ${old}`);
  const [start, end] = [at, at + old.length].map((offset) => editor.document.positionAt(offset));
  assert.ok(start && end);
  assert.ok(await editor.edit((edit) => edit.replace(new vscode.Range(start, end), by)));
}
