import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { startRun } from "../../src/running/start";
import { type Runs, runsOf } from "../../src/running/store";
import { type RunNode, RunsTree } from "../../src/runs/tree";
import type { Session } from "../../src/session";
import { connected, RUN, silence, TONE } from "./runSupport";
import { tidy, until, written } from "./support";

suite("runs", () => {
  let session: Session;
  let runs: Runs;
  let tree: RunsTree;
  let uri: vscode.Uri;
  /** Two smoke runs that are done, oldest first. */
  const folders: string[] = [];

  suiteSetup(async function () {
    this.timeout(3 * RUN * 1000);
    session = await connected();
    runs = runsOf(session);
    tree = new RunsTree(runs);
    // With a seed of its own it takes no stage from an earlier run.
    const own = TONE.replace("name: tone", "name: listed").replace("seed: 7", "seed: 11");
    uri = (await written(own)).document.uri;
    for (let i = 0; i < 2; i++) {
      const folder = await startRun(session, uri, "smoke", { open: false });
      assert.ok(folder, "a run was started");
      assert.equal((await runs.end(folder)).state, "done");
      folders.push(folder);
    }
    await until("both are listed as done", () => nodes().every(({ run }) => run.state === "done"));
  });
  teardown(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));
  suiteTeardown(async function () {
    this.timeout(RUN * 1000);
    tree.dispose();
    await silence(session);
    await tidy();
  });

  /** The entries of the two runs that are there, newest first. */
  function nodes(): RunNode[] {
    const workflow = tree
      .getChildren()
      .find(
        (node) => node.kind === "workflow" && vscode.Uri.parse(node.workflow.uri).path === uri.path,
      );
    return workflow ? (tree.getChildren(workflow) as RunNode[]) : [];
  }

  function tabs(viewType: string): vscode.Tab[] {
    return vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter((tab) => tab.input instanceof vscode.TabInputWebview)
      .filter((tab) => (tab.input as vscode.TabInputWebview).viewType.endsWith(viewType));
  }

  test("a workflow is listed with its runs, the newest first", () => {
    assert.deepEqual(
      nodes().map((node) => node.run.id),
      folders.map((folder) => folder.split("/").pop()).reverse(),
    );
    const parent = tree.getParent(nodes()[0] as RunNode);
    assert.ok(parent?.kind === "workflow");
    const item = tree.getTreeItem(parent);
    assert.deepEqual([item.contextValue, item.description], ["workflow", "2 runs"]);
  });

  test("an entry tells what the run came to", () => {
    const item = tree.getTreeItem(nodes()[1] as RunNode);
    assert.equal(item.contextValue, "run ended report");
    assert.match(
      String(item.description),
      /^smoke · [\d.]+ \w+ · [\d.]+ s · [\d.]+ [MG]B \(predicted /,
    );
    assert.equal((item.iconPath as vscode.ThemeIcon).id, "pass");
    assert.equal(item.id, nodes()[1]?.run.folder);
    const { tooltip } = tree.resolveTreeItem(item, nodes()[1] as RunNode);
    assert.match((tooltip as vscode.MarkdownString).value, /\| State \| done \|/);
  });

  test("entries stay the same, and are not drawn again, while nothing changes", async () => {
    const before = nodes();
    for (const node of before) tree.getTreeItem(node);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const drawn: unknown[] = [];
    const listening = tree.onDidChangeTreeData((node) => drawn.push(node));
    await vscode.commands.executeCommand("pitchpipe.runs.refresh");
    await runs.refresh();
    await new Promise((resolve) => setTimeout(resolve, 600));
    listening.dispose();
    assert.deepEqual(drawn, []);
    assert.ok(before.every((node, i) => nodes()[i] === node));
  });

  test("a run is opened in a panel, once", async () => {
    const [node] = nodes();
    await vscode.commands.executeCommand("pitchpipe.runs.open", node);
    await vscode.commands.executeCommand("pitchpipe.runs.open", node?.run.folder);
    await until("its panel is there", () => tabs("pitchpipe.run").length === 1);
  });

  test("two selected runs are compared in one panel", async () => {
    const [first, second] = nodes();
    await vscode.commands.executeCommand("pitchpipe.runs.compare", first, [first, second]);
    await until("its panel is there", () => tabs("pitchpipe.run").length === 1);
  });

  test("a report comes up in a panel where the browser has no such file", async () => {
    const shown = await vscode.commands.executeCommand("pitchpipe.runs.report", nodes()[0]);
    assert.equal(shown, true);
    await until("its panel is there", () => tabs("pitchpipe.report").length === 1);
  });

  test("the log of a run is shown in one terminal", async () => {
    const [node] = nodes();
    await vscode.commands.executeCommand("pitchpipe.runs.log", node);
    await vscode.commands.executeCommand("pitchpipe.runs.log", node);
    const found = vscode.window.terminals.filter(
      ({ name }) => name === `Pitchpipe: ${node?.run.id}`,
    );
    assert.equal(found.length, 1);
    for (const terminal of found) terminal.dispose();
  });

  test("a run folder is revealed", async () => {
    await vscode.commands.executeCommand("pitchpipe.runs.reveal", nodes()[0]);
  });

  test("a run that is done is not resumed", async () => {
    const said: string[] = [];
    const started = await startRun(session, uri, "resume", {
      run: nodes()[0]?.run.id ?? "",
      tell: (message) => said.push(message),
    });
    assert.equal(started, undefined);
    assert.match(said.join(), /is done, there is nothing to resume/);
  });

  /** Answers the question that a command asks. */
  async function answering(
    answer: string | undefined,
    act: () => Thenable<unknown>,
  ): Promise<string> {
    const real = vscode.window.showWarningMessage;
    let asked = "";
    const stand = async (message: string, options: vscode.MessageOptions) => {
      assert.equal(options.modal, true);
      asked = message;
      return answer;
    };
    Object.assign(vscode.window, { showWarningMessage: stand });
    try {
      await act();
    } finally {
      Object.assign(vscode.window, { showWarningMessage: real });
    }
    return asked;
  }

  const exists = (folder: string) =>
    vscode.workspace.fs.stat(vscode.Uri.file(folder)).then(
      () => true,
      () => false,
    );

  test("a run is not deleted without a yes", async () => {
    const [node] = nodes();
    const command = () => vscode.commands.executeCommand("pitchpipe.runs.delete", node);
    assert.equal(await answering(undefined, command), `Delete the run ${node?.run.id}?`);
    assert.ok(await exists(node?.run.folder ?? ""));
  });

  test("selected runs are deleted at once", async function () {
    this.timeout(90_000);
    const all = nodes();
    const command = () => vscode.commands.executeCommand("pitchpipe.runs.delete", all[0], all);
    assert.equal(await answering("Delete", command), "Delete 2 runs?");
    for (const { run } of all) assert.ok(!(await exists(run.folder)), run.folder);
    await until("they are listed no more", async () => {
      await runs.refresh();
      return nodes().length === 0;
    });
  });
});
