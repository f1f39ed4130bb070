import { expect, test } from "vitest";
import { Backoff } from "../../src/environment/backoff";
import type { Candidate, Origin } from "../../src/environment/candidates";
import { all, find } from "../../src/environment/find";
import {
  extents,
  installArguments,
  maker,
  requirement,
  wheelAmong,
} from "../../src/environment/installing";
import { type Interpreter, type Probed, parsed, whyNot } from "../../src/environment/probe";
import { ServerLog } from "../../src/environment/serverLog";
import { atLeast, compare } from "../../src/environment/versions";

const python = (changes: Partial<Interpreter> = {}): Interpreter => ({
  from: "path",
  command: "/usr/bin/python3",
  args: [],
  version: [3, 11, 7],
  executable: "/usr/bin/python3",
  environment: false,
  managed: false,
  canMake: true,
  pitchpipe: null,
  runner: false,
  ...changes,
});

test.each([
  [[3, 10], [3, 10, 0], 0],
  [[3, 9, 18], [3, 10], -1],
  [[3, 12], [3, 11, 9], 1],
  [[2, 7, 18], [3, 10], -1],
])("%j against %j is %i", (a, b, expected) => {
  expect(Math.sign(compare(a, b))).toBe(expected);
  expect(atLeast(a, b)).toBe(expected >= 0);
});

test("what a site prints before the answer is passed over", () => {
  const answer = '{"version": [3, 11, 7], "executable": "/usr/bin/python3"}';
  expect(parsed(`warning: something\n\n${answer}\n`)?.version).toEqual([3, 11, 7]);
});

test.each([
  "",
  "Python 3.11.7",
  '{"version": "3.11"}',
  '{"version": [3, 11], "executable": ""}',
  '{"version": [3, null], "executable": "/usr/bin/python3"}',
  "null",
])("no answer of a Python: %j", (output) => {
  expect(parsed(output)).toBeUndefined();
});

test.each([
  [{ killed: true }, "", "it did not answer within 15 s"],
  [{ code: "ENOENT" }, "", "there is no such program"],
  [{ code: "EACCES" }, "", "it can't be executed"],
  [{ code: 1 }, "Traceback\nImportError: no\n", "ImportError: no"],
  [{ code: 4 }, "", "it ended with exit code 4"],
  [{ signal: "SIGSEGV" as const }, " \n", "it ended with exit code SIGSEGV"],
])("why a program did not answer, %o, is told without what it was asked", (how, stderr, why) => {
  const failed = Object.assign(new Error("Command failed: python -c import json …"), how);
  expect(whyNot(failed, stderr, 15_000)).toBe(why);
});

test("what the server logs keeps its level, and the last word of one that ends is known", () => {
  const log = new ServerLog();
  const lines = [
    "2026-01-31 12:00:00,123 DEBUG pygls: asked",
    "2026-01-31 12:00:00,124 WARNING pitchpipe_server: odd",
    "  and more of it",
    "2026-01-31 12:00:00,125 ERROR x: failed",
    "ModuleNotFoundError: No module named 'x'",
    "",
  ];
  expect(lines.map((line) => log.take(line))).toEqual([
    { level: "debug", text: "pygls: asked" },
    { level: "warn", text: "pitchpipe_server: odd" },
    { level: "warn", text: "  and more of it" },
    { level: "error", text: "x: failed" },
    { level: "error", text: "ModuleNotFoundError: No module named 'x'" },
    { level: "error", text: "" },
  ]);
  expect(log.last).toBe("ModuleNotFoundError: No module named 'x'");
});

/** Candidates that answer as given; null is a program that is no Python. */
async function searched(...given: [Origin, Partial<Probed> | null][]): Promise<string> {
  const list = given.map(([from], i): Candidate => ({ from, command: `/${i}`, args: [] }));
  const found = await find(list, async ({ command }) => {
    const answer = given[Number(command.slice(1))]?.[1];
    if (!answer) throw new Error("no such file");
    return python({ executable: command, ...answer });
  });
  if ("interpreter" in found) return found.interpreter.executable;
  const { problem } = found;
  if ("interpreter" in problem) return `${problem.kind} ${problem.interpreter.executable}`;
  return problem.kind === "broken" ? `broken ${problem.command}: ${problem.why}` : problem.kind;
}

const SERVES = { pitchpipe: "0.1.0" };

test("the first Python with a server is taken", async () => {
  const found = await searched(["workspace", {}], ["own", SERVES], ["path", SERVES]);
  expect(found).toBe("/1");
});

test("a program that is no Python is passed over", async () => {
  expect(await searched(["path", null], ["path", SERVES])).toBe("/1");
});

test("without any server it is the first Python that could have one", async () => {
  const old = { version: [3, 9, 1] };
  expect(await searched(["extension", old], ["workspace", {}], ["path", {}])).toBe("noServer /1");
});

test("without any Python that is new enough there is none", async () => {
  expect(await searched(["path", { version: [2, 7, 18], ...SERVES }])).toBe("noPython");
  expect(await searched()).toBe("noPython");
});

test.each<[Partial<Probed> | null, string]>([
  [null, "broken /0: no such file"],
  [{ version: [3, 9, 1], ...SERVES }, "tooOld /0"],
  [{}, "noServer /0"],
])("no other takes the place of what the settings name: %j", async (answer, expected) => {
  expect(await searched(["setting", answer], ["path", SERVES])).toBe(expected);
});

test("all interpreters are listed once, without the old", async () => {
  const list: Candidate[] = ["/a", "/b", "/c", "/d"].map((command) => ({
    from: "path",
    command,
    args: [],
  }));
  const found = await all(list, async ({ command }) => {
    if (command === "/d") throw new Error("no such file");
    if (command === "/c") return python({ version: [3, 8, 0] });
    return python({ executable: command === "/a" ? "/bin/python3" : "/bin/python" });
  });
  expect(found.map((one) => one.executable)).toEqual(["/bin/python3"]);
});

test("a server is started again after 1, 2, 4, 8 and 16 s, and then no more", () => {
  const backoff = new Backoff();
  const delays = [0, 1, 2, 3, 4, 5].map((second) => backoff.crashed(second * 1000));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16000, undefined]);
});

test("crashes of more than 3 minutes ago count no more", () => {
  const backoff = new Backoff();
  expect([0, 181, 182].map((second) => backoff.crashed(second * 1000))).toEqual([1000, 1000, 2000]);
});

test("a restart by hand begins anew", () => {
  const backoff = new Backoff();
  backoff.crashed(0);
  backoff.forget();
  expect(backoff.crashed(1)).toBe(1000);
});

test.each([
  ["server", undefined, "pitchpipe"],
  ["runner", undefined, "pitchpipe[runner]"],
  [
    "runner",
    "/x y/pitchpipe-0.1.0-py3-none-any.whl",
    "/x y/pitchpipe-0.1.0-py3-none-any.whl[runner]",
  ],
] as const)("%s from %j is %j for pip", (extent, wheel, expected) => {
  expect(requirement(extent, wheel)).toBe(expected);
});

test("what is installed where is said in arguments that no shell reads", () => {
  const target = { interpreter: python(), make: "/my project/$(x)/.venv" };
  const index = "https://wheels.example/cpu";
  expect(installArguments("/ext/install.py", target, "runner", undefined, index)).toEqual([
    "/ext/install.py",
    "--new",
    "/my project/$(x)/.venv",
    "--index",
    index,
    "pitchpipe[runner]",
  ]);
  expect(
    installArguments("/ext/install.py", { interpreter: python() }, "server", "/w.whl", index),
  ).toEqual(["/ext/install.py", "/w.whl"]);
});

test("the wheel is told from what else lies beside it", () => {
  const names = ["README", "other-1.0-py3-none-any.whl", "pitchpipe-0.1.0-py3-none-any.whl"];
  expect(wheelAmong(names)).toBe("pitchpipe-0.1.0-py3-none-any.whl");
  expect(wheelAmong(["README"])).toBeUndefined();
});

test("the runner is offered to Pythons that it can use", () => {
  expect(extents(python({ version: [3, 10, 12] }))).toEqual(["server"]);
  expect(extents(python())).toEqual(["runner", "server"]);
});

test("environments are made with a Python that can, and that the runner can use", () => {
  const bare = python({ executable: "/bare", canMake: false });
  const old = python({ executable: "/old", version: [3, 10, 0] });
  const good = python({ executable: "/good" });
  expect(maker([bare, old, good])?.executable).toBe("/good");
  expect(maker([bare, old])?.executable).toBe("/old");
  expect(maker([bare])).toBeUndefined();
});
