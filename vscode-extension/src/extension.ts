import type * as vscode from "vscode";
import { activateEnvironment } from "./environment/activate";
import { activateNewWorkflow } from "./newWorkflow";
import { activatePanels } from "./panels/activate";
import { activateRunning } from "./running/activate";
import { activateRuns } from "./runs/activate";
import { activateSchema } from "./schema";
import { Session } from "./session";
import { followWalkthrough } from "./ticks";
import { followActiveEditor } from "./workflows";

/** What tests and other extensions get. */
export interface Api {
  readonly session: Session;
}

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<Api> {
  session = new Session(context);
  context.subscriptions.push(
    session,
    followWalkthrough(),
    followActiveEditor(session),
    activateRunning(session),
    activateRuns(session),
    activatePanels(session),
    activateNewWorkflow(session),
    activateSchema(session),
    // Last, as it starts the server: every other part listens by then.
    activateEnvironment(session),
  );
  return { session };
}

export async function deactivate(): Promise<void> {
  await session?.release();
}
