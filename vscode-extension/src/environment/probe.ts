/** What a Python is and has, asked of itself in a process of a moment. */

import { type ExecFileException, execFile } from "node:child_process";
import { l10n } from "vscode";
import type { Candidate } from "./candidates";
import type { Version } from "./versions";

export interface Probed {
  version: Version;
  /** Its own absolute path. */
  executable: string;
  /** Whether it belongs to a virtual environment. */
  environment: boolean;
  /** Whether packages come from the system, which wants no others in it (PEP 668). */
  managed: boolean;
  /** Whether it can make environments. */
  canMake: boolean;
  /** Of the installed package; null: there is none. */
  pitchpipe: string | null;
  /** Whether all that training needs is there. */
  runner: boolean;
}

/** A Python with how it is started, which may be through a program that does more. */
export interface Interpreter extends Probed, Candidate {}

const PATIENCE = 15_000; // milliseconds; a cold start from a network drive takes seconds

// Old Pythons must be able to say that they are: no syntax that they lack.
const QUESTION = `
import json, os, sys
said = {
    "version": list(sys.version_info[:3]),
    "executable": sys.executable,
    "environment": sys.prefix != getattr(sys, "base_prefix", sys.prefix),
    "managed": False, "canMake": False, "pitchpipe": None, "runner": False,
}
try:
    import sysconfig
    from importlib import metadata
    from importlib.util import find_spec
    mark = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    said["managed"] = not said["environment"] and os.path.exists(mark)
    said["canMake"] = bool(find_spec("venv") and find_spec("ensurepip"))
    if find_spec("pitchpipe_server"):
        said["pitchpipe"] = metadata.version("pitchpipe")
        needed = "pitchpipe_runner torch transformers peft datasets onnxruntime_genai"
        said["runner"] = all(map(find_spec, needed.split()))
except Exception:
    pass
print("\\n" + json.dumps(said))
`;

/** Raises with the reason in words where the program is no Python that answers. */
export async function probe(
  candidate: Candidate,
  folder: string,
  patience = PATIENCE,
): Promise<Probed> {
  const { command, args } = candidate;
  const output = await run(command, [...args, "-c", QUESTION], folder, patience);
  const said = parsed(output);
  if (!said) throw new Error(`${command} did not answer as Python does`);
  return said;
}

/** The answer in what a process wrote; undefined where there is none. Sites may print before it. */
export function parsed(output: string): Probed | undefined {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  try {
    const said = JSON.parse(line);
    const whole =
      Array.isArray(said.version) &&
      said.version.every(Number.isInteger) &&
      typeof said.executable === "string" &&
      said.executable !== "";
    return whole ? said : undefined;
  } catch {
    return undefined;
  }
}

/** `folder` holds nothing that Python could import: it looks there first. */
/** Why a program gave no answer. The message that comes with it would repeat all that was asked. */
export function whyNot(error: ExecFileException, stderr: string, timeout: number): string {
  const last = stderr.trim().split("\n").at(-1);
  if (error.killed) return l10n.t("it did not answer within {0} s", timeout / 1000);
  if (error.code === "ENOENT") return l10n.t("there is no such program");
  if (error.code === "EACCES") return l10n.t("it can't be executed");
  return last || l10n.t("it ended with exit code {0}", error.code ?? String(error.signal));
}

function run(command: string, args: string[], folder: string, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, timeout, killSignal: "SIGKILL", windowsHide: true } as const;
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(new Error(whyNot(error, stderr, timeout)));
    });
    child.stdin?.end();
  });
}
