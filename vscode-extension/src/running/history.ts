/** Reads the events of a run from its folder, those that came before anybody listened. */

import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "./state";

const PIECE = 4 << 20; // bytes

/**
 * Hands every whole line from the byte `offset` on to `take`, with the offset behind it; the offset
 * to go on from. A folder that has no events yet, or none any more, has no lines.
 */
export async function replay(
  folder: string,
  offset: number,
  take: (event: Event, offset: number) => void,
): Promise<number> {
  const file = await open(join(folder, "events.jsonl")).catch(() => undefined);
  if (!file) return offset;
  try {
    let at = offset;
    let rest = Buffer.alloc(0);
    const piece = Buffer.alloc(PIECE);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE, at + rest.length);
      if (bytesRead === 0) return at;
      const data = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      let begin = 0;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, begin)) {
        const event = parsed(data.toString("utf8", begin, end));
        at += end + 1 - begin;
        begin = end + 1;
        if (event) take(event, at);
      }
      rest = Buffer.from(data.subarray(begin));
    }
  } finally {
    await file.close();
  }
}

/** Nothing for what a killed process left half-written. */
function parsed(line: string): Event | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null && "kind" in event
      ? (event as Event)
      : undefined;
  } catch {
    return undefined;
  }
}
