/** What Python extensions say about the interpreter, where there are any. None is required. */

import * as vscode from "vscode";

/** Of ms-python.vscode-python-envs. */
interface Environments {
  getEnvironment?(
    scope: vscode.Uri | undefined,
  ): Promise<{ execInfo?: { run?: { executable?: string } } } | undefined>;
  onDidChangeEnvironment?: vscode.Event<unknown>;
}

/** Of ms-python.python. */
interface Python {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

const PATIENCE = 10_000; // milliseconds that another extension may take to come up
const changed = new vscode.EventEmitter<void>();
const followed = new Set<string>();

/** Another interpreter has been chosen there, or such an extension has come or gone. */
export const onDidChangeInterpreter = changed.event;

export async function interpreterOfExtension(
  context: vscode.ExtensionContext,
): Promise<string | undefined> {
  const scope = vscode.workspace.workspaceFolders?.[0]?.uri;
  return (await ofEnvironments(context, scope)) ?? (await ofPython(context, scope));
}

async function ofEnvironments(context: vscode.ExtensionContext, scope: vscode.Uri | undefined) {
  const api = await exportsOf<Environments>("ms-python.vscode-python-envs");
  if (!api?.getEnvironment) return undefined;
  follow(context, "environments", api.onDidChangeEnvironment);
  const environment = await soon(api.getEnvironment(scope));
  return environment?.execInfo?.run?.executable;
}

async function ofPython(context: vscode.ExtensionContext, scope: vscode.Uri | undefined) {
  const environments = (await exportsOf<Python>("ms-python.python"))?.environments;
  if (!environments) return undefined;
  follow(context, "python", environments.onDidChangeActiveEnvironmentPath);
  const active = environments.getActiveEnvironmentPath(scope);
  const resolved = await soon(environments.resolveEnvironment(active));
  return resolved?.executable.uri?.fsPath;
}

function follow(
  context: vscode.ExtensionContext,
  name: string,
  event: vscode.Event<unknown> | undefined,
): void {
  if (!event || followed.has(name)) return;
  followed.add(name);
  context.subscriptions.push(event(() => changed.fire()));
}

async function exportsOf<T>(id: string): Promise<T | undefined> {
  const extension = vscode.extensions.getExtension<T>(id);
  if (!extension) return undefined;
  return extension.isActive ? extension.exports : soon(extension.activate());
}

/** Undefined where it fails or takes too long. */
async function soon<T>(work: Thenable<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  try {
    return await Promise.race([work, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
