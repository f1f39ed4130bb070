/** A workflow that the workspace's two-layer model runs in seconds, and what its runs are asked. */

import type * as vscode from "vscode";
import type { RunEvent } from "../../src/api/protocol";
import { type Runs, runsOf } from "../../src/running/store";
import type { Session } from "../../src/session";
import { activated, until } from "./support";
import { workflow } from "./workflow";

/** Seconds until a run counts as hanging. */
export const RUN = 150;

export const TONE = workflow(
  ["max_steps: 4", "max_steps: 4\n  logging_steps: 1"],
  ["format: none}", "format: none}\ncompute: {device: cpu, threads: 1}"],
);

export const ENDLESS = TONE.replace("max_steps: 4", "max_steps: 50000");

/** The extension's session once its server has answered. */
export async function connected(): Promise<Session> {
  const extension = await activated();
  const { session } = extension.exports as { session: Session };
  await until("the server runs", () => session.running && session.supports("pitchpipe.run"), 60);
  return session;
}

/** What a run said, from now on. */
export class Told implements vscode.Disposable {
  readonly events: RunEvent[] = [];
  private readonly listening: vscode.Disposable;

  constructor(session: Session) {
    this.listening = session.onEvent((event) => this.events.push(event));
  }

  kinds(folder: string): string[] {
    return this.of(folder).map(({ event }) => event.kind);
  }

  of(folder: string): RunEvent[] {
    const id = folder.split("/").pop();
    return this.events.filter(({ run }) => run === id);
  }

  dispose(): void {
    this.listening.dispose();
  }
}

/** Lets every run end that goes on. */
export async function silence(session: Session): Promise<void> {
  const runs: Runs = runsOf(session);
  await runs.refresh();
  for (const { id } of runs.going) await session.execute("pitchpipe.cancel", null, id);
  await until("all runs have ended", () => runs.going.length === 0, RUN);
}
