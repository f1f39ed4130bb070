"""One run folder in which a test calls the runner's stages one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import torch

import pitchpipe_schemas
from pitchpipe.plan import Plan
from pitchpipe_runner import evaluate, export, fetch, merge, prepare, train
from pitchpipe_runner.device import Device
from pitchpipe_runner.events import Events
from pitchpipe_runner.stages import STAGES, Artifact
from support.plans import plan_of

CPU = Device("cpu", torch.float32)
ROWS = "rows.jsonl"
TEMPLATES = 'prompt_template: "{text}", completion_template: "{label}"'

_VALIDATOR = jsonschema.Draft202012Validator(pitchpipe_schemas.load("event"))


def whole(fragment: str, model: Path) -> str:
    """The workflow `fragment`, dedented, with the sections that it lacks put behind it."""
    text = dedent(fragment).strip("\n") + "\n"
    sections = {
        "version": "version: 1\n",
        "model": f"model: {{name_or_path: {json.dumps(str(model))}, dtype: float32}}\n",
        "data": f"data: {{train: [{{path: {ROWS}}}], {TEMPLATES}}}\n",
        "compute": "compute: {device: cpu, threads: 1}\n",
        "export": "export: {format: none}\n",
    }
    written = {line.partition(":")[0] for line in text.splitlines()}
    return text + "".join(lines for name, lines in sections.items() if name not in written)


class Workbench:
    """Every stage is made when it is first asked for, with those before it."""

    def __init__(self, folder: Path, plan: Plan, device: Device = CPU) -> None:
        self.folder = folder
        self.plan = plan
        self.device = device
        folder.mkdir(parents=True, exist_ok=True)
        self.events = Events(folder / "events.jsonl", plan.origins)

    @cached_property
    def fetched(self) -> Artifact:
        return self.made("fetch", lambda out: fetch.run(self.plan, out, self.events))

    @cached_property
    def prepared(self) -> Artifact:
        return self.made(
            "prepare", lambda out: prepare.run(self.plan, self.fetched, out, self.events)
        )

    @cached_property
    def trained(self) -> Artifact:
        return self.made(
            "train",
            lambda out: train.run(
                self.plan, self.device, self.fetched, self.prepared, out, self.events
            ),
        )

    @cached_property
    def merged(self) -> Artifact:
        return self.made(
            "merge",
            lambda out: merge.run(self.plan, self.fetched, self.trained, out, self.events),
        )

    @cached_property
    def exported(self) -> Artifact:
        return self.made(
            "export",
            lambda out: export.run(self.plan, self.merged, self.prepared, out, self.events),
        )

    @cached_property
    def evaluated(self) -> Artifact:
        before = self.fetched, self.prepared, self.merged, self.exported
        return self.made(
            "evaluate",
            lambda out: evaluate.run(self.plan, self.device, *before, out, self.events),
        )

    def made(self, name: str, work: Callable[[Path], dict[str, Any]]) -> Artifact:
        out = self.folder / f"{STAGES.index(name) + 1:02d}-{name}"
        out.mkdir(exist_ok=True)
        self.events.stage = name
        return Artifact(out, name, work(out))

    def said(self, kind: str) -> list[dict[str, Any]]:
        """The events of `kind` so far, all of which keep to the schema."""
        return [event for event in events_in(self.folder) if event["kind"] == kind]

    def warnings(self) -> list[str]:
        """`code at path: message` of each."""
        return [f"{w['code']} at {w['path']}: {w['message']}" for w in self.said("warning")]


def events_in(run: Path) -> list[dict[str, Any]]:
    """The events of a run; fails where one breaks the schema, or where a number is missing."""
    lines = (run / "events.jsonl").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(len(events)))
    for event in events:
        _VALIDATOR.validate(event)
    return events


def write_rows(folder: Path, rows: Sequence[Mapping[str, Any]], name: str = ROWS) -> Path:
    """A JSONL file."""
    file = folder / name
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    file.write_text("".join(lines), encoding="utf-8", newline="\n")
    return file


class Benches:
    """Makes workbenches for workflows in `folder`, and closes them all at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: list[Workbench] = []

    def __call__(
        self,
        fragment: str,
        model: Path,
        rows: Sequence[Mapping[str, Any]] | None = None,
        *,
        run: str = "run",
        smoke: bool = False,
    ) -> Workbench:
        """A workbench for the workflow `fragment` (see `whole`), beside a file of `rows`."""
        if rows is not None:
            write_rows(self.folder, rows)
        plan = plan_of(whole(fragment, model), self.folder, smoke=smoke)
        self._made.append(Workbench(self.folder / "runs" / run, plan))
        return self._made[-1]

    def __enter__(self) -> Benches:
        return self

    def __exit__(self, *_: object) -> None:
        for made in self._made:
            made.events.close()
