/** Starts, resumes and stops runs. */

import * as vscode from "vscode";
import type { Started } from "../api/protocol";
import { NoServer, type Session } from "../session";
import { canonical, runsOf } from "./store";

export type Action = "run" | "smoke" | "resume";

export interface Options {
  /** `training.max_steps=5`. */
  overrides?: readonly string[];
  /** Which run to resume; without one the newest that is not done. */
  run?: string;
  /** Whether the run's panel comes up. */
  open?: boolean;
  /** Takes why nothing was started, in place of a message. */
  tell?: (message: string) => void;
}

const starting = new Map<string, number>();

/** Whether a run of the file is just being started, which may have saved it. */
export function isStarting(uri: vscode.Uri): boolean {
  return starting.has(uri.toString());
}

/** The run's folder; nothing where none was started, and the user has been told why. */
export async function startRun(
  session: Session,
  uri: vscode.Uri,
  action: Action,
  options: Options = {},
): Promise<string | undefined> {
  const tell = options.tell ?? ((message) => void vscode.window.showErrorMessage(message));
  if (!vscode.workspace.isTrusted) {
    const message = vscode.l10n.t("Workflows are run in trusted workspaces only.");
    if (options.tell) tell(message);
    else void offer(message, vscode.l10n.t("Manage Workspace Trust"), "workbench.trust.manage");
    return undefined;
  }
  if (!["file", "untitled"].includes(uri.scheme)) {
    tell(vscode.l10n.t("Runs need files on a disk, and {0} lies on none.", base(uri)));
    return undefined;
  }
  const key = uri.toString();
  starting.set(key, (starting.get(key) ?? 0) + 1);
  try {
    if (!(await saved(uri))) {
      tell(vscode.l10n.t("{0} could not be saved, so nothing was started.", base(uri)));
      return undefined;
    }
    runsOf(session).prepare();
    const started = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Window,
        title: vscode.l10n.t("Pitchpipe starts {0}", base(uri)),
      },
      () => asked(session, uri, action, options),
    );
    if (!started) return undefined;
    if (!started.folder) {
      tell(started.message ?? vscode.l10n.t("Nothing was started."));
      return undefined;
    }
    const folder = canonical(started.folder);
    runsOf(session).expect(folder);
    if (options.open ?? true) {
      await vscode.commands.executeCommand("pitchpipe.runs.open", started.folder);
    }
    return folder;
  } catch (error) {
    if (!(error instanceof NoServer)) throw error;
    if (options.tell) tell(error.message);
    else void offer(error.message, vscode.l10n.t("Show Status"), "pitchpipe.server.status");
    return undefined;
  } finally {
    const others = (starting.get(key) ?? 1) - 1;
    if (others > 0) starting.set(key, others);
    else starting.delete(key);
  }
}

/** Asks the server, and the user where a model's own code would run. Nothing: the user said no. */
async function asked(
  session: Session,
  uri: vscode.Uri,
  action: Action,
  options: Options,
): Promise<Started | undefined> {
  const ask = (trustRemoteCode: boolean) => {
    const how = { trustRemoteCode, quiet: true };
    return action === "resume"
      ? session.execute<Started>("pitchpipe.resume", uri.toString(), options.run ?? null, how)
      : session.execute<Started>(`pitchpipe.${action}`, uri.toString(), {
          ...how,
          overrides: options.overrides ?? [],
        });
  };
  const started = await ask(false);
  if (!started.wantsConsent) return started;
  return (await consents(started.model ?? base(uri))) ? ask(true) : undefined;
}

/** Whether the user lets a model run its own code. */
async function consents(model: string): Promise<boolean> {
  const allow = vscode.l10n.t("Run Its Code");
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t("Let the model {0} run its own code on this machine?", model),
    {
      modal: true,
      detail: vscode.l10n.t(
        "The workflow sets `model.trust_remote_code`: Python code that comes with the model is run with your rights. Allow it only for a model whose code you have read, or whose author you trust.",
      ),
    },
    allow,
  );
  return chosen === allow;
}

/** Shows what is wrong, with a button for the command that mends it. */
async function offer(message: string, button: string, command: string): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(message, button);
  if (chosen === button) await vscode.commands.executeCommand(command);
}

/** Runs read the file on the disk. */
async function saved(uri: vscode.Uri): Promise<boolean> {
  const key = uri.toString();
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === key);
  return document?.isDirty ? document.save() : true;
}

function base(uri: vscode.Uri): string {
  return uri.path.split("/").pop() ?? uri.path;
}

/** Lets a run end after its step: the one named, else all of the file that go on; which did. */
export async function stopRuns(
  session: Session,
  uri: vscode.Uri | undefined,
  run?: string,
): Promise<string[]> {
  const { stopped } = await session.execute<{ stopped: string[] }>(
    "pitchpipe.cancel",
    uri?.toString() ?? null,
    run ?? null,
  );
  return stopped;
}
