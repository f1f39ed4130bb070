/** The language server's life: found, started, started again, stopped. */

import * as vscode from "vscode";
import { method, type SupportedMethods } from "../api/protocol";
import { type Launch, makeClient } from "../client";
import { schemaElsewhere } from "../schema";
import type { Session } from "../session";
import { Backoff } from "./backoff";
import { type Candidate, candidates } from "./candidates";
import { type Found, find, type Problem } from "./find";
import { type Interpreter, type Probed, probe } from "./probe";
import { ServerLog } from "./serverLog";
import { runnerPython, safeFolder, surroundings } from "./surroundings";
import { LEAST_PROTOCOL } from "./versions";

export type State =
  | { is: "looking" }
  | { is: "problem"; problem: Problem }
  | { is: "starting"; interpreter: Interpreter }
  /** `outdated`: it lacks what the extension asks for. */
  | { is: "running"; interpreter: Interpreter; outdated: boolean }
  /**
   * `again`: milliseconds until the next start; none: it is left at that. `wasUp`: it ran before, so
   * that another start may help.
   */
  | {
      is: "down";
      interpreter: Interpreter;
      why: string;
      again: number | undefined;
      wasUp: boolean;
    };

export class Server implements vscode.Disposable {
  state: State = { is: "looking" };
  private readonly changed = new vscode.EventEmitter<State>();
  private readonly backoff = new Backoff();
  private timer: NodeJS.Timeout | undefined;
  private work: Promise<void> = Promise.resolve();
  private launched = "";

  readonly onDidChangeState = this.changed.event;

  constructor(private readonly session: Session) {}

  /** Starts it anew with whatever Python there is now. */
  restart(): Promise<void> {
    this.backoff.forget();
    return this.queued(() => this.begin(true));
  }

  /** Starts it anew only where it would be started in another way than it was. */
  refresh(): Promise<void> {
    return this.queued(() => this.begin(false));
  }

  /** Every program that may be a Python. */
  async candidates(): Promise<Candidate[]> {
    return candidates(await surroundings(this.session.context));
  }

  async ask(candidate: Candidate): Promise<Probed> {
    return probe(candidate, await safeFolder(this.session.context));
  }

  /** One thing at a time, and nothing in vain: what fails is in the log. */
  private queued(work: () => Promise<void>): Promise<void> {
    clearTimeout(this.timer);
    this.work = this.work.then(work).catch((error) => this.session.output.error(error));
    return this.work;
  }

  private async begin(anyway: boolean): Promise<void> {
    if (this.state.is !== "running") this.become({ is: "looking" });
    const found: Found = await find(await this.candidates(), (candidate) => this.ask(candidate));
    if ("problem" in found) {
      this.launched = "";
      await this.session.release();
      return this.become({ is: "problem", problem: found.problem });
    }
    const launch = await this.launch(found.interpreter);
    const written = JSON.stringify(launch);
    if (!anyway && this.session.running && written === this.launched) return;
    await this.session.release();
    this.launched = written;
    await this.start(launch, found.interpreter);
  }

  private async launch(interpreter: Interpreter): Promise<Launch> {
    const settings = vscode.workspace.getConfiguration("pitchpipe");
    return {
      command: interpreter.command,
      arguments: [
        ...interpreter.args,
        ...["-m", "pitchpipe_server"],
        ...settings.get<string[]>("server.arguments", []),
      ],
      environment: settings.get<Record<string, string>>("server.environment", {}),
      folder: await safeFolder(this.session.context),
    };
  }

  private async start(launch: Launch, interpreter: Interpreter): Promise<void> {
    this.become({ is: "starting", interpreter });
    this.session.output.info(`starting ${[launch.command, ...launch.arguments].join(" ")}`);
    let up = false;
    const log = new ServerLog();
    const client = makeClient(this.session, launch, {
      settings: () => ({
        python: runnerPython(this.session.context),
        schemaElsewhere: schemaElsewhere(),
      }),
      // Before it is up, that it can't be started says the same.
      crashed: () => {
        if (up) this.crashed(interpreter, vscode.l10n.t("The language server has ended."), true);
      },
      log,
    });
    try {
      await client.start();
      up = true;
      await this.session.adopt(client);
      const known = await this.session.request<SupportedMethods>(method.supported);
      const outdated = known.version < LEAST_PROTOCOL || lacks(this.session);
      this.become({ is: "running", interpreter, outdated });
    } catch (error) {
      if (up && this.state.is === "down") return; // it has crashed meanwhile, and that is known
      up = false;
      this.session.output.error(error as Error);
      await client.dispose().catch(() => undefined);
      const why = log.last || (error instanceof Error ? error.message : String(error));
      const text = vscode.l10n.t("The language server does not start: {0}", why);
      this.crashed(interpreter, text, false);
    }
  }

  private crashed(interpreter: Interpreter, why: string, wasUp: boolean): void {
    const again = this.backoff.crashed(Date.now());
    this.launched = "";
    this.become({ is: "down", interpreter, why, again, wasUp });
    if (again === undefined) return;
    this.timer = setTimeout(() => void this.queued(() => this.begin(true)), again);
  }

  private become(state: State): void {
    this.state = state;
    this.changed.fire(state);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }
}

/** Whether the server does not know a request that the extension is built on. */
function lacks(session: Session): boolean {
  const used = [method.runs, method.runDetails, method.memory, method.newWorkflow];
  return used.some((name) => !session.supports(name));
}
