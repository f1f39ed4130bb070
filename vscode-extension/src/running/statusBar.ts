/** The newest run that goes on, in the status bar. */

import * as vscode from "vscode";
import type { Session } from "../session";
import { escaped } from "./format";
import { statusText } from "./lines";
import type { Live } from "./state";
import { type Runs, runsOf } from "./store";

const PAUSE = 1000; // milliseconds between two drawings

export function activateStatusBar(session: Session): vscode.Disposable {
  const runs = runsOf(session);
  const item = vscode.window.createStatusBarItem(
    "pitchpipe.run",
    vscode.StatusBarAlignment.Left,
    50,
  );
  item.name = vscode.l10n.t("Pitchpipe run");
  let waiting: NodeJS.Timeout | undefined;
  const draw = () => {
    waiting = undefined;
    show(item, runs);
  };
  return vscode.Disposable.from(
    item,
    runs.onDidChange(() => {
      waiting ??= setTimeout(draw, PAUSE);
    }),
    { dispose: () => clearTimeout(waiting) },
  );
}

function show(item: vscode.StatusBarItem, runs: Runs): void {
  const going = runs.going;
  const newest = going[0];
  if (!newest) {
    item.hide();
    return;
  }
  const said = statusText(newest, vscode.l10n);
  const others = going.length > 1 ? ` (+${going.length - 1})` : "";
  item.text = `$(sync~spin) ${said}${others}`;
  item.accessibilityInformation = { label: vscode.l10n.t("Run {0}: {1}", newest.id, said) };
  item.tooltip = tooltip(going, runs);
  item.command = {
    command: "pitchpipe.runs.open",
    title: vscode.l10n.t("Open Run"),
    arguments: [newest.folder],
  };
  item.show();
}

function tooltip(going: readonly Live[], runs: Runs): vscode.MarkdownString {
  const lines = going.map((run) => {
    const workflow = runs.find(run.folder)?.workflow.name ?? run.id;
    return `- **${escaped(workflow)}** ${escaped(run.id)}  \n  ${escaped(statusText(run, vscode.l10n))}`;
  });
  return new vscode.MarkdownString([vscode.l10n.t("Runs that go on:"), "", ...lines].join("\n"));
}
