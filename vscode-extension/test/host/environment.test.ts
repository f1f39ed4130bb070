import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { method } from "../../src/api/protocol";
import type { Api } from "../../src/extension";
import type { Session } from "../../src/session";
import { activated, ROOT, until } from "./support";

const settings = () => vscode.workspace.getConfiguration("pitchpipe");
const HERE = ROOT.fsPath;

suite("Environment", () => {
  let session: Session;
  /** The interpreter that the tests' settings name. */
  let python: string;

  suiteSetup(async () => {
    const extension = (await activated()) as vscode.Extension<Api>;
    session = extension.exports.session;
    python = settings().get("server.python", "");
    await serving(python);
  });

  teardown(async () => {
    for (const name of [
      "python",
      "server.python",
      "server.environment",
      "server.arguments",
      "device",
    ]) {
      await set(name, undefined);
    }
    await rm(join(HERE, ".venv"), { recursive: true, force: true });
    // Behind whatever the settings have set off.
    await vscode.commands.executeCommand("pitchpipe.server.restart");
    await serving(python);
  });

  /** In the workspace's settings, which go before the machine's. */
  async function set(name: string, value: unknown): Promise<void> {
    if (settings().inspect(name)?.workspaceValue === value) return;
    await settings().update(name, value, vscode.ConfigurationTarget.Workspace);
  }

  /** Waits until the server runs in an interpreter. */
  async function serving(executable: string): Promise<void> {
    await until(`a server in ${executable}`, async () => {
      if (!session.running) return false;
      const status = await session
        .request<{ python: string }>(method.status)
        .catch(() => undefined);
      return status?.python === executable;
    });
  }

  /** Waits until another server than before answers. */
  async function another(before: number | undefined): Promise<number> {
    return until("another server", () => {
      const now = serverProcess();
      return session.running && now !== before ? now : undefined;
    });
  }

  test("the server runs in the interpreter of the settings, away from the workspace", () => {
    const server = serverProcess();
    assert.ok(server);
    const folder = readlinkSync(`/proc/${server}/cwd`);
    assert.ok(!folder.startsWith(HERE), folder);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("its commands are there", async () => {
    const all = await vscode.commands.getCommands(true);
    for (const name of [
      "pitchpipe.environment.install",
      "pitchpipe.environment.selectPython",
      "pitchpipe.server.restart",
      "pitchpipe.server.status",
      "pitchpipe.output.show",
      "pitchpipe.sample.open",
      "pitchpipe.workflow.new",
    ]) {
      assert.ok(all.includes(name), name);
    }
  });

  test("a module in the workspace is not taken for one of Python's", async () => {
    const mark = join(HERE, "imported");
    const code = `open(${JSON.stringify(mark)}, "w").close()\n`;
    const module = join(HERE, "json.py");
    await writeFile(module, code);
    try {
      const before = serverProcess();
      await vscode.commands.executeCommand("pitchpipe.server.restart");
      await another(before);
      assert.ok(!existsSync(mark));
    } finally {
      await rm(module);
    }
  });

  test("a restart by hand brings another process, and features work as before", async () => {
    const before = serverProcess();
    await vscode.commands.executeCommand("pitchpipe.server.restart");
    await another(before);
    const status = await session.request<{ version: string }>(method.status);
    assert.match(status.version, /^\d+\.\d+/);
  });

  test("a server that is killed is started again", async () => {
    const before = serverProcess();
    assert.ok(before);
    const gone = new Promise<void>((resolve) => {
      const listening = session.onGone(() => {
        listening.dispose();
        resolve();
      });
    });
    process.kill(before, "SIGKILL");
    await gone;
    await another(before);
    await serving(python);
  });

  test("environment and arguments of the settings reach the server", async () => {
    const before = serverProcess();
    await set("server.environment", { PITCHPIPE_MARK: "ü" });
    const now = await another(before);
    assert.match(readFileSync(`/proc/${now}/environ`, "utf8"), /PITCHPIPE_MARK=ü/);
    await set("server.arguments", ["--verbose"]);
    const last = await another(now);
    assert.match(readFileSync(`/proc/${last}/cmdline`, "utf8"), /pitchpipe_server\0--verbose/);
  });

  test("a server that does not start is tried again until it can", async () => {
    const program = join(HERE, "sometimes python");
    const mark = join(HERE, "may start");
    const tries = join(HERE, "tries");
    // Answers what it is asked, but serves only once it may.
    const script = `#!/bin/sh
case "$*" in "-m pitchpipe_server"*) echo >> "${tries}"; [ -e "${mark}" ] || exit 3;; esac
exec "${python}" "$@"
`;
    await writeFile(program, script, { mode: 0o755 });
    try {
      await set("server.python", program);
      await until("it has been tried twice", () => count(tries) >= 2);
      assert.ok(!session.running);
      await writeFile(mark, "");
      await serving(python);
    } finally {
      for (const file of [program, mark, tries]) await rm(file, { force: true });
    }
  });

  test("a setting that the server asks for restarts nothing", async () => {
    const before = serverProcess();
    await set("device", "RTX 4090");
    await until("the server has the device", async () => {
      const status = await session.request<{ settings: { device: string | null } }>(method.status);
      return status.settings.device === "RTX 4090";
    });
    assert.equal(serverProcess(), before);
  });

  test("an interpreter that does not exist stops the server, and the next one starts it", async () => {
    await set("server.python", join(HERE, "no such python"));
    await until("no server", () => !session.running);
    await set("server.python", undefined);
    await serving(python);
  });

  test("no other interpreter takes the place of one without Pitchpipe", async () => {
    await environment(join(HERE, ".venv"), { with: undefined });
    await set("server.python", join(HERE, ".venv", "bin", "python"));
    await until("no server", () => !session.running);
  });

  test("without a setting it is the environment of the workspace", async () => {
    await environment(join(HERE, ".venv"), { with: python });
    await set("server.python", "");
    await serving(join(HERE, ".venv", "bin", "python"));
  });

  test("the interpreter of the Python extension goes before that", async () => {
    const own = join(HERE, "chosen");
    await environment(own, { with: python });
    await environment(join(HERE, ".venv"), { with: python });
    const stub = vscode.extensions.getExtension<{ choose(path?: string): void }>(
      "ms-python.python",
    );
    assert.ok(stub, "the stub of the Python extension is installed");
    const api = await stub.activate();
    try {
      await set("server.python", "");
      await serving(join(HERE, ".venv", "bin", "python"));
      api.choose(join(own, "bin", "python"));
      await serving(join(own, "bin", "python"));
    } finally {
      api.choose(undefined);
      await rm(own, { recursive: true });
    }
  });

  test("the runner's interpreter serves where none is set for the server", async () => {
    await environment(join(HERE, ".venv"), { with: python });
    await set("server.python", "");
    await set("python", `\${workspaceFolder}/.venv/bin/python`);
    await serving(join(HERE, ".venv", "bin", "python"));
    const status = await session.request<{ settings: { python: string } }>(method.status);
    assert.equal(status.settings.python, join(HERE, ".venv", "bin", "python"));
  });

  test("an installation that fails leaves the server as it is", async () => {
    const before = serverProcess();
    const wish = { folder: join(HERE, "rows.jsonl", "environment"), extent: "server" };
    assert.equal(
      await vscode.commands.executeCommand("pitchpipe.environment.install", wish),
      false,
    );
    assert.equal(serverProcess(), before);
    await serving(python);
  });

  test("a program that does more and then becomes Python is started as it is named", async () => {
    const program = join(HERE, "wrapped python");
    await writeFile(program, `#!/bin/sh\nPITCHPIPE_WRAPPED=1 exec "${python}" "$@"\n`, {
      mode: 0o755,
    });
    const before = serverProcess();
    try {
      await set("server.python", program);
      const now = await another(before);
      assert.match(readFileSync(`/proc/${now}/environ`, "utf8"), /PITCHPIPE_WRAPPED=1/);
    } finally {
      await rm(program);
    }
  });

  test("what a program says after it has started decides, not its name", async () => {
    const program = join(HERE, "python-of-sorts");
    await symlink("/bin/true", program);
    try {
      await set("server.python", program);
      await until("no server", () => !session.running);
    } finally {
      await rm(program);
    }
  });
});

/** Lines of a file that may not be there. */
function count(file: string): number {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

/** The newest server process below this extension host. */
function serverProcess(): number | undefined {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, "utf8");
        const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1];
        return line.includes("\0-m\0pitchpipe_server") && Number(parent) === process.pid;
      } catch {
        return false; // it has ended meanwhile
      }
    });
  return found.sort((a, b) => a - b).at(-1);
}

/** Makes a virtual environment; `with` is an interpreter whose packages it shall see. */
async function environment(folder: string, { with: other }: { with: string | undefined }) {
  const maker = settings().inspect<string>("server.python")?.globalValue;
  assert.ok(maker, "the machine's settings name an interpreter");
  execFileSync(maker, ["-m", "venv", "--without-pip", folder]);
  if (other === undefined) return;
  const print = "import sys; print('\\n'.join(p for p in sys.path if p))";
  const paths = execFileSync(maker, ["-I", "-c", print], { encoding: "utf8" });
  const libraries = join(folder, "lib");
  for (const name of await readdirOf(libraries)) {
    await mkdir(join(libraries, name, "site-packages"), { recursive: true });
    await writeFile(join(libraries, name, "site-packages", "other.pth"), paths);
  }
}

async function readdirOf(folder: string): Promise<string[]> {
  return readdirSync(folder).filter((name) => name.startsWith("python"));
}
