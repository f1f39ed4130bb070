/** Which of several evaluated models is the best by a metric. */

import type { Evaluated } from "../../api/protocol";

const LOWER_IS_BETTER = new Set(["loss", "perplexity", "eval_loss"]);
const HIGHER_IS_BETTER = new Set(["accuracy", "f1", "exact_match"]);
const ORDER = ["accuracy", "f1", "exact_match", "perplexity", "loss"];

export type Direction = "lower" | "higher" | null;

/** null: nobody knows which way is better. */
export function direction(metric: string): Direction {
  if (LOWER_IS_BETTER.has(metric)) return "lower";
  return HIGHER_IS_BETTER.has(metric) ? "higher" : null;
}

/** The kinds that have the best value; none where all are the same or no way is better. */
export function best(evaluated: readonly Evaluated[], metric: string): string[] {
  const way = direction(metric);
  const measured = evaluated.filter((e) => e.metrics[metric] !== undefined);
  if (!way) return [];
  const values = measured.map((e) => e.metrics[metric]?.value as number);
  if (values.every((value) => value === values[0])) return [];
  const top = way === "lower" ? Math.min(...values) : Math.max(...values);
  return measured.filter((e) => e.metrics[metric]?.value === top).map((e) => e.kind);
}

/** The metrics of all models, the telling ones first. */
export function metricsOf(evaluated: readonly Evaluated[]): string[] {
  const names = new Set(evaluated.flatMap((e) => Object.keys(e.metrics)));
  const known = ORDER.filter((name) => names.delete(name));
  return [...known, ...names];
}
