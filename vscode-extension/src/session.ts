/** The one connection to the language server that every part of the extension shares. */

import * as vscode from "vscode";
import { type LanguageClient, State } from "vscode-languageclient/node";
import {
  method,
  type RunEnded,
  type RunEvent,
  type RunsChanged,
  type SupportedMethods,
} from "./api/protocol";

/** No server runs; what can be done about it has been shown. */
export class NoServer extends Error {}

export class Session implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel("Pitchpipe", { log: true });
  private client: LanguageClient | undefined;
  private supported: SupportedMethods | undefined;
  private readonly subscriptions: vscode.Disposable[] = [];
  private readonly ready = new vscode.EventEmitter<void>();
  private readonly gone = new vscode.EventEmitter<void>();
  private readonly events = new vscode.EventEmitter<RunEvent>();
  private readonly changes = new vscode.EventEmitter<RunsChanged>();
  private readonly ends = new vscode.EventEmitter<RunEnded>();
  private readonly estimates = new vscode.EventEmitter<void>();

  /** A server has answered, the first one or another after a restart. */
  readonly onReady = this.ready.event;
  readonly onGone = this.gone.event;
  readonly onEvent = this.events.event;
  readonly onRunsChanged = this.changes.event;
  readonly onRunEnded = this.ends.event;
  readonly onMemoryChanged = this.estimates.event;

  constructor(readonly context: vscode.ExtensionContext) {}

  /** Takes a client that is running. */
  async adopt(client: LanguageClient): Promise<void> {
    this.client = client;
    this.subscriptions.push(
      client.onNotification(method.event, (event: RunEvent) => this.events.fire(event)),
      client.onNotification(method.runsChanged, (change: RunsChanged) => this.changes.fire(change)),
      client.onNotification(method.runEnded, (end: RunEnded) => this.ends.fire(end)),
      client.onNotification(method.memoryChanged, () => this.estimates.fire()),
      client.onDidChangeState(({ newState }) => {
        if (newState === State.Running) void this.greet(client);
        if (newState === State.Stopped) this.gone.fire();
      }),
    );
    await this.greet(client);
  }

  private async greet(client: LanguageClient): Promise<void> {
    this.supported = await client.sendRequest<SupportedMethods>(method.supported, {});
    await client.sendNotification(method.subscribe, { events: true });
    this.ready.fire();
  }

  /** Lets the client go; the server's runs go on. */
  async release(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.supported = undefined;
    for (const subscription of this.subscriptions.splice(0)) subscription.dispose();
    if (client) {
      this.gone.fire();
      await client.stop().catch(() => undefined);
      await client.dispose();
    }
  }

  get running(): boolean {
    return this.client?.state === State.Running;
  }

  /** Whether the server knows a request or command. */
  supports(name: string): boolean {
    return [...(this.supported?.requests ?? []), ...(this.supported?.commands ?? [])].includes(
      name,
    );
  }

  /** Sends a request; throws `NoServer` where none runs. */
  async request<R>(name: string, params: object = {}): Promise<R> {
    return this.connected().sendRequest<R>(name, params);
  }

  /** Has the server execute one of its commands. */
  async execute<R>(command: string, ...args: unknown[]): Promise<R> {
    return this.request<R>("workspace/executeCommand", { command, arguments: args });
  }

  /** Has the server ask for the settings anew. */
  async settingsChanged(): Promise<void> {
    if (!this.running) return;
    await this.client?.sendNotification("workspace/didChangeConfiguration", { settings: null });
  }

  private connected(): LanguageClient {
    if (!this.client || this.client.state !== State.Running) {
      throw new NoServer(vscode.l10n.t("Pitchpipe's language server is not running."));
    }
    return this.client;
  }

  dispose(): void {
    const { ready, gone, events, changes, ends, estimates } = this;
    for (const emitter of [ready, gone, events, changes, ends, estimates]) emitter.dispose();
    this.output.dispose();
  }
}
