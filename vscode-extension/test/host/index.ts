/** Runs the tests of this folder in the extension host, and writes a line of JSON about each. */

import { appendFileSync, readdirSync } from "node:fs";
import * as path from "node:path";
import Mocha from "mocha";

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "tdd", timeout: 60_000, reporter: Mocha.reporters.Base });
  for (const name of readdirSync(__dirname)
    .filter((name) => name.endsWith(".test.js"))
    .sort()) {
    mocha.addFile(path.join(__dirname, name));
  }
  await new Promise<void>((resolve) => report(mocha.run(() => resolve())));
}

function report(runner: Mocha.Runner): void {
  const results = process.env.PITCHPIPE_HOST_RESULTS;
  if (!results) throw new Error("PITCHPIPE_HOST_RESULTS names no file");
  const write = (line: object) => appendFileSync(results, `${JSON.stringify(line)}\n`);
  const told = (test: Mocha.Runnable, outcome: string, error?: Error) =>
    write({
      title: test.titlePath().join(" > "),
      outcome,
      milliseconds: test.duration ?? 0,
      error: error ? (error.stack ?? error.message) : null,
    });
  runner.on("pass", (test) => told(test, "passed"));
  runner.on("fail", (test, error: Error) => told(test, "failed", error));
  runner.on("pending", (test) => told(test, "skipped"));
}
