/** A run's progress as a notification that can stop the run. */

import * as vscode from "vscode";
import type {
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient";
import type { Session } from "../session";
import { stopRuns } from "./start";

export type WorkDone = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Shown {
  report(value: { message?: string; increment?: number }): void;
  end(): void;
  share: number;
}

const shown = new WeakMap<Session, Map<string, Shown>>();

/**
 * For the client's middleware, which would hide the notification behind the status bar. Tokens of
 * runs are `pitchpipe/RUN/COUNT`; others are left to `next`.
 */
export function handleProgress(
  session: Session,
  token: string | number,
  value: WorkDone,
  next: (token: string | number, value: WorkDone) => void,
): void {
  const run = typeof token === "string" ? /^pitchpipe\/(.+)\/\d+$/.exec(token)?.[1] : undefined;
  if (run === undefined) {
    next(token, value);
    return;
  }
  const all = shown.get(session) ?? new Map<string, Shown>();
  shown.set(session, all);
  const key = String(token);
  if (value.kind === "begin") {
    all.set(key, begun(session, run, value));
    return;
  }
  const one = all.get(key);
  if (value.kind === "end") {
    all.delete(key);
    one?.end();
    next(token, value);
  } else if (one) {
    const share = value.percentage ?? one.share;
    one.report({
      increment: Math.max(0, share - one.share),
      ...(value.message === undefined ? {} : { message: value.message }),
    });
    one.share = Math.max(share, one.share);
  }
}

function begun(session: Session, run: string, value: WorkDoneProgressBegin): Shown {
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const found: Shown = { report: () => undefined, end: () => finish(), share: 0 };
  void vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: value.cancellable ?? false,
      title: value.title,
    },
    async (progress, cancelled) => {
      found.report = (report) => progress.report(report);
      const listening = vscode.Disposable.from(
        cancelled.onCancellationRequested(() => {
          stopRuns(session, undefined, run).catch((error) => session.output.error(error));
        }),
        // The run goes on; a new server begins a progress of its own.
        session.onGone(finish),
      );
      await over;
      listening.dispose();
    },
  );
  return found;
}
