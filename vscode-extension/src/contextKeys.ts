/** Context keys of menus and of the walkthrough. */

import * as vscode from "vscode";

/** Milliseconds that a page takes from its tab to where it hears of keys. */
const PAUSE = 1_000;

const held = new Set<string>();

/** Sets `pitchpipe.NAME`. */
export function setContext(name: string, value: boolean): Thenable<unknown> {
  if (value) held.add(name);
  else held.delete(name);
  return set(name, value);
}

/**
 * Sets what holds anew whenever a page of the editor's own comes up: the walkthrough ticks a step
 * when its key changes, and passes over one that held before.
 */
export function repeatForWalkthrough(): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const repeat = async () => {
    for (const name of [...held]) {
      await set(name, false);
      await set(name, held.has(name));
    }
  };
  return vscode.Disposable.from(
    vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => {
      // Such pages have no input that extensions know.
      if (![...opened, ...changed].some((tab) => tab.isActive && tab.input === undefined)) return;
      clearTimeout(timer);
      timer = setTimeout(() => void repeat(), PAUSE);
    }),
    { dispose: () => clearTimeout(timer) },
  );
}

function set(name: string, value: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand("setContext", `pitchpipe.${name}`, value);
}
