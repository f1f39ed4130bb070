/** Opens a panel's page in Chromium, as the editor would, and notes whatever it complains about. */

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { document } from "../../src/panels/document";
import type { PanelName } from "../../src/panels/html";
import { memoryStrings, previewStrings, runStrings } from "../../src/panels/strings";
import { THEMES } from "./themes";

const ORIGIN = "https://panel.test";
const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SOURCES = path.resolve(import.meta.dirname, "../../src/webview");
const SHOTS = path.resolve(import.meta.dirname, "../screenshots/panels");
const STRINGS = { run: runStrings, memory: memoryStrings, preview: previewStrings };

export type ThemeName = keyof typeof THEMES;

export interface Panel {
  page: Page;
  /** What the page sent to the editor. */
  sent(): Promise<Record<string, unknown>[]>;
  /** What it asked the editor to keep. */
  kept(): Promise<Record<string, unknown>>;
  post(message: unknown): Promise<void>;
  dress(theme: ThemeName): Promise<void>;
  shot(name: string): Promise<void>;
  /** Errors, refused loads and requests beyond the page's own files. */
  troubles: string[];
}

export interface Stage {
  open(
    panel: PanelName,
    kept: object,
    how?: { theme?: ThemeName; width?: number; height?: number },
  ): Promise<Panel>;
  close(): Promise<void>;
}

export async function stage(): Promise<Stage> {
  const folder = await mkdtemp(path.join(tmpdir(), "panels-"));
  const entryPoints = Object.fromEntries(
    Object.keys(STRINGS).map((name) => [name, path.join(SOURCES, name, "main.ts")]),
  );
  await build({
    entryPoints,
    outdir: folder,
    bundle: true,
    minify: true,
    target: "es2023",
    format: "iife",
  });
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  return {
    open: (panel, kept, how = {}) => open(browser, folder, panel, kept, how),
    close: async () => {
      await browser.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function open(
  browser: Browser,
  folder: string,
  name: PanelName,
  kept: object,
  {
    theme = "dark",
    width = 1200,
    height = 900,
  }: { theme?: ThemeName; width?: number; height?: number },
): Promise<Panel> {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: "en-GB",
    timezoneId: "UTC",
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("console", (message) => troubles.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  const html = document({
    source: ORIGIN,
    script: `${ORIGIN}/${name}.js`,
    style: `${ORIGIN}/${name}.css`,
    title: name,
    nonce: "MDEyMzQ1Njc4OWFiY2RlZg==",
    start: { strings: STRINGS[name](), kept, locale: "en-GB" },
  });
  await page.route("**/*", async (route) => {
    const { pathname, origin } = new URL(route.request().url());
    if (origin === ORIGIN && pathname === "/") {
      await route.fulfill({ contentType: "text/html", body: html });
    } else if (origin === ORIGIN && [`/${name}.js`, `/${name}.css`].includes(pathname)) {
      const contentType = pathname.endsWith("js") ? "text/javascript" : "text/css";
      await route.fulfill({ contentType, body: await readFile(path.join(folder, pathname)) });
    } else {
      troubles.push(`request: ${route.request().url()}`);
      await route.abort();
    }
  });
  await page.addInitScript(EDITOR);
  await page.addInitScript(dressing(THEMES[theme]));
  await page.goto(`${ORIGIN}/`);
  return {
    page,
    troubles,
    sent: () => page.evaluate("editor.sent"),
    kept: () => page.evaluate("editor.state"),
    post: (message) =>
      page.evaluate(
        `dispatchEvent(new MessageEvent("message", { data: ${JSON.stringify(message)} }))`,
      ),
    dress: (other) => page.evaluate(dressing(THEMES[other])),
    shot: async (file) => {
      await mkdir(SHOTS, { recursive: true });
      await page.waitForTimeout(350);
      await page.screenshot({ path: path.join(SHOTS, `${file}.png`), fullPage: true });
    },
  };
}

const EDITOR = `
  const editor = { sent: [], state: undefined };
  globalThis.editor = editor;
  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message) => editor.sent.push(message),
    getState: () => editor.state,
    setState: (state) => { editor.state = state; },
  });
`;

/** A program of the page that puts a theme's colours on it, as soon as it has a body. */
function dressing({ className, variables }: (typeof THEMES)[ThemeName]): string {
  return `(() => {
    const put = () => {
      const { style } = document.documentElement;
      for (const name of [...style]) if (name.startsWith("--vscode-")) style.removeProperty(name);
      for (const [name, value] of Object.entries(${JSON.stringify(variables)})) {
        style.setProperty("--vscode-" + name, value);
      }
      document.body.className = ${JSON.stringify(className)};
    };
    if (document.body) put();
    else addEventListener("DOMContentLoaded", put);
  })()`;
}
