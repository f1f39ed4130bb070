"""What one session with one server measures.

All in milliseconds, but for memory:

- start: the process begins -> `initialize` is answered
- start + findings: ... -> a wrong value of the document, opened at once, has its finding
- open: the same document, opened half a second after the start -> its finding
- keystroke: a letter that makes a value wrong -> a finding on that line, and the letter's
  deletion -> none there; both are in the figure
- completion: a half-typed line and the request, sent together -> the answer
- hover: the request -> the answer
- burst: 12 keys 40 ms apart, each with a completion that the next key cancels; the last key -> the
  answer to its request
- burst findings: the last key, which makes the line right -> no finding on that line or beside it
- memory: MiB resident in the process and its children at the session's end
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bench.lsp.client import Client, Diagnostics, Judge
from bench.lsp.documents import Toggle, Typing, Workflow
from bench.lsp.servers import Server

FIGURES = (
    "start",
    "start + findings",
    "open",
    "keystroke",
    "completion",
    "hover",
    "burst",
    "burst findings",
    "memory",
)
_PAUSE = 0.5  # seconds between the parts of a session
_BREATH = 0.3  # seconds in which a server does what it put off, before the next measurement
_KEY = 0.04  # seconds between two keys
_WORD = "max_steps: 5"  # right only when whole: with the last key the findings go
_MIB = 1 << 20


@dataclass(slots=True)
class Session:
    """Each figure's measurements; answers that were right, of how many."""

    times: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    right: dict[str, list[bool]] = field(default_factory=dict[str, list[bool]])
    log: list[str] = field(default_factory=list[str])

    def add(self, figure: str, seconds: float) -> None:
        self.times.setdefault(figure, []).append(seconds * 1000)

    def judge(self, figure: str, right: bool) -> None:
        self.right.setdefault(figure, []).append(right)


@dataclass(slots=True)
class _Editor:
    """One open document, its text as the client has it."""

    client: Client
    uri: str
    lines: list[str]
    version: int = 1

    def open(self) -> None:
        item = {"uri": self.uri, "languageId": "yaml", "version": 1, "text": "\n".join(self.lines)}
        self.client.tell("textDocument/didOpen", {"textDocument": item})

    def change(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        """Replaces what is between two places; all that is edited here is ASCII."""
        before, behind = self.lines[start[0]][: start[1]], self.lines[end[0]][end[1] :]
        self.lines[start[0] : end[0] + 1] = (before + text + behind).split("\n")
        self.version += 1
        where = {"start": _position(*start), "end": _position(*end)}
        self.client.tell(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self.uri, "version": self.version},
                "contentChanges": [{"range": where, "text": text}],
            },
        )

    def at(self, line: int, column: int) -> dict[str, Any]:
        return {"textDocument": {"uri": self.uri}, "position": _position(line, column)}


async def session(
    server: Server, path: Path, found: Workflow, n: int, *, pull: bool, errors: IO[bytes]
) -> Session:
    """Starts `server` twice: once to open the workflow at once, once to go through it all."""
    measured = Session()
    for part in (_at_once, _through_it_all):
        client = Client(server.command, path.parent, server.settings, pull=pull)
        try:
            measured.add("start", await client.start(errors))
            await part(client, path, found, n, measured)
        finally:
            await client.stop()
            measured.log += client.log
    return measured


async def _at_once(client: Client, path: Path, found: Workflow, _: int, measured: Session) -> None:
    start = measured.times["start"][-1] / 1000
    measured.add("start + findings", start + await _opened(client, path, found))


async def _through_it_all(
    client: Client, path: Path, found: Workflow, n: int, measured: Session
) -> None:
    await asyncio.sleep(_PAUSE)
    measured.add("open", await _opened(client, path, found, mend=True))
    editor = _Editor(client, path.as_uri(), list(found.lines), version=2)
    for part in (_keystrokes, _completions, _hovers, _bursts):
        await asyncio.sleep(_PAUSE)
        await part(editor, found, n, measured)
    measured.times["memory"] = [client.memory() / _MIB]


async def _opened(client: Client, path: Path, found: Workflow, *, mend: bool = False) -> float:
    """Seconds until the finding of a document whose middle has a wrong value."""
    toggle = found.toggles[len(found.toggles) // 2]
    lines = list(found.lines)
    lines[toggle.line] += "x"
    editor = _Editor(client, path.as_uri(), lines)
    seen = client.judged(editor.uri, _on(toggle.line))
    began = time.perf_counter()
    editor.open()
    took = await seen - began
    if mend:
        gone = client.judged(editor.uri, _not_on(toggle.line))
        _delete_letter(editor, toggle)
        await gone
    return took


async def _keystrokes(editor: _Editor, found: Workflow, n: int, measured: Session) -> None:
    for i in range(n):
        toggle = found.toggles[i % len(found.toggles)]
        end = toggle.line, toggle.column
        for judge, act in (
            (_on(toggle.line), lambda end=end: editor.change(end, end, "x")),
            (_not_on(toggle.line), lambda toggle=toggle: _delete_letter(editor, toggle)),
        ):
            await asyncio.sleep(_BREATH / 10)
            seen = editor.client.judged(editor.uri, judge)
            began = time.perf_counter()
            act()
            measured.add("keystroke", await seen - began)


async def _completions(editor: _Editor, found: Workflow, n: int, measured: Session) -> None:
    for i in range(n):
        typing = found.typings[i % len(found.typings)]
        began = time.perf_counter()
        editor.change((typing.line, 0), (typing.line, 0), typing.text + "\n")
        where = editor.at(typing.line, len(typing.text)) | {"context": {"triggerKind": 1}}
        answer = await editor.client.ask("textDocument/completion", where)
        measured.add("completion", time.perf_counter() - began)
        measured.judge("completion", typing.expected in _labels(answer))
        await _restored(editor, typing)


async def _restored(editor: _Editor, typing: Typing) -> None:
    """Takes the typed line away, and lets the server come to rest."""
    told = editor.client.judged(editor.uri, lambda _: True)
    editor.change((typing.line, 0), (typing.line + 1, 0), "")
    await told
    await asyncio.sleep(_BREATH)


async def _hovers(editor: _Editor, found: Workflow, n: int, measured: Session) -> None:
    for i in range(n):
        hover = found.hovers[i % len(found.hovers)]
        began = time.perf_counter()
        where = editor.at(hover.line, hover.column)
        answer = await editor.client.ask("textDocument/hover", where)
        measured.add("hover", time.perf_counter() - began)
        measured.judge("hover", hover.expected in str(answer).lower())


async def _bursts(editor: _Editor, found: Workflow, n: int, measured: Session) -> None:
    line = next(i for i, text in enumerate(editor.lines) if text == "training:") + 1
    for _ in range(max(3, n // 5)):
        told = editor.client.judged(editor.uri, lambda _: True)
        editor.change((line, 0), (line, 0), "  \n")
        await told
        await asyncio.sleep(_BREATH)
        began, answer, right = await _typed(editor, line)
        await answer
        measured.add("burst", time.perf_counter() - began)
        measured.add("burst findings", await right - began)
        await _restored(editor, Typing(line, "  " + _WORD, ""))


async def _typed(
    editor: _Editor, line: int
) -> tuple[float, asyncio.Future[Any], asyncio.Future[float]]:
    """Types the word; when its last key was sent, and what will come of that."""
    pending: tuple[int, asyncio.Future[Any]] | None = None
    for i, key in enumerate(_WORD):
        last = i == len(_WORD) - 1
        right = editor.client.judged(editor.uri, _not_on(line)) if last else None
        began = time.perf_counter()
        editor.change((line, 2 + i), (line, 2 + i), key)
        if pending and not pending[1].done():
            editor.client.tell("$/cancelRequest", {"id": pending[0]})
        where = editor.at(line, 3 + i) | {"context": {"triggerKind": 1}}
        pending = editor.client.request("textDocument/completion", where)
        if right is not None:
            return began, pending[1], right
        await asyncio.sleep(_KEY)
    raise AssertionError("the word has no last key")


def _delete_letter(editor: _Editor, toggle: Toggle) -> None:
    line, column = toggle.line, toggle.column
    editor.change((line, column), (line, column + 1), "")


def _on(line: int) -> Judge:
    return lambda found: bool(_lines(found) & {line})


def _not_on(line: int) -> Judge:
    return lambda found: not _lines(found) & {line - 1, line, line + 1}


def _lines(found: Diagnostics) -> set[int]:
    return {d["range"]["start"]["line"] for d in found}


def _labels(answer: Any) -> set[str]:
    items = answer.get("items", ()) if isinstance(answer, Mapping) else answer or ()
    return {str(item["label"]).strip("'\"") for item in items}


def _position(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}
