/** Tells of each event of a run whether a panel that was given the run's details needs it. */

import type { RunEvent } from "../api/protocol";

/** `again`: the details must be asked for once more. */
export type Verdict = "news" | "known" | "again";

/**
 * What follows from these is more than they tell: a resumed run computes steps again, and its clock
 * stood still in between; a prediction, scores, answers and a report are in the details alone.
 */
const TELL_LESS = new Set([
  "run-started",
  "prediction",
  "stage-done",
  "failure",
  "interrupted",
  "run-done",
]);

export class Following {
  /** Behind what is known of the file. */
  private offset = -1;
  /** Of the last event that is known; null: not told. */
  private seq: number | null = null;

  /** Details have come that include everything before `offset`. */
  caughtUp(offset: number): void {
    if (offset !== this.offset) this.seq = null;
    this.offset = offset;
  }

  take({ offset, event }: RunEvent): Verdict {
    if (offset <= this.offset) {
      if (offset === this.offset) this.seq = event.seq;
      return "known";
    }
    if (this.seq !== null && event.seq !== this.seq + 1) return "again";
    this.offset = offset;
    this.seq = event.seq;
    return TELL_LESS.has(event.kind) ? "again" : "news";
  }
}
