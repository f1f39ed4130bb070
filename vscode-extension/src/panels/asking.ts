/** What panels ask the language server, with a message for people where it can't answer. */

import * as vscode from "vscode";
import type { Session } from "../session";

/** Throws where no server runs, or where it is older than the extension. */
export async function ask<R>(session: Session, name: string, params: object): Promise<R> {
  if (session.running && !session.supports(name)) {
    throw new Error(
      vscode.l10n.t(
        "The Pitchpipe that is installed is older than this extension. Install it anew.",
      ),
    );
  }
  return session.request<R>(name, params);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
