"""Our language server and yaml-language-server with our schema, on the same files. No verdict.

    python tests/bench/lsp.py [--ours] [--rounds 3] [-n 20] [--lines 60 1000 10000] [--pull]

yaml-language-server and its Node are installed from npm and PyPI into the user's cache; `--ours`
needs neither. Rounds are interleaved: in each, every server goes through every workflow. What each
figure is says `tests/bench/lsp/figures.py`; `!` marks a ratio above its goal.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.lsp import documents, servers, table
from bench.lsp.figures import Session, session


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", action="store_true", help="our server alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-n", type=int, default=20, help="measurements of a figure in a round")
    parser.add_argument("--lines", type=int, nargs="+", default=table.SIZES)
    parser.add_argument("--pull", action="store_true", help="the client can ask for findings")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="what the servers log")
    asked = parser.parse_args()
    compared = [servers.OURS]
    if not asked.ours:
        compared.append(servers.yaml_language_server(documents.NAME))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(f"ms (memory MiB), {asked.rounds} rounds of n = {asked.n}: median (least–most of rounds)")
    sessions: dict[tuple[str, int], list[Session]] = {}
    with tempfile.TemporaryDirectory() as folder, asked.log.open("ab") as log:
        for _ in range(asked.rounds):
            for lines in asked.lines:
                for server in compared:
                    made = _session(server, Path(folder), lines, asked, log)
                    sessions.setdefault((server.name, lines), []).append(made)
    _report(sessions, compared, asked.lines)


def _session(
    server: servers.Server, root: Path, lines: int, asked: argparse.Namespace, log: IO[bytes]
) -> Session:
    folder = root / str(lines)
    folder.mkdir(exist_ok=True)
    found = documents.workflow(lines)
    path = documents.project(folder, found)
    return asyncio.run(session(server, path, found, asked.n, pull=asked.pull, errors=log))


def _report(
    sessions: dict[tuple[str, int], list[Session]],
    compared: list[servers.Server],
    sizes: list[int],
) -> None:
    other = compared[1].name if len(compared) > 1 else ""
    ours = {lines: sessions[servers.OURS.name, lines] for lines in sizes}
    for lines in sizes:
        print()
        print(table.table(lines, ours[lines], sessions.get((other, lines), []), other))
    if len(sizes) > 1:
        print(f"\n{table.growth(ours)}")
    for (name, lines), made in sessions.items():
        for message in sorted({m for s in made for m in s.log}):
            print(f"{name}, {lines:,} lines, logged {message}")


if __name__ == "__main__":
    main()
