import type { RunStrings } from "../../panels/strings";
import { texts } from "../common/page";

export type Texts = (key: keyof RunStrings & string, ...values: string[]) => string;
export const t: Texts = texts<RunStrings>();

const METRICS: Record<string, keyof RunStrings & string> = {
  loss: "loss",
  eval_loss: "evaluatedLoss",
  learning_rate: "learningRate",
  tokens_per_second: "tokensPerSecond",
  grad_norm: "gradNorm",
};

/** A metric as people call it; what nobody has a name for is written with spaces. */
export function metricName(metric: string): string {
  const key = METRICS[metric];
  if (key) return t(key);
  const words = metric.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "base", "tuned" or "exported-int4" for people. */
export function kindName(kind: string): string {
  if (kind === "base" || kind === "tuned" || kind === "exported") return t(kind);
  return kind.startsWith("exported-") ? t("exportedAs", kind.slice(9)) : kind;
}

/** A stage or state of the protocol for people. */
export function named(name: string): string {
  return t(name as keyof RunStrings & string);
}
