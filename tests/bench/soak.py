"""Types at random into one server, asks it meanwhile, and compares with what a fresh reading says.

    python tests/bench/soak.py [-n 100000] [--seed 1] [--lines 60] [--documents 1]

Every hundred edits the findings are compared with an analysis of the same text by the core, made
afresh in this process, and each feature's answer with that for a new document of the same text.
Exit 1: an answer was stale, a request failed, the server logged an error, or its memory grew by
more than a tenth between a tenth of the edits and their end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import pitchpipe_schemas
from bench.lsp import documents, servers
from bench.lsp.client import Client
from pitchpipe.analyse import analyse
from pitchpipe.schema import Schema
from pitchpipe_facts import shipped
from pitchpipe_facts.reader import Reader

_CHECK = 100  # edits between two comparisons
_AWAIT = 20  # edits after which all answers are waited for
_RESTORED = 0.02  # share of edits that put the first text back
_LONGEST = 3  # times the first text's length; then it is put back
_CANCELLED = 0.3  # share of requests
_TRIES, _PAUSE = 40, 0.1  # what is still being found out comes later; seconds
_GROWTH = 1.1
_MIB = 1 << 20
_OBEYED = (-32800, -32801, -32802)  # cancelled, content modified, cancelled by the server
_NO_NAME = -32602  # what the answer to `prepareRename` is where there is nothing to rename

_BREAKS = re.compile(r"\r\n|\n|\r")
_ERRORS = re.compile(r"\b(ERROR|CRITICAL|Traceback|never awaited)\b|^\w*Error:")
_PIECES = (
    *"abz019 :-#,'\"{}[]|>&*!%@\\\n\t",
    *(
        "  ",
        "\n  ",
        "\n    - ",
        ": ",
        "- ",
        "\r\n",
        "---\n",
        "...\n",
        "é",
        "🎼",
        "\u2028",
        "&a ",
        "*a",
    ),
    *("<<: *a\n", "|-\n", ">\n", "# note\n", "null", "true", "~", "1.0e-4", "{a: [b", "[x, y]"),
    *("training:\n", "  seed: 1\n", "learning_rate", "path: rows.jsonl\n", "format: messages\n"),
    *("optim: sgd\n", "r: 8\n", "target_modules: all-linear\n", '"{phrase}"', "{tone}", "eval:\n"),
)
_PLACES = ("completion", "hover", "definition", "documentHighlight", "prepareRename")
_WHOLE = ("documentSymbol", "foldingRange", "codeLens", "documentLink", "semanticTokens/full")
_OTHERS = ("references", "selectionRange", "inlayHint", "codeAction", "formatting")
FEATURES = _PLACES + _WHOLE + _OTHERS


@dataclass(slots=True)
class Told:
    """What went wrong, and how much was tried."""

    edits: int = 0
    requests: Counter[str] = field(default_factory=Counter[str])
    cancelled: int = 0
    compared: int = 0
    wrong: list[str] = field(default_factory=list[str])
    memory: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(slots=True)
class _Typist:
    """A text that changes at random, from version to version."""

    first: str
    dice: random.Random
    text: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        self.text = self.first

    def change(self) -> dict[str, Any]:
        """The next change, as the client tells it; the text has it already."""
        self.version += 1
        if self.dice.random() < _RESTORED or len(self.text) > _LONGEST * len(self.first):
            self.text = self.first
            return {"text": self.first}
        start = self._offset()
        end = start
        if self.dice.random() < 0.4:
            end = min(len(self.text), start + self.dice.choice((1, 1, 1, 3, 10, 60)))
        pieces = self.dice.choice((0, 1, 1, 2)) if end > start else self.dice.choice((1, 1, 3))
        typed = "".join(self.dice.choice(_PIECES) for _ in range(pieces))
        where = {"start": position(self.text, start), "end": position(self.text, end)}
        if place(self.text, start) != start or place(self.text, end) != end:
            return self.change()  # between the two signs of one line break
        self.text = self.text[:start] + typed + self.text[end:]
        return {"range": where, "text": typed}

    def somewhere(self) -> dict[str, int]:
        return position(self.text, place(self.text, self._offset()))

    def _offset(self) -> int:
        return self.dice.randrange(len(self.text) + 1)


def position(text: str, offset: int) -> dict[str, int]:
    """LSP's position, in UTF-16."""
    breaks = [m.end() for m in _BREAKS.finditer(text) if m.end() <= offset]
    start = breaks[-1] if breaks else 0
    units = len(text[start:offset].encode("utf-16-le")) // 2
    return {"line": len(breaks), "character": units}


def place(text: str, offset: int) -> int:
    """The offset, or the one before where it parts a line break."""
    return offset - (text[offset - 1 : offset + 1] == "\r\n")


async def soak(
    folder: Path, n: int, lines: int, seed: int, errors: IO[bytes], *, count: int = 1
) -> Told:
    """Makes `n` edits of a text of `count` workflows of `lines` lines each, in `folder`."""
    path = documents.project(folder, documents.workflow(lines))
    told = Told()
    text = "---\n".join([path.read_text(encoding="utf-8")] * count)
    typist = _Typist(text, random.Random(seed))
    client = Client(servers.OURS.command, folder, servers.OURS.settings, pull=True)
    try:
        await client.start(errors)
        _open(client, path.as_uri(), typist.text)
        await _type(client, typist, path, n, told)
    finally:
        await client.stop()
    told.wrong += [f"the client was told {m}" for m in client.log if m.startswith("1:")]
    return told


async def _type(client: Client, typist: _Typist, path: Path, n: int, told: Told) -> None:
    uri = path.as_uri()
    waiting: list[tuple[str, asyncio.Future[Any]]] = []
    fresh = partial(_findings, path, Schema(pitchpipe_schemas.load("workflow")))
    for told.edits in range(1, n + 1):
        change = typist.change()
        document = {"uri": uri, "version": typist.version}
        client.tell(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )
        waiting += _asked(client, typist, uri, told)
        if told.edits % _AWAIT == 0:
            for method, answer in waiting:
                _judge(method, await answer, told)
            waiting = []
        if told.edits % _CHECK == 0:
            await _compare(client, typist, path, fresh, told)
        if told.edits * 10 % max(n // 10 * 10, 10) == 0:
            told.memory[told.edits] = client.memory()
    for method, answer in waiting:
        _judge(method, await answer, told)


def _asked(
    client: Client, typist: _Typist, uri: str, told: Told
) -> list[tuple[str, asyncio.Future[Any]]]:
    """Some requests, of which some are cancelled at once."""
    sent: list[tuple[str, asyncio.Future[Any]]] = []
    for _ in range(typist.dice.choice((0, 0, 1, 1, 2))):
        feature = typist.dice.choice((*FEATURES, "completion", "hover", "diagnostic"))
        number, answer = client.request(*_question(feature, uri, typist.somewhere()))
        told.requests[feature] += 1
        if typist.dice.random() < _CANCELLED:
            client.tell("$/cancelRequest", {"id": number})
            told.cancelled += 1
        sent.append((feature, answer))
    return sent


def _question(feature: str, uri: str, at: dict[str, int]) -> tuple[str, dict[str, Any]]:
    asked: dict[str, Any] = {"textDocument": {"uri": uri}}
    if feature in _PLACES:
        asked["position"] = at
    elif feature == "references":
        asked |= {"position": at, "context": {"includeDeclaration": True}}
    elif feature == "selectionRange":
        asked["positions"] = [at]
    elif feature == "formatting":
        asked["options"] = {"tabSize": 2, "insertSpaces": True}
    elif feature in ("inlayHint", "codeAction"):
        asked["range"] = {"start": {"line": 0, "character": 0}, "end": at}
    if feature == "codeAction":
        asked["context"] = {"diagnostics": []}
    return f"textDocument/{feature}", asked


def _judge(method: str, answer: dict[str, Any], told: Told) -> None:
    error = answer.get("error")
    expected = (*_OBEYED, _NO_NAME) if method == "prepareRename" else _OBEYED
    if error is not None and error.get("code") not in expected:
        told.wrong.append(f"edit {told.edits}: {method} failed: {error}")


async def _compare(client: Client, typist: _Typist, path: Path, fresh: Any, told: Told) -> None:
    """The server's answers on the edited document beside those on the same text read afresh."""
    uri, other = path.as_uri(), path.with_name(f"fresh-{path.name}").as_uri()
    at = typist.somewhere()
    expected = await asyncio.to_thread(fresh, typist.text)
    found = await _until(expected, partial(_pulled, client, uri))
    if found != expected:
        told.wrong.append(_difference("findings", expected, found, told))
    _open(client, other, typist.text)
    for feature in FEATURES:
        wanted = partial(_answer, client, feature, other, at, path.name)
        mine = partial(_answer, client, feature, uri, at, path.name)
        new = kept = ""
        for _ in range(_TRIES):
            new, kept = await wanted(), await mine()
            if new == kept:
                break
            await asyncio.sleep(_PAUSE)
        else:
            told.wrong.append(_difference(feature, new, kept, told))
    client.tell("textDocument/didClose", {"textDocument": {"uri": other}})
    told.compared += 1


async def _until(expected: list[Any], ask: Any) -> list[Any]:
    found: list[Any] = []
    for _ in range(_TRIES):
        if (found := await ask()) == expected:
            break
        await asyncio.sleep(_PAUSE)
    return found


def _difference(what: str, expected: object, found: object, told: Told) -> str:
    return f"edit {told.edits}: {what}: afresh {expected}\n    but the server says {found}"


async def _answer(client: Client, feature: str, uri: str, at: dict[str, int], name: str) -> str:
    """An answer as text, which document it is about left out."""
    _, answer = client.request(*_question(feature, uri, at))
    said = await answer
    del said["id"]
    return json.dumps(said, sort_keys=True).replace(f"fresh-{name}", name)


async def _pulled(client: Client, uri: str) -> list[tuple[Any, ...]]:
    report = await client.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    return sorted(
        (d["code"], *d["range"]["start"].values(), *d["range"]["end"].values(), d["message"])
        for d in report["items"]
    )


def _findings(path: Path, schema: Schema, text: str) -> list[tuple[Any, ...]]:
    """What the core finds in a text that it has not seen before."""
    facts = Reader(
        str(path.parent),
        python=sys.executable,
        models=shipped.shapes(),
        devices=shipped.devices,
        machine=shipped.this_machine,
        records=shipped.records,
    )
    found = analyse(text, schema=schema, facts=facts, path=str(path))
    return sorted(
        (
            f.code,
            *position(text, f.span.start).values(),
            *position(text, f.span.end).values(),
            f.message,
        )
        for f in found.findings
    )


def _open(client: Client, uri: str, text: str) -> None:
    item = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    client.tell("textDocument/didOpen", {"textDocument": item})


def logged(errors: IO[bytes]) -> list[str]:
    """The lines of a log that tell of an error."""
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").splitlines()
    return [f"logged: {line}" for line in lines if _ERRORS.search(line)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=100_000, help="edits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--documents", type=int, default=1, help="documents of so many lines")
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        work = soak(Path(folder), asked.n, asked.lines, asked.seed, errors, count=asked.documents)
        told = asyncio.run(work)
        wrong = told.wrong + logged(errors)
    seconds = time.perf_counter() - began
    print(f"{told.edits:,} edits, {told.requests.total():,} requests of {len(told.requests)} kinds")
    print(f"({told.cancelled:,} cancelled), {told.compared:,} comparisons, {seconds:,.0f} s")
    for edits, memory in told.memory.items():
        print(f"  after {edits:>9,} edits {memory / _MIB:7.1f} MiB")
    first, *_, last = told.memory.values()
    if last > _GROWTH * first:
        wrong.append(f"memory grew from {first / _MIB:.1f} to {last / _MIB:.1f} MiB")
    for each in wrong[:50]:
        print(each)
    print(f"{len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
