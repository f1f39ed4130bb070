"""Writes the catalogue anew, or says what is stale in it."""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import queue
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import transformers

import pitchpipe_schemas
from pitchpipe_runner.cataloguing import coverage, shards
from pitchpipe_runner.cataloguing.classes import image_text_types, text_types

_FOLDER = Path(pitchpipe_schemas.__file__).parent / "catalog" / "architectures"


def main(arguments: Sequence[str] | None = None) -> int:
    """0; with `--check` 1 where a shard is not what would be written today."""
    parser = argparse.ArgumentParser(prog="python -m pitchpipe_runner.cataloguing")
    parser.add_argument("--types", nargs="*", metavar="TYPE", help="these model types alone")
    parser.add_argument("--out", type=Path, default=_FOLDER, help="the folder of the shards")
    parser.add_argument("--check", action="store_true", help="write nothing, name stale shards")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=600, help="at most for one type")
    parser.add_argument("--coverage", type=Path, help="also write the table of what is covered")
    asked = parser.parse_args(arguments)
    transformers.logging.set_verbosity(logging.CRITICAL)
    types = asked.types or [*text_types(), *image_text_types()]
    with ThreadPoolExecutor(asked.jobs) as pool:
        results = pool.map(lambda name: (name, _learnt(name, asked.seconds)), types)
        stale = [name for name, found in results if not _kept(name, found, asked)]
    if asked.coverage:
        asked.coverage.write_text(coverage.table(), encoding="utf-8", newline="\n")
    if asked.check and stale:
        print(f"stale: {', '.join(stale)}")  # noqa: T201  for people
    return 1 if asked.check and stale else 0


def _learnt(model_type: str, seconds: float) -> dict[str, Any]:
    """What a process of its own makes of a type: its memory is given back, and it may hang."""
    answers: Any = multiprocessing.Queue()
    process = multiprocessing.Process(target=_learn, args=(model_type, answers), daemon=True)
    process.start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return {"shard": None, "said": f"not done within {seconds:g} s"}
    finally:
        process.kill()
        process.join()


def _learn(model_type: str, answers: Any) -> None:
    try:
        result = shards.make(model_type)
    except Exception as error:  # noqa: BLE001  # constructors raise whatever they like
        answers.put({"shard": None, "said": f"{type(error).__name__}: {error}"})
        return
    said = "; ".join([*result.missed, *result.wrong][:2]) or "exact"
    answers.put({"shard": result.shard and json.loads(shards.told(result)), "said": said})


def _kept(model_type: str, found: dict[str, Any], asked: argparse.Namespace) -> bool:
    """Writes or compares a shard; False where it is another than the one there was."""
    print(f"{model_type}: {found['said'][:200]}", flush=True)  # noqa: T201  for people
    file = asked.out / f"{model_type}.json"
    before = file.read_text(encoding="utf-8") if file.exists() else None
    if found["shard"] is None:
        return before is None
    text = json.dumps(found["shard"], separators=(",", ":"), ensure_ascii=False) + "\n"
    if not asked.check and text != before:
        file.write_text(text, encoding="utf-8", newline="\n")
    return text == before


if __name__ == "__main__":
    sys.exit(main())
