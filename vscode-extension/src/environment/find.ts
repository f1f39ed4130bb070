/** The first Python of a list that can serve, or what stands in the way. */

import { type Candidate, isNamed } from "./candidates";
import type { Interpreter, Probed } from "./probe";
import { atLeast, compare, LEAST_PYTHON } from "./versions";

export type Problem =
  /** No Python at all, or none that is new enough. */
  | { kind: "noPython"; old: Interpreter | undefined }
  /** Pythons, but none with Pitchpipe; the first of them. */
  | { kind: "noServer"; interpreter: Interpreter }
  /** The one that the settings name is no Python that answers. */
  | { kind: "broken"; command: string; why: string }
  /** The one that the settings name is too old. */
  | { kind: "tooOld"; interpreter: Interpreter };

export type Found = { interpreter: Interpreter } | { problem: Problem };

/** What the settings name is not passed over. `ask` raises where a program is no Python. */
export async function find(
  candidates: readonly Candidate[],
  ask: (candidate: Candidate) => Promise<Probed>,
): Promise<Found> {
  let bare: Interpreter | undefined;
  let old: Interpreter | undefined;
  for (const candidate of candidates) {
    let probed: Probed;
    try {
      probed = await ask(candidate);
    } catch (error) {
      if (!isNamed(candidate)) continue;
      const why = error instanceof Error ? error.message : String(error);
      return { problem: { kind: "broken", command: candidate.command, why } };
    }
    const interpreter = { ...probed, ...candidate };
    if (!atLeast(interpreter.version, LEAST_PYTHON)) {
      if (isNamed(candidate)) return { problem: { kind: "tooOld", interpreter } };
      old ??= interpreter;
    } else if (interpreter.pitchpipe === null) {
      if (isNamed(candidate)) return { problem: { kind: "noServer", interpreter } };
      bare ??= interpreter;
    } else {
      return { interpreter };
    }
  }
  if (bare) return { problem: { kind: "noServer", interpreter: bare } };
  return { problem: { kind: "noPython", old } };
}

/** An installation has its Python under several names, as `python` and `python3`. */
function isSame(one: Probed, other: Probed): boolean {
  const [a, b] = [one, other].map(({ executable }) => executable.replace(/[^\\/]+$/, ""));
  return a === b && compare(one.version, other.version) === 0;
}

/** All that are new enough, without doubles. */
export async function all(
  candidates: readonly Candidate[],
  ask: (candidate: Candidate) => Promise<Probed>,
): Promise<Interpreter[]> {
  const answers = await Promise.allSettled(candidates.map(ask));
  const found: Interpreter[] = [];
  answers.forEach((answer, i) => {
    const candidate = candidates[i];
    if (!candidate || answer.status === "rejected") return;
    const { value } = answer;
    if (!atLeast(value.version, LEAST_PYTHON)) return;
    if (found.some((other) => isSame(other, value))) return;
    found.push({ ...value, ...candidate });
  });
  return found;
}
