import * as assert from "node:assert/strict";
import * as path from "node:path";
import * as vscode from "vscode";
import { openRuns } from "../../src/panels/runPanel";
import { connected, TONE } from "./runSupport";
import { ROOT, tidy, until, written } from "./support";

/** The tabs that show one of our panels. */
function tabs(view: string): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(
      ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(view),
    );
}

function title(view: string, label: string): Promise<vscode.Tab> {
  return until(`a tab ${label}`, () => tabs(view).find((tab) => tab.label === label));
}

suite("panels", () => {
  suiteSetup(async function () {
    this.timeout(90_000);
    await connected();
  });
  teardown(tidy);

  test("memory opens beside the file, and the file keeps the cursor", async () => {
    const { editor, document } = await written(TONE);
    await vscode.commands.executeCommand("pitchpipe.workflow.memory");
    const tab = await title("pitchpipe.memory", `Memory: ${path.basename(document.fileName)}`);
    assert.notEqual(tab.group.viewColumn, editor.viewColumn);
    assert.equal(vscode.window.activeTextEditor?.document, document);
  });

  test("memory follows the editor to another workflow, and not to other files", async () => {
    const first = await written(TONE);
    const name = path.basename(first.document.fileName);
    await vscode.commands.executeCommand("pitchpipe.workflow.memory", first.document.uri);
    await title("pitchpipe.memory", `Memory: ${name}`);
    const second = await written(TONE.replace("r: 4", "r: 8"));
    await title("pitchpipe.memory", `Memory: ${path.basename(second.document.fileName)}`);
    await written("a: 1\n", ".yaml");
    await written("words\n", ".txt");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const labels = tabs("pitchpipe.memory").map(({ label }) => label);
    assert.deepEqual(labels, [`Memory: ${path.basename(second.document.fileName)}`]);
  });

  test("memory takes a YAML file by what is in it", async () => {
    const named = await written(TONE);
    await vscode.commands.executeCommand("pitchpipe.workflow.memory", named.document.uri);
    const other = await written(TONE, ".yaml");
    await title("pitchpipe.memory", `Memory: ${path.basename(other.document.fileName)}`);
  });

  test("there is one panel of each kind", async () => {
    const { document } = await written(TONE);
    for (const command of ["memory", "preview", "memory", "preview"]) {
      await vscode.commands.executeCommand(`pitchpipe.workflow.${command}`, document.uri);
    }
    await title("pitchpipe.preview", `Preview: ${path.basename(document.fileName)}`);
    assert.equal(tabs("pitchpipe.memory").length, 1);
    assert.equal(tabs("pitchpipe.preview").length, 1);
  });

  test("a run has one panel, several together have another", async () => {
    const session = await connected();
    const [one, two] = ["one", "two"].map((name) => vscode.Uri.joinPath(ROOT, "runs", name).fsPath);
    assert.ok(one && two);
    openRuns(session, [one]);
    openRuns(session, [one, two]);
    openRuns(session, [two, one]);
    openRuns(session, [one]);
    const labels = await until("two panels", () => {
      const found = tabs("pitchpipe.run").map(({ label }) => label);
      return found.length === 2 ? found : undefined;
    });
    assert.deepEqual(labels.sort(), ["2 runs", "one"]);
  });

  test("a panel that is closed opens anew", async () => {
    const { document } = await written(TONE);
    await vscode.commands.executeCommand("pitchpipe.workflow.memory", document.uri);
    const tab = await title("pitchpipe.memory", `Memory: ${path.basename(document.fileName)}`);
    await vscode.window.tabGroups.close(tab);
    assert.equal(tabs("pitchpipe.memory").length, 0);
    await vscode.commands.executeCommand("pitchpipe.workflow.memory", document.uri);
    await title("pitchpipe.memory", `Memory: ${path.basename(document.fileName)}`);
  });
});
