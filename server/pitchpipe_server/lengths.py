"""What the counts of a workflow's tokens say of one of its files, and what it takes to count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pitchpipe
from pitchpipe import amounts
from pitchpipe.context import Context
from pitchpipe.costs.looking import fingerprints
from pitchpipe.costs.settings import Settings, data_key, of_context
from pitchpipe.facts import Facts, NotRead
from pitchpipe.ide.world import Lengths
from pitchpipe.paths import resolve
from pitchpipe.plan import PLAN_VERSION, EvaluatePlan, Fingerprint, Plan
from pitchpipe_facts import hub_cache

_MOST_BYTES = 64 * 2**20  # of data that are counted without having been asked for
_DECIDING = ("data", "model", "task", "training.seed")  # sections and keys that tokens depend on
_NEEDED = ("datasets", "transformers")
_QUANTILES = {"min": 0.0, "median": 0.5, "p95": 0.95, "max": 1.0}
_SPLITS = {"train": "to train on", "eval": "to evaluate on", "test": "to test on"}


@dataclass(frozen=True, slots=True)
class Data:
    """What the tokens of a workflow depend on; equal keys mean equal tokens."""

    settings: Settings
    fingerprints: Mapping[str, Fingerprint]
    key: str


def data_of(context: Context) -> Data:
    """Of a file that may be half typed.

    Raises:
        NotYet: its data have not been looked at.
    """
    settings = of_context(context)
    known = fingerprints(settings, context.facts)
    return Data(settings, known, data_key(settings, known))


def of_file(
    facts: Mapping[str, Any], settings: Settings, path: str, world: Facts
) -> Lengths | NotRead:
    """The lengths after cutting that the stage `prepare` found, of the split that a file is in.

    It counts a split as a whole: where the split has several sources they are those of all.
    """
    for split, rows in _SPLITS.items():
        sources = getattr(settings.data, split)
        paths = [s.path and resolve(s.path, settings.root, world).absolute for s in sources]
        if path not in paths:
            continue
        if not (found := facts["lengths"].get(split)):
            return NotRead("no row of it is left")
        of = f"rows {rows}"
        if len(sources) > 1:
            of += f", of all {len(sources)} sources"
        quantiles = {share: found[name] for name, share in _QUANTILES.items()}
        return Lengths(facts["rows"][split], quantiles, of)
    return NotRead("the workflow does not read it")


def why_not(
    asked: Data, world: Facts, python: str | None, environment: Mapping[str, str]
) -> NotRead | None:
    """Why nobody counts by itself; None where that can be done.

    `python` is the interpreter that the user named, None where it is this one.
    """
    settings = asked.settings
    if any(key.startswith(_DECIDING) for key in settings.wrong) or not settings.data.train:
        return NotRead("the file has errors")
    if python is None and any(find_spec(name) is None for name in _NEEDED):
        return NotRead("that takes a Python with `pitchpipe[runner]`")
    model = settings.model
    if not model.name_or_path:
        return NotRead("no model is named")
    if not model.local and not isinstance(
        hub_cache.snapshot(model.name_or_path, model.revision, environment), Path
    ):
        return NotRead(f"`{model.name_or_path}` is not on this machine")
    size = sum(f.size for f in asked.fingerprints.values())
    if size > _MOST_BYTES:
        return NotRead(f"{amounts.size(size)} take long; `pitchpipe estimate --count-tokens` does")
    return None


def plan_of(asked: Data) -> Plan:
    """As far as rows are made by it, without the model's own code."""
    settings = asked.settings
    return Plan(
        version=PLAN_VERSION,
        pitchpipe=pitchpipe.__version__,
        name="",
        root=settings.root,
        workflow="",
        workflow_sha256="",
        smoke=settings.smoke,
        task=settings.task,
        model=replace(settings.model, trust_remote_code=False),
        data=settings.data,
        method=settings.method,
        training=settings.training,
        evaluate=EvaluatePlan((), None, 0, 1),
        export=settings.export,
        compute=settings.compute,
        output_dir="",
        origins={},
        fingerprints=dict(asked.fingerprints),
    )
