/** What is run to install Pitchpipe. Nothing here asks or starts. */

import type { Interpreter } from "./probe";
import { atLeast, RUNNER_PYTHON } from "./versions";

/** The server alone; with the runner. */
export type Extent = "server" | "runner";

export interface Target {
  /** The interpreter that installs. */
  interpreter: Interpreter;
  /** Folder of the environment to be made first; none: it goes beside the interpreter. */
  make?: string;
}

/**
 * Arguments of `python/install.py`, each as it is: no shell reads them.
 *
 * `index` is a further package index for the runner; "" where none is set.
 */
export function installArguments(
  script: string,
  target: Target,
  extent: Extent,
  wheel: string | undefined,
  index = "",
): string[] {
  return [
    script,
    ...(target.make === undefined ? [] : ["--new", target.make]),
    ...(extent === "runner" && index ? ["--index", index] : []),
    requirement(extent, wheel),
  ];
}

/** As pip takes it. Without a wheel it comes from the package index. */
export function requirement(extent: Extent, wheel: string | undefined): string {
  const extra = extent === "server" ? "" : "[runner]";
  return (wheel ?? "pitchpipe") + extra;
}

/** Of the names in the extension's folder for it, the wheel of Pitchpipe. */
export function wheelAmong(names: readonly string[]): string | undefined {
  return names
    .filter((name) => /^pitchpipe-.+\.whl$/.test(name))
    .sort()
    .at(-1);
}

/** What can be installed with an interpreter. */
export function extents(interpreter: Interpreter): Extent[] {
  return atLeast(interpreter.version, RUNNER_PYTHON) ? ["runner", "server"] : ["server"];
}

/** The interpreter to make an environment with: the first that the runner can use, else the first. */
export function maker(interpreters: readonly Interpreter[]): Interpreter | undefined {
  const able = interpreters.filter((one) => one.canMake);
  return able.find((one) => atLeast(one.version, RUNNER_PYTHON)) ?? able[0];
}
