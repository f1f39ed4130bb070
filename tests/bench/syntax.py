"""Prints how long reading a workflow takes, afresh and after a keystroke. No verdict.

python tests/bench/syntax.py [LINES ...]          (60 1000 10000 unless given)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from pitchpipe.document import Document, parse
from pitchpipe.syntax import strict, tolerant

_ROUNDS = 9
_HEAD = """\
version: 1
name: bench
model:
  name_or_path: org/base-135M # the base
  dtype: bfloat16
data:
  max_length: 512
  train:
"""
_ITEM = """\
    - path: data/part-{n}.jsonl
      format: prompt-completion
      # weights are shares
      weight: {n}.5
      columns: {{prompt: phrase, completion: "the tone 😀"}}
      filters:
        - {{field: length, op: lt, value: {n}}}
      note: >-
        a text that is folded
        over two lines
"""
_TAIL = """\
method: {type: lora, r: 16, target_modules: [q_proj, v_proj]}
training:
  learning_rate: 2.0e-4
output_dir: runs
"""


def workflow(lines: int) -> str:
    own = (_HEAD + _TAIL).count("\n")
    items = max(1, (lines - own) // _ITEM.count("\n"))
    return _HEAD + "".join(_ITEM.format(n=n) for n in range(items)) + _TAIL


def milliseconds(work: Callable[[], object]) -> str:
    """Fastest and median of some rounds."""
    times: list[float] = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return f"{min(times):8.2f} {median(times):8.2f}"


def read(text: str, old: Document | None = None) -> Document:
    """The document with its tree and findings put together."""
    document = parse(text, old)
    _ = document.root, document.problems
    return document


def report(lines: int) -> None:
    text = workflow(lines)
    print(f"{text.count(chr(10))} lines, {len(text):,} characters{'fastest':>22} median, ms")
    print(f"  {'strict reader, whole text':<44}{milliseconds(lambda: strict.read(text))}")
    print(f"  {'tolerant reader, whole text':<44}{milliseconds(lambda: tolerant.read(text))}")
    print(f"  {'parse, tree and findings':<44}{milliseconds(lambda: read(text))}")
    old = read(text)
    print(f"  {'values':<44}{milliseconds(lambda: parse(text, old).data())}")
    for where in (0.02, 0.5, 0.98):
        for what, typed in (("a word", "x"), ("half a key", "\n      ke"), ("half a list", ": [x")):
            at = text.index("\n", int(len(text) * where))
            new = text[:at] + typed + text[at:]
            keystroke = partial(read, new, old)
            print(f"  {f'keystroke at {where:.0%}: {what}':<44}{milliseconds(keystroke)}")


if __name__ == "__main__":
    for each in [int(argument) for argument in sys.argv[1:]] or [60, 1_000, 10_000]:
        report(each)
