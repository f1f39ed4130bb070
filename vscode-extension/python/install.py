"""Installs packages into this interpreter, or into a new environment that it makes first.

    python install.py [--new FOLDER] [--index URL] REQUIREMENT

It runs in a terminal that the user watches, so it says what it does. Only the standard library.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--new", metavar="FOLDER", help="make an environment there")
    parser.add_argument("--index", metavar="URL", help="a further package index")
    parser.add_argument("requirement")
    asked = parser.parse_args()
    python = sys.executable
    if asked.new:
        if status := told([python, "-m", "venv", asked.new]):
            say("The environment could not be made.")
            say("On Debian and Ubuntu `apt install python3-venv` may be missing.")
            return status
        inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        python = str(Path(asked.new, inside))
    elif not importlib.util.find_spec("pip"):
        return without_pip(python, asked.requirement, asked.index)
    return told([*pip(python), *further(asked.index), asked.requirement])


def without_pip(python: str, requirement: str, index: str | None) -> int:
    """As in environments that uv makes."""
    if uv := shutil.which("uv"):
        return told([uv, "pip", "install", "--python", python, *further(index), requirement])
    if not importlib.util.find_spec("ensurepip"):
        say(f"{python} has no pip, and there is no uv: packages can't be installed.")
        return 1
    return told([python, "-m", "ensurepip"]) or told([*pip(python), *further(index), requirement])


def pip(python: str) -> list[str]:
    return [python, "-m", "pip", "--disable-pip-version-check", "install", "--upgrade"]


def further(index: str | None) -> list[str]:
    return ["--extra-index-url", index] if index else []


def told(command: list[str]) -> int:
    """Runs a command and shows it."""
    say("> " + subprocess.list2cmdline(command))
    return subprocess.call(command)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
