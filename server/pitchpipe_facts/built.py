"""Shapes of models that the runner's Python builds without weights, on torch's meta device.

That takes seconds, so answers are kept in the user's cache folder, by what they depend on: the
configuration, the code of the model, the version of transformers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from platformdirs import user_cache_path

from pitchpipe.facts import FACTS_VERSION, NotRead
from pitchpipe.modules import Head, ModelShape, ModuleGroup, Parameter, ShapeSource
from pitchpipe.plan import to_json
from pitchpipe_facts import runner_python
from pitchpipe_facts.run_index import write_atomically

_MODULE = "pitchpipe_runner.shape"
_PATIENCE = 300.0  # seconds; importing transformers on a busy disk takes most of it
_MOST_CODE = 64 * 2**20  # bytes of a model's own code

# Nothing that is asked here may download anything.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds in the environment of `python`.

    `trust_remote_code` is the user's consent to run the model's own code. `cache` is where answers
    are kept (None: the user's cache folder).
    """

    python: str
    trust_remote_code: bool = False
    cache: Path | None = None

    def shape(
        self, config: Mapping[str, Any], folder: Path | None, head: Head | None
    ) -> ModelShape | NotRead:
        """The shape of the model that `config` describes; `folder` holds its own code, if any."""
        version = self._ask("--version", doing="say its version of transformers")
        if isinstance(version, NotRead):
            return version
        code = folder if folder is not None and self.trust_remote_code else None
        request = json.dumps(
            {
                "config": config,
                "head": head,
                "folder": None if code is None else str(code.resolve()),
                "trust_remote_code": self.trust_remote_code,
            },
            sort_keys=True,
        )
        try:
            entry = self._entry(f"{version['transformers']}\n{request}\n{_code_hash(code)}")
        except OSError as error:
            return NotRead(f"the model's code can't be read: {error.strerror}")
        return _kept(entry) or self._build(request, entry)

    def _build(self, request: str, entry: Path) -> ModelShape | NotRead:
        answer = self._ask(given=request, doing="build it")
        if isinstance(answer, NotRead):
            return answer
        try:
            shape = shape_from_json(answer["shape"])
        except (KeyError, TypeError, ValueError) as error:
            return NotRead(f"the runner's Python answered what can't be understood: {error}")
        with contextlib.suppress(OSError):
            entry.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(entry, json.dumps({"version": FACTS_VERSION, "shape": to_json(shape)}))
        return shape

    def _ask(self, *arguments: str, doing: str, given: str | None = None) -> Any:
        return runner_python.ask(
            self.python,
            _MODULE,
            arguments,
            doing=doing,
            patience=_PATIENCE,
            given=given,
            variables=_OFFLINE,
        )

    def _entry(self, what: str) -> Path:
        digest = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
        return (self.cache or cache_folder()) / f"{digest[:32]}.json"


def cache_folder() -> Path:
    """Where built shapes are kept. It can be deleted at any time."""
    return user_cache_path("pitchpipe", appauthor=False) / "shapes"


def _kept(entry: Path) -> ModelShape | None:
    """An earlier answer; None where there is none that this version can read."""
    try:
        answer: Any = json.loads(entry.read_text(encoding="utf-8"))
        return shape_from_json(answer["shape"]) if answer["version"] == FACTS_VERSION else None
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _code_hash(folder: Path | None) -> str:
    if folder is None:
        return ""
    digest, left = hashlib.sha256(), _MOST_CODE
    for file in sorted(folder.glob("*.py")):
        with file.open("rb") as stream:
            data = stream.read(left)
        left -= len(data)
        digest.update(f"{file.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def shape_from_json(data: Any) -> ModelShape:
    """Reads what `pitchpipe.plan.to_json` made of a shape.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    return ModelShape(
        model_type=str(data["model_type"]),
        class_name=str(data["class_name"]),
        head=data["head"],
        groups=tuple(_group(group) for group in data["groups"]),
        config=dict(cast("Mapping[str, Any]", data["config"])),
        exact=bool(data["exact"]),
        source=ShapeSource(data["source"]["kind"], str(data["source"]["detail"])),
    )


def _group(data: Any) -> ModuleGroup:
    return ModuleGroup(
        path=str(data["path"]),
        at=tuple(tuple(int(i) for i in index) for index in data["at"]),
        kind=data["kind"],
        role=data["role"],
        class_name=str(data["class_name"]),
        parameters=tuple(
            Parameter(
                name=str(p["name"]),
                shape=tuple(int(size) for size in p["shape"]),
                tied_to=p["tied_to"],
                buffer=bool(p["buffer"]),
                dtype=p["dtype"],
            )
            for p in data["parameters"]
        ),
    )
