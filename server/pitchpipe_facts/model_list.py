"""The models that somebody could begin with: folders nearby, the hub's cache, what is published."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.facts import NotRead
from pitchpipe.modules import ModelShape
from pitchpipe.published import PublishedModel
from pitchpipe_facts import hub_cache, shipped
from pitchpipe_facts.model_shapes import ModelShapes
from pitchpipe_facts.reader import Reader

_NEVER = {"node_modules", "__pycache__", "site-packages", "venv", "runs", "build", "dist"}
_DEEPEST = 4
_MOST_FOLDERS = 5_000  # that are looked into
_MOST_MODELS = 50
_CONFIG = "config.json"
_OTHER_TASKS = {"masked-lm", "sequence-classification", "token-classification"}
_TOKENIZER = "tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A causal language model. None is "not known".

    `name` is a hub name or a folder's absolute path. `local`: its files are on this machine.
    """

    name: str
    parameters: int | None
    licence: str | None
    chat: bool | None
    local: bool


def listed(roots: Iterable[str], environment: Mapping[str, str]) -> list[ListedModel]:
    """Folders in `roots` first, then what the hub's cache holds, then what is published.

    Small ones come first of each kind. Looks into many folders and at weights' headers.
    """
    shapes = shipped.shapes()
    folders = [_of_folder(folder, shapes) for root in roots for folder in _folders(root)]
    names = hub_cache.names(environment)
    cached = [_of_cache(name, shapes, environment) for name in names[:_MOST_MODELS]]
    here = [_sorted(one for one in kind if one is not None) for kind in (folders, cached)]
    known = {model.name for kind in here for model in kind}
    rest = (m for m in _published() if m.name not in known)
    return [*here[0], *here[1], *_sorted(rest)]


def _sorted(models: Iterable[ListedModel]) -> list[ListedModel]:
    found = {model.name: model for model in models}.values()
    return sorted(found, key=lambda m: (m.parameters is None, m.parameters or 0, m.name.lower()))


def _published() -> Iterator[ListedModel]:
    """Those that this runner can train: neither other tasks' nor what is quantized already."""
    for name in shipped.models()["models"]:
        model = shipped.published(name)
        if model and model.head == "causal-lm" and "quantization_config" not in model.config:
            yield _listed(model, local=False)


def _listed(model: PublishedModel, *, local: bool) -> ListedModel:
    return ListedModel(model.name, model.parameters, model.license, model.chat_template, local)


def _of_cache(name: str, shapes: ModelShapes, environment: Mapping[str, str]) -> ListedModel | None:
    folder = hub_cache.snapshot(name, None, environment)
    if not isinstance(folder, Path) or not (folder / _CONFIG).is_file():
        return None
    if (model := shipped.published(name)) is not None:
        return _listed(model, local=True) if model.head == "causal-lm" else None
    return _of(name, folder, shapes, local=False)


def _of_folder(folder: Path, shapes: ModelShapes) -> ListedModel | None:
    return _of(str(folder), folder, shapes, local=True)


def _of(name: str, folder: Path, shapes: ModelShapes, *, local: bool) -> ListedModel | None:
    """None for a model that is known to be none for text."""
    shape = shapes.shape(name, local=local, head="causal-lm")
    own = shapes.shape(name, local=local)
    if isinstance(own, ModelShape) and (own.head in _OTHER_TASKS or isinstance(shape, NotRead)):
        return None
    parameters = shape.numel if isinstance(shape, ModelShape) else None
    return ListedModel(name, parameters, None, _chats(folder), local=True)


def _chats(folder: Path) -> bool | None:
    found = Reader(folder).model(str(folder))
    return None if isinstance(found, NotRead) else found.has_chat_template


def _folders(root: str) -> Iterator[Path]:
    """Folders that hold a model; nothing in those is looked at."""
    found = 0
    for number, (folder, inner, files) in enumerate(os.walk(root)):
        if number >= _MOST_FOLDERS or found >= _MOST_MODELS:
            return
        if _CONFIG in files and any(_is_of_model(name) for name in files):
            inner[:] = []
            found += 1
            yield Path(folder)
            continue
        deep = len(Path(folder).parts) - len(Path(root).parts) >= _DEEPEST
        inner[:] = [] if deep else sorted(name for name in inner if _is_looked_into(name))


def _is_looked_into(name: str) -> bool:
    """Hidden folders are not, nor are runs and the hub's cache, which are looked at otherwise."""
    return not name.startswith((".", "models--")) and name not in _NEVER


def _is_of_model(name: str) -> bool:
    return name.endswith((".safetensors", ".safetensors.index.json")) or name == _TOKENIZER
