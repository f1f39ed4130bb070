"""What a model consists of, from the nearest source that knows.

    safetensors headers, matched with the catalogue
    → config.json, of the folder or of the hub's cache, through the catalogue
    → the table of published models, through the catalogue
    → the runner's Python, which builds the model without weights (only where that is allowed)
    → nothing is known

Every answer says which it was. The network is never asked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pitchpipe.catalog import model_shape
from pitchpipe.facts import NotRead
from pitchpipe.model_config import ModelConfig, interpret
from pitchpipe.modules import Head, ModelShape, ShapeSource
from pitchpipe.published import PublishedModel
from pitchpipe_facts import guess, hub_cache, reconcile, weights
from pitchpipe_facts.weights import Weights

if TYPE_CHECKING:
    from pitchpipe_facts.built import Builder

T = TypeVar("T")

CONFIG = "config.json"

_TELLING = {CONFIG, weights.INDEX}
_LARGEST_CONFIG = 4 * 2**20  # bytes; those with thousands of labels reach some hundred kB
# What `pitchpipe_runner.shape` says of a model's class that raised, unless for want of something.
_REFUSED = re.compile(r"it can't be built: (?!ImportError|ModuleNotFoundError|MemoryError|OSError)")
_HEADS: tuple[Head, ...] = (
    *("causal-lm", "seq2seq-lm", "masked-lm"),
    *("sequence-classification", "token-classification"),
)


def _nothing(name: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What ships with Pitchpipe, as functions that load it.

    `architecture` gives the catalogue's shard on a model type, `published` a published model by its
    name on the hub; None where there is none.
    """

    architecture: Callable[[str], Mapping[str, Any] | None] = _nothing
    published: Callable[[str], PublishedModel | None] = _nothing


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a model lies, if it lies anywhere, and its configuration or why there is none.

    `published`: what is known of it where the configuration comes from the table.
    """

    folder: Path | None
    config: ModelConfig | NotRead
    published: PublishedModel | None = None


@dataclass(slots=True)
class ModelShapes:
    """Answers, each kept as long as the files that it came from are the same.

    `builder` is asked only where the catalogue is not exact, or `build_always`.
    """

    environment: Mapping[str, str]
    shelf: Shelf = field(default_factory=Shelf)
    builder: Builder | None = None
    build_always: bool = False
    _kept: dict[tuple[object, ...], tuple[tuple[object, ...], object]] = field(
        default_factory=dict[Any, Any], repr=False
    )

    def config(
        self, name_or_path: str, *, local: bool, revision: str | None = None
    ) -> ModelConfig | NotRead:
        """The configuration of the model in a folder (`local`) or under a name on the hub."""
        return self._found(name_or_path, local, revision).config

    def shape(
        self,
        name_or_path: str,
        *,
        local: bool,
        revision: str | None = None,
        head: Head | None = None,
    ) -> ModelShape | NotRead:
        """The model with the class for `head`.

        None: the class that it was saved with, else the first that its type has.
        """
        found = self._found(name_or_path, local, revision)
        question = ("shape", name_or_path, local, revision, head)
        identity = _identity(found.folder) if found.folder else ()
        return self._once(question, identity, lambda: self._shape(found, head))

    def weights(
        self, name_or_path: str, *, local: bool, revision: str | None = None
    ) -> Weights | NotRead:
        """The tensors that are stored on this machine."""
        folder = self._folder(name_or_path, local, revision)
        if isinstance(folder, NotRead):
            return folder
        found = None if folder is None else self._weights(folder)
        return NotRead("no safetensors files of it are on this machine") if found is None else found

    def of_type(
        self, model_type: str, head: Head | None = None, config: Mapping[str, Any] | None = None
    ) -> ModelShape | NotRead:
        """A model of that type with the type's default sizes, but for what `config` says."""
        source = ShapeSource("config", f"the defaults of `{model_type}`")
        settled = interpret({**(config or {}), "model_type": model_type}, source)
        question = ("type", model_type, json.dumps(config, default=str), head)
        return self._once(question, (), lambda: self._shape(_Found(None, settled), head))

    # Where a model lies

    def _found(self, name: str, local: bool, revision: str | None) -> _Found:
        folder = self._folder(name, local, revision)
        if isinstance(folder, Path):
            return _Found(folder, self._config_of(folder, name, local))
        if local:
            return _Found(None, NotRead("there is no such folder"))
        row = self._once(("published", name), (), lambda: self.shelf.published(name))
        if row is not None:
            return _Found(None, interpret(row.config, _from_table(name, revision)), row)
        why = folder or NotRead("it is neither in the hub's cache nor a model that Pitchpipe knows")
        return _Found(None, why)

    def _folder(self, name: str, local: bool, revision: str | None) -> Path | NotRead | None:
        if local:
            return Path(name) if Path(name).is_dir() else None
        return hub_cache.snapshot(name, revision, self.environment)

    def _config_of(self, folder: Path, name: str, local: bool) -> ModelConfig | NotRead:
        file = folder / CONFIG
        try:
            found = file.stat()
        except (OSError, ValueError):
            return NotRead(f"the folder holds no `{CONFIG}`")
        where = "the folder" if local else f"the hub's cache, commit {folder.name[:8]}"
        source = ShapeSource("config", f"`{CONFIG}` in {where}")
        identity = (found.st_mtime_ns, found.st_size)
        return self._once(("config", file), identity, lambda: _read_config(file, source))

    # What it consists of

    def _shape(self, found: _Found, head: Head | None) -> ModelShape | NotRead:
        known = self._known(found, head)
        exact = isinstance(known, ModelShape) and known.exact
        if self.builder is None or (exact and not self.build_always):
            return known
        if isinstance(found.config, NotRead):
            return known
        built = self.builder.shape(found.config.config, found.folder, head)
        if isinstance(built, NotRead):
            return _beside(known, built)
        return self._confirmed(built, found)

    def _known(self, found: _Found, head: Head | None) -> ModelShape | NotRead:
        """What can be said without building."""
        described = self._described(found.config, head)
        if isinstance(described, ModelShape):
            return self._confirmed(described, found)
        stored = self._weights(found.folder) if found.folder else None
        if not isinstance(stored, Weights):
            return described
        config = found.config if isinstance(found.config, ModelConfig) else None
        if config is not None and (config.quantization or self._lacks_class(config, head)):
            return described
        return _saying(guess.from_tensors(stored, config, head), described.reason)

    def _described(self, config: ModelConfig | NotRead, head: Head | None) -> ModelShape | NotRead:
        """The catalogue's account."""
        if isinstance(config, NotRead):
            return config
        if config.model_type is None:
            return NotRead(f"its `{CONFIG}` names no model type")
        shard = self._shard(config.model_type)
        if shard is None:
            own = ", which brings its own code," if config.remote_code else ""
            return NotRead(f"the model type `{config.model_type}`{own} is not in the catalogue")
        return model_shape(shard, config.config, head or _head(config, shard), config.source)

    def _lacks_class(self, config: ModelConfig, head: Head | None) -> bool:
        """Whether the type is known and has no class for that task, unless by its own code."""
        shard = self._shard(config.model_type) if config.model_type else None
        if shard is None or config.remote_code or head is None:
            return False
        return head not in shard["heads"]

    def _confirmed(self, shape: ModelShape, found: _Found) -> ModelShape:
        """`shape` beside the published total or the stored tensors, if there are any."""
        row = found.published
        if row is not None and row.head == shape.head and row.parameters != shape.numel:
            said = f"but {row.parameters:,} parameters are published"
            return replace(_saying(shape, said), exact=False)
        stored = self._weights(found.folder) if found.folder else None
        if stored is None or isinstance(found.config, NotRead):
            return shape
        if isinstance(stored, NotRead):
            return _saying(shape, f"the weights were not read: {stored.reason}")
        if found.config.quantization:
            said = f"stored as {found.config.quantization}, so the weights tell no shapes"
            return _saying(shape, said)
        compared = reconcile.compare(shape, stored.tensors)
        typed = reconcile.with_dtypes(shape, compared.dtypes)
        if not compared.agrees:
            # With another task than the stored one, a head is lacking and another is left over.
            same = found.config.head in {None, shape.head}
            exact = shape.exact and not (compared.contradicts if same else compared.unlike)
            return replace(_saying(typed, f"but the weights {compared}"), exact=exact)
        files = f"`{stored.files[0]}`" if len(stored.files) == 1 else f"{len(stored.files)} files"
        said = f"{shape.source.detail}; the headers of {files} agree"
        kind = "built" if shape.source.kind == "built" else "weights"
        return replace(typed, exact=True, source=ShapeSource(kind, said))

    def _weights(self, folder: Path) -> Weights | NotRead | None:
        return self._once(("weights", folder), _identity(folder), lambda: weights.read(folder))

    def _shard(self, model_type: str) -> Mapping[str, Any] | None:
        return self._once(("shard", model_type), (), lambda: self.shelf.architecture(model_type))

    def _once(
        self, question: tuple[object, ...], identity: tuple[object, ...], answer: Callable[[], T]
    ) -> T:
        """The answer to `question`, kept as long as `identity` is the same."""
        kept = self._kept.get(question)
        if kept is None or kept[0] != identity:
            kept = self._kept[question] = (identity, answer())
        return cast("T", kept[1])


def _identity(folder: Path) -> tuple[object, ...]:
    """Changes with any of the files that say what the model is: names, times and sizes."""
    try:
        with os.scandir(folder) as entries:
            found = [e for e in entries if e.name in _TELLING or e.name.endswith(".safetensors")]
            return tuple(sorted((e.name, e.stat().st_mtime_ns, e.stat().st_size) for e in found))
    except OSError:
        return ()


def _read_config(file: Path, source: ShapeSource) -> ModelConfig | NotRead:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            text = stream.read(_LARGEST_CONFIG + 1)
        if len(text) > _LARGEST_CONFIG:
            return NotRead(f"`{CONFIG}` is larger than {_LARGEST_CONFIG // 2**20} MiB")
        found: Any = json.loads(text)
    except OSError as error:
        return NotRead(f"`{CONFIG}` can't be opened: {(error.strerror or '').lower()}")
    except (ValueError, RecursionError):
        return NotRead(f"`{CONFIG}` is no JSON")
    if not isinstance(found, dict):
        return NotRead(f"`{CONFIG}` holds no JSON object")
    return interpret(cast("dict[str, Any]", found), source)


def _from_table(name: str, revision: str | None) -> ShapeSource:
    known = "the table of published models"
    other = revision not in {None, "main"}
    return ShapeSource(
        "table", f"{known}, which is of `main`, not `{revision}`" if other else known
    )


def _head(config: ModelConfig, shard: Mapping[str, Any]) -> Head:
    """The task to describe the model for where nobody asks for one."""
    able: Mapping[Head, str] = shard["heads"]
    for head, class_name in able.items():
        if class_name in config.architectures:
            return head
    for head in (config.head, *_HEADS):
        if head is not None and head in able:
            return head
    return "causal-lm"


def _saying(shape: ModelShape, more: str) -> ModelShape:
    source = ShapeSource(shape.source.kind, f"{shape.source.detail}; {more}")
    return replace(shape, source=source)


def _beside(known: ModelShape | NotRead, built: NotRead) -> ModelShape | NotRead:
    """What is known without building, where building failed.

    What the model's class itself refuses is contradicted, so it is not exact.
    """
    if isinstance(known, ModelShape):
        exact = known.exact and not _REFUSED.match(built.reason)
        return replace(_saying(known, f"it was not built: {built.reason}"), exact=exact)
    return NotRead(f"{known.reason}; it was not built: {built.reason}")
