import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { activated, findings, ROOT, replaced, tidy, until, written } from "./support";
import { workflow } from "./workflow";

suite("findings", () => {
  suiteSetup(activated);
  teardown(tidy);

  test("a misspelt key is an error with its code, its page and its place", async () => {
    const { document } = await written(workflow(["max_steps", "max_stepps"]));
    const [finding] = await findings(document.uri, 1);
    assert.ok(finding);
    assert.equal(finding.severity, vscode.DiagnosticSeverity.Error);
    assert.match(finding.message, /did you mean `max_steps`\?/);
    assert.equal(document.getText(finding.range), "max_stepps");
    const code = finding.code as { value: string; target: vscode.Uri };
    assert.equal(code.value, "unknown-key");
    assert.match(code.target.path, /unknown-key/);
  });

  test("a finding stands at the right column behind wide characters", async () => {
    const { document } = await written(workflow(["{text}", "{txt}"]));
    const [finding] = await findings(document.uri, 1);
    assert.ok(finding);
    assert.match(finding.message, /no column `txt`; did you mean `text`\?/);
    assert.equal(document.getText(finding.range), "{txt}");
  });

  test("what is mended is no longer found", async () => {
    const { document, editor } = await written(workflow(["r: 4", "r: 0"]));
    await findings(document.uri, 1);
    await replaced(editor, "r: 0", "r: 8");
    assert.deepEqual(await findings(document.uri, 0), []);
  });

  test("a data file that comes to be is seen without an edit", async () => {
    const { document } = await written(workflow(["path: rows", "path: later"]));
    await findings(document.uri, 1);
    const rows = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(ROOT, "rows.jsonl"));
    const later = vscode.Uri.joinPath(ROOT, "later.jsonl");
    await vscode.workspace.fs.writeFile(later, rows);
    try {
      await findings(document.uri, 0);
    } finally {
      await vscode.workspace.fs.delete(later);
    }
  });

  test("a workflow that was never saved has findings too", async () => {
    const document = await vscode.workspace.openTextDocument({
      language: "pitchpipe",
      content: workflow(["max_steps", "max_stepps"]),
    });
    await vscode.window.showTextDocument(document);
    const found = await until("the misspelt key is found", () =>
      vscode.languages
        .getDiagnostics(document.uri)
        .find((d) => typeof d.code === "object" && d.code.value === "unknown-key"),
    );
    assert.match(found.message, /did you mean `max_steps`\?/);
  });

  test("YAML that is a workflow by its keys has findings too", async () => {
    const { document } = await written(workflow(["max_steps", "max_stepps"]), ".yaml");
    assert.equal(document.languageId, "yaml");
    await findings(document.uri, 1);
  });

  test("other YAML is left alone", async () => {
    const { document } = await written("services:\n  web: {image: [nginx\n", ".yaml");
    assert.equal(document.languageId, "yaml");
    // A workflow that is opened later has its findings: by then the other was looked at.
    const { document: wrong } = await written(workflow(["seed", "sed"]));
    await findings(wrong.uri, 1);
    assert.deepEqual(await findings(document.uri, 0), []);
  });
});
