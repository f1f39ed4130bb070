"""Installs the VS Code that the tests drive, from npm, without a compiler.

python .ci/code_server.py

code-server's package holds a whole VS Code server, whose own dependencies it leaves to the user.
The native modules that it would compile only write logs; no test needs them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

from npm import EXTENSION, npm

VERSION = "4.139.1"  # VS Code 1.139.1
FOLDER = EXTENSION / ".vscode-test" / "code-server"
SERVER = FOLDER / "node_modules" / "code-server" / "lib" / "vscode"
STAMP = FOLDER / f".stamp-{VERSION}"
OTHERS = ("win32*", "darwin*", "linux-ia32", "linux-ppc64", "linux-riscv64", "linux-s390x")


def main() -> None:
    if sys.platform != "linux":
        print("VS Code is not set up: its tests need Linux")
        return
    if STAMP.exists():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    print(f"installing code-server {VERSION} into {FOLDER.relative_to(EXTENSION.parent)}")
    (FOLDER / "package.json").write_text(json.dumps({"private": True}), encoding="utf-8")
    npm("install", "--ignore-scripts", f"code-server@{VERSION}", cwd=FOLDER)
    npm("install", "--omit=dev", "--ignore-scripts", cwd=SERVER)
    npm("install", "--omit=dev", "--ignore-scripts", cwd=SERVER / "extensions")
    trim()
    STAMP.touch()


def trim() -> None:
    """Takes away half of it: assistants, and other systems' programs."""
    modules = SERVER / "node_modules"
    unneeded = [
        modules / "@microsoft" / "mxc-sdk",
        SERVER / "extensions" / "copilot",
        *modules.glob("@github/copilot*"),
        *(
            system
            for others in OTHERS
            for holder in (*SERVER.rglob("prebuilds"), modules / "@vscode/ripgrep-universal/bin")
            for system in holder.glob(others)
        ),
    ]
    for folder in unneeded:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(
            f"error: npm could not install code-server {VERSION} (exit code {failed.returncode})"
        )
