/** Finds Python and the server in it, keeps the server up, and offers to install what is missing. */

import * as vscode from "vscode";
import { method } from "../api/protocol";
import { onDidChangeSchemaElsewhere } from "../schema";
import type { Session } from "../session";
import { install, type Wish } from "./install";
import { act, tell, tellOfProblems } from "./messages";
import { onDidChangeInterpreter } from "./pythonExtensions";
import { openSample } from "./sample";
import { selectPython } from "./selectPython";
import { Server } from "./server";
import { described, pythonInWords, showStatus } from "./status";

const PAUSE = 200; // milliseconds: settings often change together
const RESTARTS = ["python", "server.python", "server.arguments", "server.environment"];

export function activateEnvironment(session: Session): vscode.Disposable {
  const server = new Server(session);
  let timer: NodeJS.Timeout | undefined;
  const refresh = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void server.refresh(), PAUSE);
  };
  const { registerCommand } = vscode.commands;
  const parts = vscode.Disposable.from(
    server,
    { dispose: () => clearTimeout(timer) },
    showStatus(server),
    tellOfProblems(server),
    // Menus and the walkthrough hand over what they like; a wish has a folder.
    registerCommand("pitchpipe.environment.install", (wish?: Wish) =>
      install(session, server, wish?.folder ? wish : undefined),
    ),
    registerCommand("pitchpipe.environment.selectPython", () => selectPython(server)),
    registerCommand("pitchpipe.server.restart", async () => {
      await server.restart();
      await tell(server.state);
    }),
    registerCommand("pitchpipe.server.status", () => status(session, server)),
    registerCommand("pitchpipe.output.show", () => session.output.show(true)),
    registerCommand("pitchpipe.sample.open", (folder?: vscode.Uri) => openSample(session, folder)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (RESTARTS.some((name) => event.affectsConfiguration(`pitchpipe.${name}`))) refresh();
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    vscode.workspace.onDidGrantWorkspaceTrust(refresh),
    onDidChangeInterpreter(refresh),
    vscode.extensions.onDidChange(refresh),
    onDidChangeSchemaElsewhere(() => session.settingsChanged()),
  );
  void server.restart();
  return parts;
}

/** Says how the server is, and what can be done. */
async function status(session: Session, server: Server): Promise<void> {
  const { state } = server;
  if (await tell(state)) return;
  if (session.running) {
    const known = await session.request<object>(method.status);
    session.output.info(JSON.stringify(known, null, 2));
  }
  const buttons = {
    output: vscode.l10n.t("Show Output"),
    restart: vscode.l10n.t("Restart"),
    choose: vscode.l10n.t("Choose Interpreter…"),
  } as const;
  const { text, detail } = described(state);
  const where = state.is === "running" ? pythonInWords(state.interpreter) : detail;
  const shown = Object.entries(buttons);
  const chosen = await vscode.window.showInformationMessage(
    `${text}: ${where}`,
    ...shown.map(([, title]) => title),
  );
  const button = shown.find(([, title]) => title === chosen)?.[0];
  if (button) await act(button as keyof typeof buttons);
}
