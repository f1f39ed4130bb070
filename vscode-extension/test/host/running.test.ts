import * as assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import * as vscode from "vscode";
import { startRun } from "../../src/running/start";
import { type Runs, runsOf } from "../../src/running/store";
import { RunTerminal } from "../../src/running/terminal";
import type { Session } from "../../src/session";
import { connected, ENDLESS, RUN, silence, TONE, Told } from "./runSupport";
import { findings, ROOT, tidy, until, written } from "./support";

suite("running", () => {
  let session: Session;
  let runs: Runs;
  let told: Told;

  suiteSetup(async function () {
    this.timeout(90_000);
    session = await connected();
    runs = runsOf(session);
    told = new Told(session);
  });
  suiteTeardown(() => told.dispose());
  teardown(async function () {
    this.timeout(RUN * 1000);
    await silence(session);
    await tidy();
  });

  test("a smoke run that a command starts is followed to its end", async function () {
    this.timeout(RUN * 1000);
    const { uri } = (await written(TONE)).document;
    const folder: string = await vscode.commands.executeCommand("pitchpipe.workflow.smoke", uri);
    assert.equal(runs.live(folder)?.state ?? "waiting", "waiting");
    const ended = await runs.end(folder);
    assert.deepEqual([ended.state, ended.exitCode, ended.smoke], ["done", 0, true]);
    const kinds = told.kinds(folder);
    assert.equal(kinds[0], "run-started");
    assert.equal(kinds.at(-1), "run-done");
    assert.ok(kinds.includes("metrics"), kinds.join());
    const offsets = told.of(folder).map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      [...new Set(offsets)].sort((a, b) => a - b),
    );
    assert.ok(ended.loss !== null && ended.bytes !== null && ended.totalSteps !== null);
  });

  test("a file is saved before it is run, and not run with errors", async () => {
    const { document, editor } = await written(TONE);
    const at = document.positionAt(document.getText().indexOf("lora"));
    await editor.edit((edit) => edit.replace(new vscode.Range(at, at.translate(0, 4)), "lara"));
    assert.ok(document.isDirty);
    const said: string[] = [];
    const started = await startRun(session, document.uri, "smoke", {
      tell: (message) => said.push(message),
    });
    assert.equal(started, undefined);
    assert.ok(!document.isDirty);
    assert.match(said.join(), /has errors: line 12: .*lara/);
  });

  test("values in place of those in the file are passed on", async () => {
    const { document } = await written(TONE);
    const said: string[] = [];
    await startRun(session, document.uri, "run", {
      overrides: ["method.type=lara"],
      tell: (message) => said.push(message),
    });
    assert.match(said.join(), /lara/);
  });

  test("a models own code runs only with consent", async () => {
    const own = TONE.replace("dtype: float32", "dtype: float32, trust_remote_code: true");
    const { document } = await written(own);
    const real = vscode.window.showWarningMessage;
    const asked: unknown[][] = [];
    const answer = async (...args: unknown[]) => void asked.push(args);
    Object.assign(vscode.window, { showWarningMessage: answer });
    try {
      const started = await startRun(session, document.uri, "smoke", { open: false });
      assert.equal(started, undefined);
    } finally {
      Object.assign(vscode.window, { showWarningMessage: real });
    }
    assert.equal(asked.length, 1);
    assert.match(String(asked[0]?.[0]), /the model model /);
    assert.deepEqual(
      asked.map(([, options]) => (options as vscode.MessageOptions).modal),
      [true],
    );
  });

  /** The exit code of a task on a file. */
  async function performed(
    name: string,
    action: string,
    during: (execution: vscode.TaskExecution) => Promise<void> = async () => undefined,
  ): Promise<number | undefined> {
    const tasks = await vscode.tasks.fetchTasks({ type: "pitchpipe" });
    const task = tasks.find((one) => {
      const { workflow, action: offered } = one.definition;
      return workflow === name && offered === action;
    });
    assert.ok(task, `${name} is offered among ${tasks.map((one) => one.name).join()}`);
    const ended = new Promise<number | undefined>((resolve) => {
      const listening = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        if (execution.task.definition.workflow !== name) return;
        listening.dispose();
        resolve(exitCode);
      });
    });
    const execution = await vscode.tasks.executeTask(task);
    await during(execution);
    return ended;
  }

  test("a task ends with the exit code of its run", async function () {
    this.timeout(2 * RUN * 1000);
    const { document } = await written(TONE);
    const name = vscode.workspace.asRelativePath(document.uri);
    assert.equal(await performed(name, "smoke"), 0);
    const wrong = await written(TONE.replace("type: lora", "type: lara"));
    await findings(wrong.document.uri, 1);
    assert.equal(await performed(vscode.workspace.asRelativePath(wrong.document.uri), "run"), 1);
  });

  test("a task whose run dies before its first word ends with the process's exit code", async function () {
    this.timeout(RUN * 1000);
    const program = vscode.Uri.joinPath(ROOT, "dies");
    await vscode.workspace.fs.writeFile(program, Buffer.from("#!/bin/sh\nexit 7\n"));
    await chmod(program.fsPath, 0o755);
    const settings = vscode.workspace.getConfiguration("pitchpipe");
    await settings.update("python", program.fsPath, vscode.ConfigurationTarget.Workspace);
    try {
      await restarted();
      const { document } = await written(TONE);
      assert.equal(await performed(vscode.workspace.asRelativePath(document.uri), "run"), 7);
    } finally {
      await settings.update("python", undefined, vscode.ConfigurationTarget.Workspace);
      await restarted();
      await vscode.workspace.fs.delete(program);
    }
  });

  async function restarted(): Promise<void> {
    await vscode.commands.executeCommand("pitchpipe.server.restart");
    await until("the server runs", () => session.running && session.supports("pitchpipe.run"), 60);
  }

  test("a run ends with its task", async function () {
    this.timeout(2 * RUN * 1000);
    const { document } = await written(ENDLESS);
    const name = vscode.workspace.asRelativePath(document.uri);
    let folder = "";
    await performed(name, "run", async (execution) => {
      folder = await until(
        "it trains",
        () => {
          const last = told.events.at(-1);
          return last?.event.kind === "metrics" && last.folder;
        },
        RUN,
      );
      execution.terminate();
    });
    assert.equal((await runs.end(folder)).state, "interrupted");
  });

  test("a task may be written by hand", async () => {
    const definition = { type: "pitchpipe", workflow: "none.tune.yaml" };
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const file = vscode.Uri.joinPath(ROOT, ".vscode", "tasks.json");
    const tasks = { version: "2.0.0", tasks: [{ ...definition, label: "by hand" }] };
    await vscode.workspace.fs.writeFile(file, Buffer.from(JSON.stringify(tasks)));
    try {
      const found = await until("it is found", async () => {
        const all = await vscode.tasks.fetchTasks();
        return all.find((task) => task.name === "by hand");
      });
      assert.equal(found.definition.workflow, "none.tune.yaml");
    } finally {
      await vscode.workspace.fs.delete(file);
    }
  });

  test("a workflow is tried whenever it is saved, where that is wanted", async function () {
    this.timeout(RUN * 1000);
    const settings = vscode.workspace.getConfiguration("pitchpipe");
    await settings.update("smokeOnSave", true, vscode.ConfigurationTarget.Workspace);
    try {
      const { document, editor } = await written(TONE.replace("name: tone", "name: saved"));
      await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# tried\n"));
      await document.save();
      const run = await until(
        "a run is listed",
        () => runs.going.find(({ id, smoke }) => id.includes("-saved") && smoke),
        RUN,
      );
      assert.equal(runs.find(run.folder)?.workflow.uri, document.uri.toString());
    } finally {
      await settings.update("smokeOnSave", undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});

suite("a run that goes on, from its start to its end", () => {
  let session: Session;
  let runs: Runs;
  let told: Told;
  let uri: vscode.Uri;
  let folder: string;

  suiteSetup(async function () {
    this.timeout(90_000);
    session = await connected();
    runs = runsOf(session);
    told = new Told(session);
    uri = (await written(ENDLESS)).document.uri;
  });
  suiteTeardown(async function () {
    this.timeout(RUN * 1000);
    told.dispose();
    await silence(session);
    await tidy();
  });

  test("a lens of the server starts it our way", async function () {
    this.timeout(RUN * 1000);
    const lens = await until("there is a lens", async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        "vscode.executeCodeLensProvider",
        uri,
        9,
      );
      return found.find(({ command }) => command?.command === "pitchpipe.run")?.command;
    });
    folder = await vscode.commands.executeCommand(lens.command, ...(lens.arguments ?? []));
    await until("it trains", () => told.kinds(folder).includes("metrics"), RUN);
    assert.ok(runs.isBusy(uri.toString()));
  });

  test("it goes on when the server is started anew", async function () {
    this.timeout(RUN * 1000);
    await vscode.commands.executeCommand("pitchpipe.server.restart");
    await until("the server runs", () => session.running && session.supports("pitchpipe.run"), 60);
    const before = told.of(folder).length;
    await until("it is heard again", () => told.of(folder).length > before, RUN);
    assert.equal(runs.live(folder)?.state, "running");
  });

  test("a terminal shows it, and stops it with ctrl-c", async function () {
    this.timeout(RUN * 1000);
    const { view, sent } = terminal(folder);
    await until("it shows the past", () => sent().includes("train begins"));
    await until("it shows progress", () => / of 50,000 steps/.test(sent()), RUN);
    view.setDimensions({ columns: 40, rows: 20 });
    view.handleInput("\u0003");
    const ended = await runs.end(folder);
    assert.deepEqual([ended.state, ended.exitCode], ["interrupted", 130]);
    await until("it shows the end", () => sent().includes("stopped; the run can be resumed"));
    view.close();
  });

  test("a terminal that is opened later shows the same", async () => {
    const { view, sent } = terminal(folder);
    await until("it shows the end", () => sent().includes("stopped; the run can be resumed"));
    assert.equal(sent().split("train begins").length, 2);
    view.close();
  });

  test("it is resumed where it was", async function () {
    this.timeout(RUN * 1000);
    const before = runs.live(folder)?.step ?? 0;
    assert.ok(before > 0);
    const again: string = await vscode.commands.executeCommand("pitchpipe.workflow.resume", uri);
    assert.equal(again, folder);
    await until("it goes on", () => (runs.live(folder)?.step ?? 0) > before, RUN);
    assert.ok(told.of(folder).some(({ event }) => event.resumed === true));
    assert.equal(runs.live(folder)?.state, "running");
  });

  test("a command stops it, whatever is open", async function () {
    this.timeout(RUN * 1000);
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    const stopped: string[] = await vscode.commands.executeCommand("pitchpipe.workflow.stop");
    assert.deepEqual(stopped, [folder.split("/").pop()]);
    assert.equal((await runs.end(folder)).exitCode, 130);
  });

  /** A terminal on a run, and what it was sent. */
  function terminal(of: string): { view: RunTerminal; sent: () => string } {
    const view = new RunTerminal(session, async () => of, false);
    const parts: string[] = [];
    view.onDidWrite((part) => parts.push(part));
    view.open({ columns: 100, rows: 20 });
    return { view, sent: () => parts.join("") };
  }
});
