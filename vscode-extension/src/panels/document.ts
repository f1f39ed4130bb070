/** The text of a panel's page: nothing but the extension's own script and style sheet. */

import type { Start } from "./messages";

export interface Page {
  /** Where the webview's own files come from, as a CSP source. */
  source: string;
  script: string;
  style: string;
  title: string;
  start: Start;
  nonce: string;
}

export function document({ source, script, style, title, start, nonce }: Page): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${source}`;
  return `<!DOCTYPE html>
<html lang="${escaped(start.locale)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${escaped(style)}">
<script id="start" type="application/json" nonce="${nonce}">${JSON.stringify(start).replaceAll("<", "\\u003c")}</script>
</head>
<body>
<main id="main"></main>
<script nonce="${nonce}" src="${escaped(script)}"></script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
