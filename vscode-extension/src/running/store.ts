/** The runs that the window knows: the server's list of them, and what their events say since. */

import { existsSync, realpathSync } from "node:fs";
import * as vscode from "vscode";
import {
  method,
  type Run,
  type RunDetails,
  type RunEnded,
  type RunEvent,
  type RunsResult,
  type Workflow,
} from "../api/protocol";
import type { Session } from "../session";
import { after, blank, ended, goesOn, known, type Live, over } from "./state";

const PAUSE = 200; // milliseconds between two looks at the list

/** What changed: the list, or one run. */
export type Change = { folder: string | null };

export class Runs implements vscode.Disposable {
  workflows: Workflow[] = [];
  private readonly lives = new Map<string, Live>();
  /** By folder: the offset up to which `lives` has heard its events. */
  private readonly heard = new Map<string, number>();
  /** By folder: ends that came before the run was expected. */
  private readonly early = new Map<string, RunEnded>();
  private readonly changed = new vscode.EventEmitter<Change>();
  private readonly subscriptions: vscode.Disposable[];
  private reading: Promise<void> | undefined;
  private again = false;
  private disposed = false;

  readonly onDidChange = this.changed.event;

  constructor(private readonly session: Session) {
    this.subscriptions = [
      this.changed,
      session.onReady(() => void this.refresh()),
      session.onRunsChanged(() => void this.refresh()),
      session.onEvent((event) => this.hear(event)),
      session.onRunEnded((end) => this.hearEnd(end)),
    ];
    if (session.running) void this.refresh();
  }

  /** Those that go on, the newest first. */
  get going(): Live[] {
    return [...this.lives.values()]
      .filter((run) => goesOn(run.state))
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  live(folder: string): Live | undefined {
    return this.lives.get(canonical(folder));
  }

  /** A run of the list, and the workflow that it is of. */
  find(folder: string): { run: Run; workflow: Workflow } | undefined {
    const wanted = canonical(folder);
    for (const workflow of this.workflows) {
      const run = workflow.runs.find((one) => canonical(one.folder) === wanted);
      if (run) return { run, workflow };
    }
    return undefined;
  }

  /** Whether a run of the workflow goes on; without one: any run. */
  isBusy(uri?: string): boolean {
    if (uri === undefined) return this.going.length > 0;
    return this.going.some((run) => this.find(run.folder)?.workflow.uri === uri);
  }

  /** A run is going to be started; `expect` takes it when it is. */
  prepare(): void {
    this.early.clear();
  }

  /** Takes a run that was started a moment ago, which no list has yet, and which may have ended. */
  expect(folder: string): void {
    const key = canonical(folder);
    const before = this.lives.get(key);
    if (before !== undefined && goesOn(before.state)) return;
    const end = this.early.get(key);
    this.set(end ? over(blank(key), end) : blank(key));
  }

  /** The run once it has ended, which may be now. */
  end(folder: string): Promise<Live> {
    return new Promise((resolve) => {
      const look = () => {
        const run = this.live(folder);
        if (run === undefined || goesOn(run.state)) return false;
        resolve(run);
        return true;
      };
      if (look()) return;
      const listening = this.onDidChange(() => {
        if (look()) listening.dispose();
      });
    });
  }

  /** Asks the server for the list; looks that are asked for meanwhile become one more. */
  refresh(): Promise<void> {
    if (this.reading) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.read().finally(async () => {
      this.reading = undefined;
      if (!this.again || this.disposed) return;
      this.again = false;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      if (!this.disposed) await this.refresh();
    });
    return this.reading;
  }

  private async read(): Promise<void> {
    if (!this.session.running || !this.session.supports(method.runs)) return;
    const expected = new Set(this.lives.keys());
    const result = await this.session
      .request<RunsResult>(method.runs)
      .catch((error) => this.session.output.debug(`${method.runs}: ${error}`));
    if (!result || this.disposed) return;
    this.workflows = result.workflows;
    const listed = this.workflows.flatMap((workflow) => workflow.runs);
    for (const run of listed) await this.settle(run);
    const folders = new Set(listed.map((run) => canonical(run.folder)));
    for (const [folder, live] of this.lives) {
      if (folders.has(folder) || !expected.has(folder) || existsSync(folder)) continue;
      // It never began, or was deleted.
      if (goesOn(live.state)) this.set(ended(live, "stopped"));
      this.lives.delete(folder);
      this.heard.delete(folder);
    }
    this.changed.fire({ folder: null });
  }

  /** What the list says of a run counts where no event said something later. */
  private async settle(run: Run): Promise<void> {
    const folder = canonical(run.folder);
    const live = this.lives.get(folder);
    if (goesOn(run.state)) {
      if (live && live.at !== null && live.at >= (run.at ?? 0)) return;
      const details = await this.session
        .request<RunDetails>(method.runDetails, { folder: run.folder, most: 2 })
        .catch(() => undefined);
      const at = this.lives.get(folder)?.at ?? null;
      if (at !== null && at >= (run.at ?? 0)) return;
      this.heard.set(folder, details?.offset ?? 0);
      this.lives.set(folder, { ...known(run, details), folder });
    } else if (!live) {
      this.lives.set(folder, { ...known(run), folder });
    } else if (goesOn(live.state) && (run.at ?? 0) >= (live.at ?? 0)) {
      this.lives.set(folder, ended(live, run.state));
    }
  }

  private hear({ folder, offset, left, event }: RunEvent): void {
    const key = canonical(folder);
    if (offset <= (this.heard.get(key) ?? 0)) return;
    this.heard.set(key, offset);
    const before = this.lives.get(key);
    const now = after(before ?? blank(key), event, left);
    this.set(now);
    const isNew = before === undefined || event.kind === "run-started";
    if (isNew || goesOn(before.state) !== goesOn(now.state)) void this.refresh();
  }

  private hearEnd(end: RunEnded): void {
    const live = this.live(end.folder);
    if (live && goesOn(live.state)) this.set(over(live, end));
    else this.early.set(canonical(end.folder), end);
  }

  private set(run: Live): void {
    this.lives.set(run.folder, run);
    this.changed.fire({ folder: run.folder });
  }

  dispose(): void {
    this.disposed = true;
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

const stores = new WeakMap<Session, Runs>();

/** The one store of a session. */
export function runsOf(session: Session): Runs {
  let runs = stores.get(session);
  if (!runs) {
    runs = new Runs(session);
    stores.set(session, runs);
  }
  return runs;
}

const links = new Map<string, string>();

/** A folder by one name: the server may spell a link in its path or what it leads to. */
export function canonical(folder: string): string {
  const found = links.get(folder);
  if (found !== undefined) return found;
  try {
    const real = realpathSync.native(folder);
    links.set(folder, real);
    return real;
  } catch {
    return folder;
  }
}
