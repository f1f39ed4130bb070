import * as assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { method, type NewWorkflowResult } from "../../src/api/protocol";
import type { Api } from "../../src/extension";
import type { Session } from "../../src/session";
import { activated, findings, ROOT, tidy, until, written } from "./support";

interface Contributor {
  label: string;
  requestSchema(resource: string): string | undefined;
  requestSchemaContent(uri: string): Promise<string> | string;
}

const WORKFLOW = `model: {name_or_path: model}
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
method: {type: lora}
training: {max_stepz: 3}
`;

suite("Samples, new workflows and the schema", () => {
  let session: Session;

  suiteSetup(async () => {
    const extension = (await activated()) as vscode.Extension<Api>;
    session = extension.exports.session;
    await until("the server", () => session.running);
  });

  teardown(tidy);

  const errors = (uri: vscode.Uri) =>
    vscode.languages
      .getDiagnostics(uri)
      .filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);

  /** Waits until the server has looked at a file. */
  async function seen(uri: vscode.Uri): Promise<void> {
    await until("the server has looked", async () => {
      const { documents } = await session.request<{ documents: { uri: string }[] }>(method.status);
      return documents.some((one) => vscode.Uri.parse(one.uri).toString() === uri.toString());
    });
  }

  test("the sample is copied, opened and without errors", async () => {
    const parent = vscode.Uri.joinPath(ROOT, "samples here");
    try {
      const open = () =>
        vscode.commands.executeCommand<vscode.Uri>("pitchpipe.sample.open", parent);
      const uri = await open();
      assert.equal(uri?.path, `${parent.path}/tones/tones.tune.yaml`);
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.uri.toString(), uri.toString());
      assert.equal(document.languageId, "pitchpipe");
      assert.ok(existsSync(join(parent.fsPath, "tones", "model", "tokenizer.json")));
      await seen(uri);
      assert.deepEqual(errors(uri), []);
      // A second time it is the same one.
      assert.equal((await open()).toString(), uri.toString());
    } finally {
      await rm(parent.fsPath, { recursive: true });
    }
  });

  test("a folder of the sample's name with something else in it is left alone", async () => {
    const parent = vscode.Uri.joinPath(ROOT, "samples there");
    const other = vscode.Uri.joinPath(parent, "tones", "mine.txt");
    try {
      await vscode.workspace.fs.writeFile(other, Buffer.from("mine"));
      const uri = await vscode.commands.executeCommand<vscode.Uri>("pitchpipe.sample.open", parent);
      assert.equal(uri?.path, `${parent.path}/tones-2/tones.tune.yaml`);
      assert.deepEqual(
        await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(parent, "tones")),
        [["mine.txt", vscode.FileType.File]],
      );
    } finally {
      await rm(parent.fsPath, { recursive: true });
    }
  });

  test("a new workflow is written, opened and known as one", async () => {
    const { choices } = await session.request<NewWorkflowResult>(method.newWorkflow);
    assert.ok(choices);
    const uri = await vscode.commands.executeCommand<vscode.Uri>("pitchpipe.workflow.new", {
      task: choices.tasks[0]?.name,
      model: "model",
      data: "rows.jsonl",
      method: choices.methods[0]?.name,
    });
    assert.ok(uri, "a file was made");
    try {
      assert.equal(uri.scheme, "file");
      const document = await vscode.workspace.openTextDocument(uri);
      assert.equal(document.languageId, "pitchpipe");
      assert.match(document.getText(), /rows\.jsonl/);
      await seen(uri);
      assert.deepEqual(
        errors(uri).filter(({ code }) => code === "parse-error" || code === "unknown-key"),
        [],
      );
    } finally {
      await tidy();
      await vscode.workspace.fs.delete(uri);
    }
  });

  suite("beside Red Hat's YAML extension", () => {
    const validate = (value: boolean | undefined) =>
      vscode.workspace
        .getConfiguration("yaml")
        .update("validate", value, vscode.ConfigurationTarget.Workspace);

    async function contributor(): Promise<Contributor> {
      const stub = vscode.extensions.getExtension<{ contributors: Map<string, Contributor> }>(
        "redhat.vscode-yaml",
      );
      assert.ok(stub, "the stub of the YAML extension is installed");
      return until("the schema is offered", () => stub.exports?.contributors.get("pitchpipe"));
    }

    test("the schema is for YAML that is a workflow by its content, and no other", async () => {
      const { document } = await written(WORKFLOW, ".yaml");
      const other = await written("name: CI\non: push\n", ".yaml");
      assert.equal(document.languageId, "yaml");
      const { requestSchema, label } = await contributor();
      assert.equal(label, "Pitchpipe");
      const uri = await until("the schema", () => requestSchema(document.uri.toString()));
      assert.match(uri, /^pitchpipe:/);
      assert.equal(requestSchema(other.document.uri.toString()), undefined);
    });

    test("its content is the schema of workflows", async () => {
      await written(WORKFLOW, ".yaml");
      const { requestSchemaContent } = await contributor();
      const schema = JSON.parse(await requestSchemaContent("pitchpipe://schemas/workflow"));
      assert.ok("training" in schema.properties);
    });

    test("the server leaves to it what the schema says, and says it where it does not look", async () => {
      const { document } = await written(WORKFLOW, ".yaml");
      await contributor();
      const unknown = () =>
        vscode.languages
          .getDiagnostics(document.uri)
          .filter((d) => JSON.stringify(d.code).includes("unknown-key"));
      await until("the finding is there", () => unknown().length === 1);
      await validate(true);
      try {
        await until("the finding is left out", () => unknown().length === 0);
      } finally {
        await validate(undefined);
      }
      await until("the finding is back", () => unknown().length === 1);
    });
  });

  test("YAML that is no workflow gets nothing", async () => {
    const { document } = await written("name: CI\non: push\nmodell: 3\n", ".yaml");
    await seen(document.uri);
    assert.deepEqual(await findings(document.uri, 0), []);
  });
});
