/** What the server writes beside the protocol: its own log, with levels. */

export type Level = "debug" | "info" | "warn" | "error";

const LEVELS: Record<string, Level> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "error",
};

/** Splits lines `2026-01-31 12:00:00,123 DEBUG pygls: …`; others go with the one before them. */
export class ServerLog {
  /** The last line that said something: why a server that does not start does not. */
  last = "";
  private level: Level = "error";

  take(line: string): { level: Level; text: string } {
    const [, name = "", text = line] = /^[\d-]+ [\d:,]+ ([A-Z]+) (.*)$/.exec(line) ?? [];
    this.level = LEVELS[name] ?? this.level;
    if (text.trim()) this.last = text.trim();
    return { level: this.level, text: name in LEVELS ? text : line };
  }
}
