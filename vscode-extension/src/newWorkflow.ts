/** Pitchpipe: New Workflow. The server knows what there is to choose, and writes the file. */

import { relative, sep } from "node:path";
import * as vscode from "vscode";
import {
  method,
  type NewWorkflowChoices,
  type NewWorkflowParams,
  type NewWorkflowResult,
} from "./api/protocol";
import { modelInWords } from "./modelInWords";
import { NoServer, type Session } from "./session";
import { answers, type Choice, type Question } from "./steps";
import { LANGUAGE } from "./workflows";

const ROWS = "**/*.{jsonl,csv,tsv,parquet,arrow}";
const NOT_THERE = "**/{node_modules,.venv,venv,.git,runs}/**";
const MOST_FILES = 200;

export function activateNewWorkflow(session: Session): vscode.Disposable {
  return vscode.commands.registerCommand(
    "pitchpipe.workflow.new",
    // The menu for new files hands over something of its own, which is passed over.
    (given?: NewWorkflowParams) => newWorkflow(session, given?.task ? given : undefined),
  );
}

/** The file's URI; none where the user gave up or there is no server. */
async function newWorkflow(
  session: Session,
  given: NewWorkflowParams | undefined,
): Promise<vscode.Uri | undefined> {
  try {
    const folder = folderForIt();
    const wanted = given ?? (await ask(session, folder));
    if (!wanted) return undefined;
    const made = await session.request<NewWorkflowResult>(method.newWorkflow, {
      ...wanted,
      ...placeOf(folder),
    });
    if (made.text === null) {
      const text = made.message ?? vscode.l10n.t("No workflow was made.");
      void vscode.window.showErrorMessage(text);
      return undefined;
    }
    if (made.message) void vscode.window.showWarningMessage(made.message);
    return await show(made.text, made.name ?? "new.tune.yaml", folder);
  } catch (error) {
    if (!(error instanceof NoServer)) throw error;
    await offerToInstall();
    return undefined;
  }
}

async function ask(
  session: Session,
  folder: vscode.Uri | undefined,
): Promise<NewWorkflowParams | undefined> {
  const { choices } = await session.request<NewWorkflowResult>(method.newWorkflow, placeOf(folder));
  if (!choices) return undefined;
  const given = await answers(vscode.l10n.t("New Workflow"), [
    async () => taskQuestion(choices),
    async () => modelQuestion(choices),
    async () => dataQuestion(folder),
    async () => methodQuestion(choices),
  ]);
  if (!given) return undefined;
  const [task, model, data, how] = given;
  return { task, model, data, method: how } as NewWorkflowParams;
}

function taskQuestion({ tasks }: NewWorkflowChoices): Question {
  return {
    placeholder: vscode.l10n.t("What shall the model learn?"),
    choices: tasks.map(({ name, description }) => ({
      label: name,
      detail: description,
      value: name,
    })),
  };
}

function modelQuestion({ models }: NewWorkflowChoices): Question {
  return {
    placeholder: vscode.l10n.t("Which model? Choose one, or type a folder or a name on the hub"),
    choices: [
      ...models.map((model) => ({
        label: model.name,
        description: modelInWords(model),
        value: model.name,
      })),
      browsing(vscode.l10n.t("Choose a Folder…"), {
        canSelectFolders: true,
        canSelectFiles: false,
      }),
    ],
    typed: (text) => ({ label: text, description: vscode.l10n.t("as typed"), value: text }),
  };
}

async function dataQuestion(folder: vscode.Uri | undefined): Promise<Question> {
  const found = folder ? await vscode.workspace.findFiles(ROWS, NOT_THERE, MOST_FILES) : [];
  const files = found.map((uri) => ({ uri, name: vscode.workspace.asRelativePath(uri) }));
  files.sort((a, b) => a.name.localeCompare(b.name));
  return {
    placeholder: vscode.l10n.t("Which data? Choose a file, or type a path or a name on the hub"),
    choices: [
      ...files.map(({ uri, name }) => ({ label: name, value: pathFrom(folder, uri) })),
      browsing(vscode.l10n.t("Choose a File…"), { canSelectFiles: true }),
    ],
    typed: (text) => ({ label: text, description: vscode.l10n.t("as typed"), value: text }),
  };
}

function methodQuestion({ methods }: NewWorkflowChoices): Question {
  return {
    placeholder: vscode.l10n.t("How shall it be trained?"),
    choices: methods.map(({ name, description }) => ({
      label: name,
      detail: description,
      value: name,
    })),
  };
}

function browsing(label: string, options: vscode.OpenDialogOptions): Choice {
  return {
    label: `$(folder) ${label}`,
    ask: async () => (await vscode.window.showOpenDialog(options))?.[0]?.fsPath,
  };
}

/** As a workflow in the folder spells it; a file elsewhere by its whole path. */
function pathFrom(folder: vscode.Uri | undefined, uri: vscode.Uri): string {
  const way = folder ? relative(folder.fsPath, uri.fsPath) : uri.fsPath;
  return way.startsWith("..") ? uri.fsPath : way.split(sep).join("/");
}

/** The folder of the file that is being worked on, else the first on a disk. */
function folderForIt(): vscode.Uri | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  const near = active && vscode.workspace.getWorkspaceFolder(active)?.uri;
  const all = [near, ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri)];
  return all.find((uri) => uri?.scheme === "file");
}

function placeOf(folder: vscode.Uri | undefined): NewWorkflowParams {
  return folder ? { folder: folder.fsPath } : {};
}

/** Writes the file where there is a folder for it, else opens it unsaved; the estimate beside it. */
async function show(
  text: string,
  name: string,
  folder: vscode.Uri | undefined,
): Promise<vscode.Uri> {
  const document = folder
    ? await vscode.workspace.openTextDocument(await written(text, name, folder))
    : await vscode.workspace.openTextDocument({ language: LANGUAGE, content: text });
  await vscode.window.showTextDocument(document, {
    viewColumn: vscode.ViewColumn.One,
    preview: false,
  });
  await vscode.commands.executeCommand("pitchpipe.workflow.memory", document.uri);
  return document.uri;
}

/** Under a name that nothing has yet. */
async function written(text: string, name: string, folder: vscode.Uri): Promise<vscode.Uri> {
  const [, stem, ending] = /^(.*?)((?:\.tune)?\.ya?ml)$/.exec(name) ?? [name, name, ".tune.yaml"];
  for (let n = 1; ; n++) {
    const uri = vscode.Uri.joinPath(folder, n === 1 ? `${stem}${ending}` : `${stem}-${n}${ending}`);
    const taken = await vscode.workspace.fs.stat(uri).then(
      () => true,
      () => false,
    );
    if (taken) continue;
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    return uri;
  }
}

async function offerToInstall(): Promise<void> {
  const install = vscode.l10n.t("Install…");
  const text = vscode.l10n.t(
    "A new workflow needs Pitchpipe's language server, which is not running.",
  );
  if ((await vscode.window.showWarningMessage(text, install)) === install) {
    await vscode.commands.executeCommand("pitchpipe.environment.install");
  }
}
