import { expect, test } from "vitest";
import { targetItems } from "../../src/environment/install";
import { messageFor } from "../../src/environment/messages";
import type { Interpreter } from "../../src/environment/probe";
import { itemOf } from "../../src/environment/selectPython";
import type { State } from "../../src/environment/server";
import { described } from "../../src/environment/status";
import { inShort, modelInWords } from "../../src/modelInWords";

const interpreter: Interpreter = {
  from: "path",
  command: "/usr/bin/python3",
  args: [],
  version: [3, 11, 7],
  executable: "/usr/bin/python3",
  environment: false,
  managed: false,
  canMake: true,
  pitchpipe: "0.1.0",
  runner: false,
};
const bare = { ...interpreter, pitchpipe: null };
const old = { ...bare, version: [3, 9, 2] };

test.each<[State, string, string[]]>([
  [
    { is: "problem", problem: { kind: "noServer", interpreter: bare } },
    "Pitchpipe is not installed for /usr/bin/python3. Without it workflows are neither checked nor run.",
    ["install", "choose", "settings"],
  ],
  [
    { is: "problem", problem: { kind: "noPython", old: undefined } },
    "Pitchpipe needs Python 3.10 or newer, and none was found.",
    ["choose", "settings"],
  ],
  [
    { is: "problem", problem: { kind: "noPython", old } },
    "Pitchpipe needs Python 3.10 or newer; /usr/bin/python3 is Python 3.9.2.",
    ["choose", "settings"],
  ],
  [
    { is: "problem", problem: { kind: "tooOld", interpreter: old } },
    "Pitchpipe needs Python 3.10 or newer; /usr/bin/python3 in the settings is Python 3.9.2.",
    ["choose", "settings"],
  ],
  [
    { is: "problem", problem: { kind: "broken", command: "/no", why: "not there" } },
    "The interpreter in the settings, /no, does not work: not there",
    ["choose", "settings"],
  ],
  [
    { is: "running", interpreter, outdated: true },
    "Pitchpipe 0.1.0 is older than this extension, and some of it will not work.",
    ["install", "choose"],
  ],
  [
    { is: "down", interpreter, why: "It has ended.", again: undefined, wasUp: true },
    "It has ended.",
    ["restart", "output", "choose"],
  ],
  [
    { is: "down", interpreter, why: "It does not start.", again: 1000, wasUp: false },
    "It does not start.",
    ["restart", "output", "choose"],
  ],
])("%j is told with buttons", (state, text, buttons) => {
  expect(messageFor(state)).toEqual({ text, buttons });
});

test.each<State>([
  { is: "looking" },
  { is: "starting", interpreter },
  { is: "running", interpreter, outdated: false },
  { is: "down", interpreter, why: "It has ended.", again: 2000, wasUp: true },
])("nobody is told of %j", (state) => {
  expect(messageFor(state)).toBeUndefined();
});

test("the status has version and interpreter", () => {
  const { text, detail } = described({ is: "running", interpreter, outdated: false });
  expect([text, detail]).toEqual(["Pitchpipe 0.1.0", "Python 3.11.7 (/usr/bin/python3)"]);
});

test("packages go to environments first, to new ones next, never where the system wants none", () => {
  const environment = { ...bare, environment: true, executable: "/home/me/.venv/bin/python" };
  const managed = { ...bare, managed: true, executable: "/usr/bin/python3.12" };
  const places = [{ label: "New", folder: "/own" }];
  const items = targetItems([bare, managed, environment], places);
  expect(items.map((item) => item.description)).toEqual([
    "/home/me/.venv/bin/python",
    "/own",
    "/usr/bin/python3",
  ]);
});

test("where no Python can make environments none is offered", () => {
  expect(
    targetItems([{ ...bare, managed: true, canMake: false }], [{ label: "New", folder: "/own" }]),
  ).toEqual([]);
});

test.each([
  [{ pitchpipe: null }, "without Pitchpipe"],
  [{ pitchpipe: "0.1.0" }, "Pitchpipe 0.1.0 without the runner"],
  [{ pitchpipe: "0.1.0", runner: true }, "Pitchpipe 0.1.0 with the runner"],
])("an interpreter that is %j", (changes, detail) => {
  expect(itemOf({ ...interpreter, ...changes }).detail).toBe(detail);
});

test.each([
  [999, "999"],
  [1_000, "1 k"],
  [134_515_008, "135 M"],
  [1_711_376_384, "1.7 B"],
  [7_000_000_000, "7 B"],
])("%i parameters are %s", (count, expected) => {
  expect(inShort(count)).toBe(expected);
});

test("a model is told in words", () => {
  const model = {
    name: "a",
    parameters: 134_515_008,
    licence: "apache-2.0",
    chat: null,
    local: true,
  };
  expect(modelInWords(model)).toBe("135 M parameters, apache-2.0, on this machine");
  expect(modelInWords({ ...model, parameters: null, licence: null, local: false })).toBe("");
});
