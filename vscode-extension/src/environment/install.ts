/** Installs Pitchpipe where the user wants it, in a terminal, and starts the server then. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Session } from "../session";
import { pythonOf } from "./candidates";
import { all } from "./find";
import {
  type Extent,
  extents,
  installArguments,
  maker,
  type Target,
  wheelAmong,
} from "./installing";
import type { Interpreter } from "./probe";
import type { Server } from "./server";
import { setPython } from "./settings";
import { pythonInWords } from "./status";
import { folders, ownEnvironment, safeFolder } from "./surroundings";
import { LEAST_PYTHON, written } from "./versions";

type TargetItem = vscode.QuickPickItem & { target?: Target };
type ExtentItem = vscode.QuickPickItem & { extent: Extent };

/** What is wanted, where somebody says so beforehand: a new environment in that folder. */
export interface Wish {
  folder: string;
  extent: Extent;
}

/** Asks what and where to, and does it; whether a server runs afterwards. */
export async function install(session: Session, server: Server, wish?: Wish): Promise<boolean> {
  if (!vscode.workspace.isTrusted) {
    await refuse();
    return false;
  }
  const candidates = await server.candidates();
  const found = await all(candidates, (candidate) => server.ask(candidate));
  if (wish) {
    const interpreter = maker(found);
    if (!interpreter) return false;
    return carryOut(session, server, { interpreter, make: wish.folder }, wish.extent);
  }
  const target = await askWhere(session, found);
  if (!target) return false;
  const extent = await askWhat(target.interpreter);
  return extent !== undefined && carryOut(session, server, target, extent);
}

async function carryOut(
  session: Session,
  server: Server,
  target: Target,
  extent: Extent,
): Promise<boolean> {
  const { context } = session;
  const script = context.asAbsolutePath(join("python", "install.py"));
  const index = vscode.workspace.getConfiguration("pitchpipe").get("torchIndex", "").trim();
  const line = installArguments(script, target, extent, await bundledWheel(context), index);
  const code = await inTerminal(session, target.interpreter.executable, line);
  if (code !== 0) {
    const again = vscode.l10n.t("Try Again");
    const text = vscode.l10n.t("Pitchpipe was not installed; the terminal says why.");
    void vscode.window.showErrorMessage(text, again).then((chosen) => {
      if (chosen === again) void vscode.commands.executeCommand("pitchpipe.environment.install");
    });
    return false;
  }
  const windows = process.platform === "win32";
  const python =
    target.make === undefined ? target.interpreter.executable : pythonOf(target.make, windows);
  await server.restart();
  if (server.state.is !== "running" || server.state.interpreter.executable !== python) {
    await setPython(python); // which restarts it too
    await server.restart();
  }
  if (server.state.is !== "running") return false;
  const { pitchpipe, runner } = server.state.interpreter;
  void vscode.window.showInformationMessage(
    runner
      ? vscode.l10n.t("Pitchpipe {0} is installed with its runner.", pitchpipe ?? "")
      : vscode.l10n.t("Pitchpipe {0} is installed, without the runner.", pitchpipe ?? ""),
  );
  return true;
}

async function refuse(): Promise<void> {
  const manage = vscode.l10n.t("Manage Workspace Trust");
  const text = vscode.l10n.t("Nothing is installed from a workspace in Restricted Mode.");
  const chosen = await vscode.window.showWarningMessage(text, manage);
  if (chosen === manage) await vscode.commands.executeCommand("workbench.trust.manage");
}

async function askWhere(
  session: Session,
  found: readonly Interpreter[],
): Promise<Target | undefined> {
  const items = targetItems(found, newEnvironments(session.context));
  if (items.length === 0) {
    const least = written(LEAST_PYTHON);
    const text = vscode.l10n.t("Pitchpipe needs Python {0} or newer, and none was found.", least);
    await vscode.window.showErrorMessage(text);
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Install Pitchpipe (1 of 2)"),
    placeHolder: vscode.l10n.t("Where to?"),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return picked?.target;
}

/** Interpreters that packages can go to, and the environments that could be made. */
export function targetItems(
  found: readonly Interpreter[],
  folders: readonly { label: string; folder: string }[],
): TargetItem[] {
  const there: TargetItem[] = found
    .filter((one) => !one.managed)
    .map((interpreter) => ({
      label: `$(symbol-namespace) Python ${written(interpreter.version)}`,
      description: interpreter.executable,
      ...(interpreter.pitchpipe === null
        ? {}
        : { detail: vscode.l10n.t("has Pitchpipe {0}", interpreter.pitchpipe) }),
      target: { interpreter },
    }));
  const interpreter = maker(found);
  const made: TargetItem[] = interpreter
    ? folders.map(({ label, folder }) => ({
        label: `$(add) ${label}`,
        description: folder,
        detail: vscode.l10n.t("made with {0}", pythonInWords(interpreter)),
        target: { interpreter, make: folder },
      }))
    : [];
  const environments = there.filter((item) => item.target?.interpreter.environment);
  const others = there.filter((item) => !item.target?.interpreter.environment);
  return [...environments, ...made, ...others];
}

/** Those that are not there yet. */
function newEnvironments(context: vscode.ExtensionContext): { label: string; folder: string }[] {
  const inWorkspace = folders().map((folder) => ({
    label: vscode.l10n.t("New environment in the workspace"),
    folder: join(folder, ".venv"),
  }));
  const own = {
    label: vscode.l10n.t("New environment for Pitchpipe alone"),
    folder: ownEnvironment(context),
  };
  return [...inWorkspace, own].filter(({ folder }) => !existsSync(folder));
}

async function askWhat(interpreter: Interpreter): Promise<Extent | undefined> {
  const texts: Record<Extent, [label: string, detail: string]> = {
    server: [
      vscode.l10n.t("The language server alone"),
      vscode.l10n.t("Checks, completes and estimates. Takes seconds."),
    ],
    runner: [
      vscode.l10n.t("The language server and the runner"),
      vscode.l10n.t("Trains, exports and evaluates too. Brings PyTorch, so it takes minutes."),
    ],
  };
  const items = extents(interpreter).map(
    (extent): ExtentItem => ({ extent, label: texts[extent][0], detail: texts[extent][1] }),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Install Pitchpipe (2 of 2)"),
    placeHolder: vscode.l10n.t("What?"),
    ignoreFocusOut: true,
  });
  return picked?.extent;
}

/** The wheel that the extension carries. */
async function bundledWheel(context: vscode.ExtensionContext): Promise<string | undefined> {
  const folder = vscode.Uri.joinPath(context.extensionUri, "wheel");
  try {
    const entries = await vscode.workspace.fs.readDirectory(folder);
    const name = wheelAmong(entries.map(([entry]) => entry));
    return name && vscode.Uri.joinPath(folder, name).fsPath;
  } catch {
    return undefined;
  }
}

/** Runs a program where the user sees it; its exit code, none where it was stopped. No shell. */
async function inTerminal(
  session: Session,
  program: string,
  line: string[],
): Promise<number | undefined> {
  const title = vscode.l10n.t("Install Pitchpipe");
  const cwd = await safeFolder(session.context);
  const task = new vscode.Task(
    { type: "process" },
    folders().length > 0 ? vscode.TaskScope.Workspace : vscode.TaskScope.Global,
    title,
    "Pitchpipe",
    new vscode.ProcessExecution(program, line, { cwd }),
    [],
  );
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Always,
    panel: vscode.TaskPanelKind.Dedicated,
    clear: true,
    showReuseMessage: false,
  };
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Installing Pitchpipe; the terminal shows how far it is"),
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (_, cancelled) => {
    const ended = new Promise<number | undefined>((resolve) => {
      const processes = vscode.tasks.onDidEndTaskProcess((event) => {
        if (event.execution.task.name === title) finish(event.exitCode);
      });
      const tasks = vscode.tasks.onDidEndTask((event) => {
        // Comes behind the other, or alone where the process was stopped or never started.
        if (event.execution.task.name === title) setTimeout(() => finish(undefined), 500);
      });
      const finish = (code: number | undefined) => {
        processes.dispose();
        tasks.dispose();
        resolve(code);
      };
    });
    const execution = await vscode.tasks.executeTask(task);
    cancelled.onCancellationRequested(() => execution.terminate());
    return ended;
  });
}
