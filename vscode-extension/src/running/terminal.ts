/** A run in a terminal: its log, its stages, and its progress in the line at the bottom. */

import * as vscode from "vscode";
import type { RunEvent } from "../api/protocol";
import type { Session } from "../session";
import { number } from "./format";
import { replay } from "./history";
import { coloured, type Line, linesOf, progressLine } from "./lines";
import { MOST, Screen } from "./screen";
import { stopRuns } from "./start";
import { after, blank, type Event, EXIT, goesOn, type Live, numeric } from "./state";
import { canonical, type Runs, runsOf } from "./store";

const INTERRUPT = "\u0003";

/** Finds the run to show, and may start it; nothing: there is none, and `say` was told why. */
export type Begin = (say: (message: string) => void) => Promise<string | undefined>;

export class RunTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<number>();
  private readonly renamed = new vscode.EventEmitter<string>();
  private readonly screen = new Screen((text) => this.written.fire(text));
  private readonly runs: Runs;
  private readonly listening: vscode.Disposable[] = [];
  private folder: string | undefined;
  private run: Live = blank("");
  private offset = 0;
  private waiting: Promise<void> = Promise.resolve();
  private isClosed = false;

  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  readonly onDidChangeName = this.renamed.event;

  /** `owned`: the run ends with the terminal, and the terminal with the run. */
  constructor(
    private readonly session: Session,
    private readonly begin: Begin,
    private readonly owned: boolean,
  ) {
    this.runs = runsOf(session);
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.screen.show(dimensions?.columns);
    void this.start();
  }

  setDimensions(dimensions: vscode.TerminalDimensions): void {
    this.screen.resize(dimensions.columns);
  }

  handleInput(data: string): void {
    if (data.includes(INTERRUPT)) void this.stop();
  }

  close(): void {
    this.isClosed = true;
    for (const one of this.listening.splice(0)) one.dispose();
    if (this.owned) void this.stop();
  }

  private async start(): Promise<void> {
    let folder: string | undefined;
    try {
      folder = await this.begin((message) => this.say("error", message));
    } catch (error) {
      this.say("error", error instanceof Error ? error.message : String(error));
    }
    if (folder === undefined) {
      if (this.owned) this.closed.fire(EXIT.wrongFile);
      return;
    }
    this.folder = canonical(folder);
    this.run = blank(this.folder);
    if (this.isClosed) return void (this.owned && this.stop());
    this.renamed.fire(`Pitchpipe: ${this.run.id}`);
    this.listening.push(
      this.session.onEvent((told) => {
        if (canonical(told.folder) === this.folder) this.take(told);
      }),
      // A server that is new may have been told nothing of what came meanwhile.
      this.session.onReady(() => void this.catchUp()),
      this.runs.onDidChange(() => void this.settle()),
    );
    await this.catchUp();
    await this.settle();
    if (this.owned) void this.leave(this.folder);
  }

  /** Ends with the run, with its exit code. */
  private async leave(folder: string): Promise<void> {
    const ended = await this.runs.end(folder);
    await this.catchUp();
    await this.settle(ended);
    if (this.isClosed) return;
    this.closed.fire(this.run.exitCode ?? ended.exitCode ?? EXIT.failed);
  }

  /** Reads what the run's folder has and nobody told, one reading after the other. */
  private catchUp(): Promise<void> {
    this.waiting = this.waiting.then(() => this.read()).catch(() => undefined);
    return this.waiting;
  }

  private async read(): Promise<void> {
    const lines: string[] = [];
    let left = 0;
    await replay(this.folder ?? "", this.offset, (event, offset) => {
      if (offset <= this.offset) return;
      lines.push(...this.fold(event, offset));
      if (lines.length < 2 * MOST) return;
      left += lines.length - MOST;
      lines.splice(0, lines.length - MOST);
    });
    if (left > 0) lines.unshift(dim(vscode.l10n.t("{0} earlier lines are left out", number(left))));
    this.draw(lines);
  }

  private take({ event, offset, left }: RunEvent): void {
    if (offset > this.offset) this.draw(this.fold(event, offset, left));
  }

  private fold(event: Event, offset: number, left: number | null = null): string[] {
    this.offset = offset;
    this.run = after(this.run, event, left);
    const at = numeric(event.t) ?? 0;
    return linesOf(event, vscode.l10n).map((line) => coloured(line, at));
  }

  private draw(lines: readonly string[]): void {
    this.screen.print(lines, progressLine(this.run, vscode.l10n));
  }

  /** A run whose process died has told no end: `known` is what others know of it. */
  private async settle(
    known = this.folder === undefined ? undefined : this.runs.live(this.folder),
  ): Promise<void> {
    const open = () => this.run.exitCode === null && (known?.at ?? 0) >= (this.run.at ?? 0);
    if (!known || goesOn(known.state) || !open()) return;
    await this.catchUp();
    if (!open()) return;
    this.run = { ...this.run, state: known.state, exitCode: known.exitCode ?? EXIT.failed };
    const untold = vscode.l10n.t("the run ended without a word of why; the output may tell");
    this.say("error", known.why ?? untold);
  }

  private say(level: Line["level"], text: string): void {
    this.draw(
      text.split(/\r?\n/).map((part) => coloured({ level, text: part }, Date.now() / 1000)),
    );
  }

  private async stop(): Promise<void> {
    if (this.folder === undefined || this.run.exitCode !== null) return;
    this.say("warning", vscode.l10n.t("the run is asked to stop after its step"));
    try {
      await stopRuns(this.session, undefined, this.run.id);
    } catch (error) {
      this.say("error", error instanceof Error ? error.message : String(error));
    }
  }
}

function dim(text: string): string {
  return `\u001b[2m${text}\u001b[0m`;
}

const shown = new Map<string, vscode.Terminal>();

/** Brings up the terminal of a run, the one that there is or a new one. */
export function showLog(session: Session, folder: string): vscode.Terminal {
  const key = canonical(folder);
  const there = shown.get(key);
  if (there && there.exitStatus === undefined) {
    there.show(true);
    return there;
  }
  const terminal = vscode.window.createTerminal({
    name: `Pitchpipe: ${blank(key).id}`,
    pty: new RunTerminal(session, async () => key, false),
    iconPath: new vscode.ThemeIcon("graph-line"),
    isTransient: true,
  });
  shown.set(key, terminal);
  terminal.show(true);
  return terminal;
}

/** Forgets terminals that were closed. */
export function followTerminals(): vscode.Disposable {
  return vscode.window.onDidCloseTerminal((closed) => {
    for (const [key, terminal] of shown) if (terminal === closed) shown.delete(key);
  });
}
