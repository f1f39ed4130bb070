import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replay } from "../../src/running/history";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function read(offset = 0): Promise<[string[], number]> {
  const kinds: string[] = [];
  const end = await replay(folder, offset, (event, at) => kinds.push(`${event.kind} ${at}`));
  return [kinds, end];
}

test("a run without events has none", async () => {
  expect(await read(7)).toEqual([[], 7]);
});

test("whole lines are read, with the bytes behind them, and then those that came", async () => {
  const file = join(folder, "events.jsonl");
  writeFileSync(file, '{"kind":"ü"}\nhalf a line\n[]\n{"kind":"b"}\n{"kind":');
  expect(await read()).toEqual([["ü 14", "b 42"], 42]);
  appendFileSync(file, '"c"}\n');
  expect(await read(42)).toEqual([["c 55"], 55]);
});

test("a line that is longer than a piece of the file is read whole", async () => {
  const long = JSON.stringify({ kind: "log", message: "x".repeat(9_000_000) });
  writeFileSync(join(folder, "events.jsonl"), `{"kind":"a"}\n${long}\n{"kind":"z"}\n`);
  const [kinds] = await read();
  expect(kinds.map((kind) => kind.split(" ")[0])).toEqual(["a", "log", "z"]);
});
