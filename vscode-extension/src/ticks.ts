/** What is done of the walkthrough, as context keys that tick its steps. */

import * as vscode from "vscode";

/** Milliseconds that the walkthrough takes, from its tab to where it hears of keys. */
const PAUSE = 2_000;

export type Step = "hasPython" | "hasServer" | "hasWorkflow" | "hasRun";

const done = new Map<Step, boolean>();
let isHeard = false;

/** Says whether something is so that ticks a step. */
export function tick(step: Step, isSo: boolean): void {
  done.set(step, isSo);
  if (isHeard) set(step, isSo);
}

/**
 * Holds the keys back until a page of the editor's own comes up, which may be the walkthrough: it
 * passes over what was so before it began to listen, for as long as the window is open.
 * microsoft/vscode, gettingStartedService.ts, `registerDoneListeners`
 */
export function followWalkthrough(): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    if (isHeard || timer || !vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(isPage))) {
      return;
    }
    timer = setTimeout(() => {
      isHeard = true;
      for (const [step, isSo] of done) set(step, isSo);
    }, PAUSE);
  };
  look();
  return vscode.Disposable.from(vscode.window.tabGroups.onDidChangeTabs(look), {
    dispose: () => clearTimeout(timer),
  });
}

/** Such pages have no input that extensions know. */
function isPage(tab: vscode.Tab): boolean {
  return tab.input === undefined;
}

function set(step: Step, isSo: boolean): void {
  void vscode.commands.executeCommand("setContext", `pitchpipe.${step}`, isSo);
}
