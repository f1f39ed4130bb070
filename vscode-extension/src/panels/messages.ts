/** What the extension and its panels tell each other. Nothing here knows of an editor or of a page. */

import type {
  CompareRunsResult,
  MemoryResult,
  PreviewResult,
  RunDetails,
  RunEvent,
} from "../api/protocol";

/** What a page is given along with its text. */
export interface Start {
  strings: Record<string, string>;
  /** A BCP 47 tag. */
  locale: string;
  /** What the page shall keep for the next time, see `RunsKept` and `FileKept`. */
  kept: unknown;
}

/** What the editor keeps of a panel over a reload of the window. */
export interface RunsKept {
  folders: string[];
}
export interface FileKept {
  uri: string;
}

export type ToRun =
  | { type: "details"; folder: string; details: RunDetails }
  /** There are no details, and why. */
  | { type: "trouble"; folder: string; message: string }
  | { type: "comparison"; result: CompareRunsResult }
  | { type: "events"; folder: string; events: RunEvent["event"][] };

export const RUN_ACTIONS = ["stop", "resume", "report", "log", "reveal"] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];
export type FromRun = { type: "ready" } | { type: "act"; action: RunAction; folder: string };

export type ToMemory = {
  type: "memory";
  /** The last estimate that there was. */
  result: MemoryResult | null;
  /** The workflow's file. */
  name: string;
  uri: string;
  /** Why `result` is not of the file as it is now. */
  message: string | null;
};
export type FromMemory = { type: "ready" };

export type ToPreview =
  | { type: "asking"; name: string; uri: string }
  | { type: "rows"; name: string; uri: string; skip: number; result: PreviewResult };

export const PREVIEW_ACTIONS = ["install", "selectPython"] as const;
export type PreviewAction = (typeof PREVIEW_ACTIONS)[number];
export type FromPreview =
  | { type: "ready" }
  | { type: "page"; skip: number }
  | { type: "act"; action: PreviewAction };

/** Rows that the preview asks for at once. */
export const PAGE = 20;
/** Runs that one panel shows at most. */
export const MOST_RUNS = 12;

/** undefined: not a message that the Run panel sends. */
export function fromRun(message: unknown): FromRun | undefined {
  const { type, action, folder } = fields(message);
  if (type === "ready") return { type };
  if (type === "act" && isOneOf(RUN_ACTIONS, action) && typeof folder === "string") {
    return { type, action, folder };
  }
  return undefined;
}

export function fromMemory(message: unknown): FromMemory | undefined {
  return fields(message).type === "ready" ? { type: "ready" } : undefined;
}

export function fromPreview(message: unknown): FromPreview | undefined {
  const { type, action, skip } = fields(message);
  if (type === "ready") return { type };
  if (type === "page" && Number.isSafeInteger(skip) && (skip as number) >= 0) {
    return { type, skip: skip as number };
  }
  if (type === "act" && isOneOf(PREVIEW_ACTIONS, action)) return { type, action };
  return undefined;
}

/** undefined: nothing that a Run panel has kept. */
export function runsKept(state: unknown): RunsKept | undefined {
  const { folders } = fields(state);
  if (!Array.isArray(folders) || folders.length === 0 || folders.length > MOST_RUNS)
    return undefined;
  return folders.every((folder) => typeof folder === "string") ? { folders } : undefined;
}

export function fileKept(state: unknown): FileKept | undefined {
  const { uri } = fields(state);
  return typeof uri === "string" && uri.includes(":") ? { uri } : undefined;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isOneOf<T extends string>(allowed: readonly T[], value: unknown): value is T {
  return (allowed as readonly unknown[]).includes(value);
}
