"""What tokenizers have counted on this machine: in earlier runs, or because somebody asked.

Counts are found by what they depend on (`pitchpipe.costs.data_key`). Those that were asked for lie
in the user's cache folder and can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from platformdirs import user_cache_path

from pitchpipe.costs.settings import data_key, of_plan
from pitchpipe.facts import NotRead
from pitchpipe.plan import Plan, from_json, to_json
from pitchpipe_facts import run_index, runner_python
from pitchpipe_facts.runner_python import Stop
from pitchpipe_facts.runs import PLAN

_PREPARED = "02-prepare/stage.json"
_NEEDED = ("rows", "tokens", "learnt_tokens", "lengths", "packs")
_MOST_RUNS = 100  # of the newest; reading one takes a millisecond
_PATIENCE = 1800.0  # seconds; a million rows take some minutes
_VERSION = 1


@dataclass(slots=True)
class TokenCounts:
    """`output_dirs` are folders with runs that the index may not know.

    `cache` is where counts are kept that were asked for (None: the user's cache folder).
    """

    output_dirs: tuple[Path, ...] = ()
    cache: Path | None = None
    _of_runs: dict[str, tuple[Mapping[str, Any], str]] | None = field(default=None, repr=False)

    def find(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        """The facts that the stage `prepare` would find, and where they are from, for people."""
        if self._of_runs is None:
            self._of_runs = dict(_counted(self._runs()))
        found = self._of_runs.get(key)
        if found is None and (kept := _read(self._entry(key))):
            return kept, "counted with the model's tokenizer"
        return found

    def count(
        self, plan: Plan, python: str, stop: Stop | None = None
    ) -> Mapping[str, Any] | NotRead:
        """Counts with the tokenizer in the runner's environment, which takes seconds or minutes.

        `stop` ends it.
        """
        answer = runner_python.ask(
            python,
            "pitchpipe_runner.count",
            (),
            doing="count tokens",
            patience=_PATIENCE,
            given=json.dumps(to_json(plan)),
            stop=stop,
        )
        if isinstance(answer, NotRead):
            return answer
        facts = answer.get("facts")
        if not _is_usable(facts):
            return NotRead("the runner's Python holds another version of Pitchpipe")
        entry = self._entry(data_key(of_plan(plan), plan.fingerprints))
        with contextlib.suppress(OSError):
            entry.parent.mkdir(parents=True, exist_ok=True)
            run_index.write_atomically(entry, json.dumps({"version": _VERSION, "facts": facts}))
        return cast("dict[str, Any]", facts)

    def _entry(self, key: str) -> Path:
        assert re.fullmatch(r"[0-9a-f]+", key)
        folder = self.cache or user_cache_path("pitchpipe", appauthor=False)
        return folder / "tokens" / f"{key[:32]}.json"

    def _runs(self) -> list[Path]:
        near = [plan.parent for folder in self.output_dirs for plan in folder.glob(f"*/{PLAN}")]
        known = {folder.resolve() for folder in (*run_index.indexed(), *near)}
        return sorted(known, key=lambda folder: folder.name, reverse=True)[:_MOST_RUNS]


def _counted(folders: Iterable[Path]) -> Iterable[tuple[str, tuple[Mapping[str, Any], str]]]:
    """The newest run with equal tokens counts, so it comes last."""
    for folder in reversed(list(folders)):
        facts = _read(folder / _PREPARED)
        if facts is None:
            continue
        try:
            plan = from_json(json.loads((folder / PLAN).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
        yield data_key(of_plan(plan), plan.fingerprints), (facts, f"counted in run {folder.name}")


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
        facts = cast("dict[str, Any]", found)["facts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return facts if _is_usable(facts) else None


def _is_usable(facts: Any) -> bool:
    return isinstance(facts, dict) and all(
        isinstance(cast("dict[str, Any]", facts).get(key), dict) for key in _NEEDED
    )
