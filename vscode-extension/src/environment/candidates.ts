/** Where a Python with Pitchpipe may be, in the order of looking. Starts and reads nothing itself. */

import * as path from "node:path";

export type Origin = "serverSetting" | "setting" | "extension" | "workspace" | "own" | "path";

/** A program that may be a Python. */
export interface Candidate {
  from: Origin;
  command: string;
  /** What stands before all else on its command line, as `-3` behind Windows' `py`. */
  args: string[];
}

/** What the order depends on. */
export interface Surroundings {
  /** `pitchpipe.server.python` and `pitchpipe.python`; "" where not set. */
  serverPython: string;
  python: string;
  /** What a Python extension says; none where there is no such extension. */
  extension: string | undefined;
  /** Paths of the workspace folders. */
  folders: readonly string[];
  trusted: boolean;
  /** Folder of the environment that the extension makes for itself. */
  own: string;
  home: string;
  /** The variables of the process. */
  environment: Readonly<Record<string, string | undefined>>;
  windows: boolean;
  exists(file: string): boolean;
}

/** Whether the user has named this one, so that no other takes its place in silence. */
export function isNamed(candidate: Candidate): boolean {
  return candidate.from === "serverSetting" || candidate.from === "setting";
}

/** Without doubles. Nothing that lies in a workspace folder is among them unless that is trusted. */
export function candidates(around: Surroundings): Candidate[] {
  const found: Candidate[] = [];
  const add = (from: Origin, command: string | undefined, ...args: string[]) => {
    if (!command || (!around.trusted && inWorkspace(command, around))) return;
    if (found.some((other) => other.command === command)) return;
    found.push({ from, command, args });
  };
  add("serverSetting", named(around.serverPython, around));
  add("setting", named(around.python, around));
  add("extension", around.extension);
  if (around.trusted) {
    for (const folder of around.folders) {
      for (const name of [".venv", "venv"]) {
        add("workspace", existing(pythonOf(join(around, folder, name), around.windows), around));
      }
    }
  }
  add("own", existing(pythonOf(around.own, around.windows), around));
  if (around.windows) add("path", onPath("py", around), "-3");
  for (const name of ["python3", "python"]) add("path", onPath(name, around));
  return found;
}

/** The interpreter of a virtual environment. */
export function pythonOf(environment: string, windows: boolean): string {
  return windows
    ? path.win32.join(environment, "Scripts", "python.exe")
    : path.posix.join(environment, "bin", "python");
}

/**
 * The absolute path that a setting means, which need not exist.
 *
 * `~`, `${userHome}`, `${workspaceFolder}` and `${env:NAME}` are replaced. A bare name is looked for on
 * PATH; any other relative path is relative to the first workspace folder.
 */
export function named(setting: string, around: Surroundings): string | undefined {
  const text = setting.trim();
  if (!text) return undefined;
  const expanded = text
    .replace(/^~(?=$|[\\/])/, () => around.home)
    .replace(/\$\{userHome\}/g, () => around.home)
    .replace(/\$\{workspaceFolder\}/g, () => around.folders[0] ?? "")
    .replace(/\$\{env:([^}]+)\}/g, (_, name: string) => around.environment[name] ?? "");
  const of = flavour(around);
  if (of.isAbsolute(expanded)) return of.normalize(expanded);
  if (!/[\\/]/.test(expanded)) return onPath(expanded, around) ?? expanded;
  return around.folders[0] ? of.join(around.folders[0], expanded) : undefined;
}

/** The absolute path of a program on PATH. Entries that are relative are passed over. */
export function onPath(name: string, around: Surroundings): string | undefined {
  const of = flavour(around);
  const key = Object.keys(around.environment).find((k) => k.toUpperCase() === "PATH");
  const entries = (key && around.environment[key]) || "";
  const file = around.windows && !/\.exe$/i.test(name) ? `${name}.exe` : name;
  for (const entry of entries.split(of.delimiter)) {
    const folder = entry.replace(/^"(.*)"$/, "$1");
    if (!of.isAbsolute(folder)) continue;
    const program = of.join(folder, file);
    if (!around.trusted && inWorkspace(program, around)) continue;
    if (around.exists(program)) return program;
  }
  return undefined;
}

/** Whether a program lies in a workspace folder, or is named so that it might. */
function inWorkspace(program: string, around: Surroundings): boolean {
  const of = flavour(around);
  if (!of.isAbsolute(program)) return true;
  return around.folders.some((folder) => {
    const way = of.relative(folder, program);
    return way === "" || (way !== ".." && !way.startsWith(`..${of.sep}`) && !of.isAbsolute(way));
  });
}

function existing(file: string, around: Surroundings): string | undefined {
  return around.exists(file) ? file : undefined;
}

function join(around: Surroundings, ...parts: string[]): string {
  return flavour(around).join(...parts);
}

function flavour(around: Surroundings): path.PlatformPath {
  return around.windows ? path.win32 : path.posix;
}
