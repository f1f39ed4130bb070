/** What a panel may load, and its page. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { document } from "./document";
import type { Start } from "./messages";

export type PanelName = "run" | "memory" | "preview";

/** The only folder that a panel can read. */
export function media(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "dist", "media");
}

export function options(extension: vscode.Uri): vscode.WebviewOptions & vscode.WebviewPanelOptions {
  return { enableScripts: true, localResourceRoots: [media(extension)], enableFindWidget: true };
}

export function icon(extension: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  const file = (kind: string) => vscode.Uri.joinPath(extension, "images", `workflow-${kind}.svg`);
  return { light: file("light"), dark: file("dark") };
}

export function page(
  webview: vscode.Webview,
  extension: vscode.Uri,
  name: PanelName,
  title: string,
  start: Omit<Start, "locale">,
): string {
  const file = (ending: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(media(extension), `${name}.${ending}`)).toString();
  return document({
    source: webview.cspSource,
    script: file("js"),
    style: file("css"),
    title,
    start: { ...start, locale: vscode.env.language },
    nonce: randomBytes(18).toString("base64"),
  });
}
