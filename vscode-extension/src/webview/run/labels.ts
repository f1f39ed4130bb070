/** What runs are called where several are shown. */

import type { RunDetails } from "../../api/protocol";

/** `when` writes a time, `smoke` is the word for smoke runs. */
export interface Words {
  when(seconds: number | null): string;
  smoke: string;
}

/** Each by when it began, and by its workflow where they are of several; no two alike. */
export function labels(runs: readonly RunDetails[], { when, smoke }: Words): string[] {
  const several = new Set(runs.map(({ workflow }) => workflow)).size > 1;
  const given = new Set<string>();
  return runs.map(({ run, workflow }) => {
    const began = when(run.started) || run.id;
    const parts = [
      several && workflow ? stem(workflow) : "",
      run.smoke ? `${began}, ${smoke}` : began,
    ];
    const label = parts.filter(Boolean).join(" · ");
    if (given.has(label)) return run.id;
    given.add(label);
    return label;
  });
}

export function basename(path: string): string {
  const name = path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
  return path.startsWith("file:") ? decodeURIComponent(name) : name;
}

function stem(workflow: string): string {
  return basename(workflow).replace(/(\.tune)?\.ya?ml$/, "");
}
