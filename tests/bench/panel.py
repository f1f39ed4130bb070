"""How fast `pitchpipe/memory` answers while one types, and how long others wait meanwhile.

    python tests/bench/panel.py [-n 30] [--every 0.15] [--model HuggingFaceTB/SmolLM2-135M-Instruct]

Every key gives the batch another size, so that every estimate is new; behind each comes a request
of the panel, which cancels the one before it, and hovers one after the other. The same keys without
a panel stand beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.lsp.client import Client
from bench.lsp.servers import OURS

MEMORY = "pitchpipe/memory"
TEXT = """\
model:
  name_or_path: {model}
data:
  train:
    - path: rows.jsonl
  packing: true
method:
  type: lora
training:
  gradient_accumulation_steps: 2
  per_device_train_batch_size: 1"""
LINE, COLUMN = TEXT.count("\n"), len(TEXT.rpartition("\n")[2]) - 1
PLACE = {"line": TEXT.split("\n").index("  packing: true"), "character": 4}


class Typist:
    """One open file, whose last number is typed again and again."""

    def __init__(self, client: Client, uri: str, model: str) -> None:
        self._client, self.uri = client, uri
        self._version, self._size = 1, "1"
        text = TEXT.format(model=model)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        client.tell("textDocument/didOpen", {"textDocument": document})

    def type(self, size: int) -> None:
        self._version += 1
        end = {"line": LINE, "character": COLUMN + len(self._size)}
        where = {"start": {"line": LINE, "character": COLUMN}, "end": end}
        self._size = str(size)
        change = {"range": where, "text": self._size}
        document = {"uri": self.uri, "version": self._version}
        params = {"textDocument": document, "contentChanges": [change]}
        self._client.tell("textDocument/didChange", params)

    async def hovers(self, until: float) -> list[float]:
        """Seconds of hovers, one after the other."""
        took: list[float] = []
        while (began := time.perf_counter()) < until:
            place = {"textDocument": {"uri": self.uri}, "position": PLACE}
            await self._client.ask("textDocument/hover", place)
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.002)
        return took

    async def panel(self) -> tuple[float, bool]:
        """Seconds of an answer, and whether it is one."""
        began = time.perf_counter()
        found = await self._client.ask(MEMORY, {"uri": self.uri})
        return time.perf_counter() - began, bool(found["methods"])


async def measure(model: str, n: int, every: float, folder: Path) -> None:
    rows = (f'{{"prompt": "{"how " * (i % 40 + 1)}", "completion": "so"}}\n' for i in range(2000))
    (folder / "rows.jsonl").write_text("".join(rows), encoding="utf-8")
    with Path(os.devnull).open("wb") as errors:
        client = Client(OURS.command, folder, OURS.settings, pull=False)
        await client.start(errors)
        typist = Typist(client, (folder / "a.tune.yaml").as_uri(), model)
        await typist.panel()
        _say("answer, the same text again", [(await typist.panel())[0] for _ in range(n)])
        _say("answer, another batch size", [await _one(typist, size) for size in range(2, n + 2)])
        sizes = iter(range(n + 2, 3 * n + 2))
        _say("hover while typing, no panel", await _typed(client, typist, sizes, n, every, False))
        _say("hover while typing, panel", await _typed(client, typist, sizes, n, every, True))
        await client.stop()


async def _one(typist: Typist, size: int) -> float:
    typist.type(size)
    took, answered = await typist.panel()
    assert answered
    return took


async def _typed(
    client: Client, typist: Typist, sizes: Iterator[int], n: int, every: float, panel: bool
) -> list[float]:
    hovers = asyncio.create_task(typist.hovers(time.perf_counter() + n * every))
    asked: int | None = None
    for _ in range(n):
        typist.type(next(sizes))
        if panel:
            if asked is not None:
                client.tell("$/cancelRequest", {"id": asked})
            uri = typist.uri
            asked, _answer = client.request(MEMORY, {"uri": uri})
        await asyncio.sleep(every)
    return await hovers


def _say(what: str, seconds: list[float]) -> None:
    ms = sorted(1000 * s for s in seconds)
    median, p95 = statistics.median(ms), ms[int(0.95 * (len(ms) - 1))]
    print(f"{what:34} n={len(ms):4}  median {median:7.1f}  p95 {p95:7.1f}  most {ms[-1]:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=30, help="keys")
    parser.add_argument("--every", type=float, default=0.15, help="seconds between keys")
    parser.add_argument("--model", default="HuggingFaceTB/SmolLM2-135M-Instruct")
    asked = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(asked.model, asked.n, asked.every, Path(folder)))


if __name__ == "__main__":
    main()
