"""Runs the extension's own tests in VS Code's extension host, and tells what each came to."""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from vscode.server import EXTENSION, Server
from vscode.window import Browser

SOURCES = EXTENSION / "test" / "host"
STUBS = SOURCES / "stubs"  # extensions of others, as far as ours asks them
BUILT = EXTENSION / ".vscode-test" / "host"
LIMIT = 800.0  # seconds for all of them
STEP = re.compile(r"^(?P<indent> *)(?P<kind>suite|test)\(\s*\"(?P<title>[^\"\n]+)\"", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    outcome: str
    error: str | None
    milliseconds: float


def titles() -> list[str]:
    """Of all tests that the sources hold, as mocha joins them: `suite > test`.

    Read from the text, so that pytest knows the tests before VS Code is started. The titles are
    plain strings in double quotes, and nesting is what the formatter made it.
    """
    found: list[str] = []
    for file in sorted(SOURCES.glob("*.test.ts")):
        suites: list[tuple[int, str]] = []
        for step in STEP.finditer(file.read_text(encoding="utf-8")):
            depth = len(step["indent"])
            suites = [(at, title) for at, title in suites if at < depth]
            if step["kind"] == "suite":
                suites.append((depth, step["title"]))
            else:
                found.append(" > ".join([*(title for _, title in suites), step["title"]]))
    return found


def install_stubs(home: Path) -> None:
    """Puts the stubs of others' extensions where a server finds them that is started then."""
    for stub in STUBS.iterdir():
        said = json.loads((stub / "package.json").read_text(encoding="utf-8"))
        name = f"{said['publisher']}.{said['name']}-{said['version']}"
        shutil.copytree(stub, home / "extensions" / name)


def run(server: Server, browser: Browser, folder: Path, results: Path) -> dict[str, Outcome]:
    """What each test came to that ran; raises AssertionError with the log where none did.

    The server must run with `PITCHPIPE_HOST_RESULTS` set to the results' file.
    """
    ended: list[int] = []
    page = browser.new_page()
    page.expose_function("codeAutomationLog", lambda *_: None)
    page.expose_function("codeAutomationExit", lambda code: ended.append(code))
    payload = [
        ["extensionDevelopmentPath", server.remote(EXTENSION)],
        ["extensionTestsPath", server.remote(BUILT / "index.js")],
        ["skipWelcome", "true"],
    ]
    page.goto(server.address(folder, payload), wait_until="domcontentloaded")
    end = time.monotonic() + LIMIT
    while not ended and time.monotonic() < end:
        page.wait_for_timeout(200)
    page.close()
    told = [json.loads(line) for line in _lines(results)]
    assert told, f"no test ran within {LIMIT:.0f} s\n{server.log()}"
    return {
        line["title"]: Outcome(line["outcome"], line["error"], line["milliseconds"])
        for line in told
    }


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
