// biome-ignore-all lint/suspicious/noTemplateCurlyInString: settings have such variables
import { describe, expect, test } from "vitest";
import { candidates, named, onPath, type Surroundings } from "../../src/environment/candidates";

/** A Linux machine with these files, changed as the test wants. */
function around(files: string[], changes: Partial<Surroundings> = {}): Surroundings {
  return {
    serverPython: "",
    python: "",
    extension: undefined,
    folders: ["/home/me/project"],
    trusted: true,
    own: "/home/me/.storage/environment",
    home: "/home/me",
    environment: { PATH: "/usr/local/bin:/usr/bin" },
    windows: false,
    exists: (file) => files.includes(file),
    ...changes,
  };
}

const shown = (surroundings: Surroundings) =>
  candidates(surroundings).map(({ from, command, args }) => [from, command, ...args].join(" "));

test("the order is settings, Python extension, workspace, own environment, PATH", () => {
  const files = [
    "/home/me/project/.venv/bin/python",
    "/home/me/project/venv/bin/python",
    "/home/me/.storage/environment/bin/python",
    "/usr/bin/python3",
    "/usr/bin/python",
  ];
  const set = {
    serverPython: "/opt/a/python",
    python: "/opt/b/python",
    extension: "/opt/c/python",
  };
  expect(shown(around(files, set))).toEqual([
    "serverSetting /opt/a/python",
    "setting /opt/b/python",
    "extension /opt/c/python",
    "workspace /home/me/project/.venv/bin/python",
    "workspace /home/me/project/venv/bin/python",
    "own /home/me/.storage/environment/bin/python",
    "path /usr/bin/python3",
    "path /usr/bin/python",
  ]);
});

test("a program that is named twice is tried once", () => {
  const files = ["/usr/bin/python3"];
  expect(shown(around(files, { python: "/usr/bin/python3" }))).toEqual([
    "setting /usr/bin/python3",
  ]);
});

test("Windows has Scripts, the launcher and its own ways of writing paths", () => {
  const files = [
    "C:\\work\\.venv\\Scripts\\python.exe",
    "C:\\Windows\\py.exe",
    "C:\\Program Files\\Python\\python.exe",
  ];
  const windows = around(files, {
    windows: true,
    folders: ["C:\\work"],
    own: "C:\\storage\\environment",
    environment: { Path: 'C:\\Windows;"C:\\Program Files\\Python";tools' },
  });
  expect(shown(windows)).toEqual([
    "workspace C:\\work\\.venv\\Scripts\\python.exe",
    "path C:\\Windows\\py.exe -3",
    "path C:\\Program Files\\Python\\python.exe",
  ]);
});

describe("in Restricted Mode nothing comes from the workspace:", () => {
  const files = ["/home/me/project/.venv/bin/python", "/usr/bin/python3"];
  const restricted = (changes: Partial<Surroundings>) =>
    shown(around(files, { trusted: false, ...changes }));

  test("its environment", () => {
    expect(restricted({})).toEqual(["path /usr/bin/python3"]);
  });

  test.each([
    "/home/me/project/.venv/bin/python",
    "${workspaceFolder}/.venv/bin/python",
    ".venv/bin/python",
    "~/project/../project/.venv/bin/python",
  ])("a setting of the user's that leads into it: %s", (python) => {
    expect(restricted({ python })).toEqual(["path /usr/bin/python3"]);
  });

  test("what a Python extension has found in it", () => {
    const extension = "/home/me/project/.venv/bin/python";
    expect(restricted({ extension })).toEqual(["path /usr/bin/python3"]);
  });

  test("an entry of PATH", () => {
    const environment = { PATH: "/home/me/project/.venv/bin:/usr/bin" };
    const found = [...files, "/home/me/project/.venv/bin/python3"];
    expect(shown(around(found, { trusted: false, environment }))).toEqual([
      "path /usr/bin/python3",
    ]);
  });

  test("but a folder beside it whose name only begins like it is another", () => {
    expect(restricted({ python: "/home/me/project-tools/python" })[0]).toBe(
      "setting /home/me/project-tools/python",
    );
  });
});

test.each([
  ["  ", undefined],
  ["/opt/py/bin/python", "/opt/py/bin/python"],
  ["~/py/bin/python", "/home/me/py/bin/python"],
  ["${userHome}/py/bin/python", "/home/me/py/bin/python"],
  ["${workspaceFolder}/.venv/bin/python", "/home/me/project/.venv/bin/python"],
  ["${env:VIRTUAL_ENV}/bin/python", "/envs/x/bin/python"],
  ["env/bin/python", "/home/me/project/env/bin/python"],
  ["python3.12", "/usr/bin/python3.12"],
  ["python3.99", "python3.99"],
])("the setting %j means %j", (setting, expected) => {
  const environment = { PATH: "/usr/bin", VIRTUAL_ENV: "/envs/x" };
  expect(named(setting, around(["/usr/bin/python3.12"], { environment }))).toBe(expected);
});

test("relative entries of PATH are passed over", () => {
  const files = ["/home/me/project/bin/python3", "bin/python3", "/usr/bin/python3"];
  const environment = { PATH: ":.:bin:/usr/bin" };
  expect(onPath("python3", around(files, { environment }))).toBe("/usr/bin/python3");
});
