/** The language client: what it is for, how its server is started, what it does in between. */

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  type Executable,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
} from "vscode-languageclient/node";
import type { ServerLog } from "./environment/serverLog";
import { handleServerCommand } from "./running/commands";
import { handleProgress } from "./running/progress";
import type { Session } from "./session";
import { LANGUAGE } from "./workflows";

const SECTION = "pitchpipe";

/** How a server is started. */
export interface Launch {
  command: string;
  arguments: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Where it is started: Python looks there first for what it imports. */
  folder: string;
}

/** What the client asks of who made it. */
export interface Host {
  /** What the server shall see beside, or in place of, the settings. */
  settings(): object;
  /** The server has ended by itself. */
  crashed(): void;
  /** What it writes beside the protocol. */
  log: ServerLog;
}

/** Failures are told by who made it, in words that help, and not in a window of its own. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export function makeClient(session: Session, launch: Launch, host: Host): LanguageClient {
  const server: Executable = {
    command: launch.command,
    args: [...launch.arguments],
    options: {
      cwd: launch.folder,
      // What is written to a pipe is UTF-8, on Windows too.
      env: { ...process.env, PYTHONUTF8: "1", ...launch.environment },
    },
  };
  const options: LanguageClientOptions = {
    documentSelector: [LANGUAGE, "yaml"].flatMap((language) =>
      schemes().map((scheme) => ({ scheme, language })),
    ),
    diagnosticCollectionName: SECTION,
    outputChannel: session.output,
    traceOutputChannel: session.output,
    initializationOptions: settings(host),
    middleware: middleware(session, host),
    stdioOptions: {
      stdout: (input, output) => eachLine(input, (line) => output.info(line)),
      stderr: (input, output) =>
        eachLine(input, (line) => {
          const { level, text } = host.log.take(line);
          output[level](text);
        }),
    },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      // Who made the client makes another: the interpreter may be gone, or another one by then.
      closed: () => {
        host.crashed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  };
  return new QuietClient(SECTION, "Pitchpipe", server, options);
}

function eachLine(input: Readable, take: (line: string) => void): void {
  createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, terminal: false }).on("line", take);
}

/** Files, and what virtual workspaces call theirs; not what version control shows beside them. */
function schemes(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return [...new Set(["file", "untitled", ...folders.map(({ uri }) => uri.scheme)])];
}

function settings(host: Host): object {
  const set = vscode.workspace.getConfiguration(SECTION);
  const told = ["device", "inlayHints", "codeLens"].map((name) => [name, set.get(name)]);
  return { ...Object.fromEntries(told), ...host.settings() };
}

function middleware(session: Session, host: Host): Middleware {
  return {
    workspace: {
      configuration: async (params, token, next) => {
        const answers = await next(params, token);
        if (!Array.isArray(answers)) return answers;
        return answers.map((answer, i) =>
          params.items[i]?.section === SECTION ? { ...answer, ...host.settings() } : answer,
        );
      },
    },
    executeCommand: (command, args, next) =>
      handleServerCommand(session, command, args, next) as vscode.ProviderResult<unknown>,
    handleWorkDoneProgress: (token, value, next) => handleProgress(session, token, value, next),
  };
}
