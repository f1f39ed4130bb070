import * as vscode from "vscode";
import type { Session } from "../session";
import { workflowUri } from "../workflows";
import { MEMORY_VIEW, memoryPanel } from "./memoryPanel";
import { fileKept, runsKept } from "./messages";
import { PREVIEW_VIEW, previewPanel } from "./previewPanel";
import { RUN_VIEW, restoreRuns } from "./runPanel";

export function activatePanels(session: Session): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand("pitchpipe.workflow.memory", (argument?: unknown) =>
      memoryPanel.show(session, workflowUri(argument)),
    ),
    vscode.commands.registerCommand("pitchpipe.workflow.preview", (argument?: unknown) =>
      previewPanel.show(session, workflowUri(argument)),
    ),
    serializer(RUN_VIEW, (panel, state) => {
      const kept = runsKept(state);
      if (kept) restoreRuns(session, panel, kept.folders);
      else panel.dispose();
    }),
    serializer(MEMORY_VIEW, (panel, state) => memoryPanel.restore(session, panel, uriOf(state))),
    serializer(PREVIEW_VIEW, (panel, state) => previewPanel.restore(session, panel, uriOf(state))),
  );
}

function serializer(
  view: string,
  restore: (panel: vscode.WebviewPanel, state: unknown) => void,
): vscode.Disposable {
  return vscode.window.registerWebviewPanelSerializer(view, {
    async deserializeWebviewPanel(panel, state: unknown) {
      restore(panel, state);
    },
  });
}

function uriOf(state: unknown): vscode.Uri | undefined {
  const kept = fileKept(state);
  return kept ? vscode.Uri.parse(kept.uri) : undefined;
}
