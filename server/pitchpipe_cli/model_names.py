"""What somebody may call a model on the command line: a folder, a hub name, a model type."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pitchpipe_schemas
from pitchpipe.facts import NotRead
from pitchpipe.model_config import ModelConfig
from pitchpipe.modules import Head, ModelShape
from pitchpipe.paths import is_path
from pitchpipe.published import nearest_model
from pitchpipe.suggest import nearest
from pitchpipe_cli import workflow_file
from pitchpipe_cli.errors import CommandError
from pitchpipe_facts import hub_cache, shipped
from pitchpipe_facts.model_shapes import ModelShapes


@dataclass(frozen=True, slots=True)
class Known:
    """A model under the name that was given."""

    name: str
    shape: ModelShape
    config: ModelConfig | NotRead


def is_workflow(name: str) -> bool:
    """A workflow file rather than a model."""
    return name == workflow_file.STDIN or name.lower().endswith((".yaml", ".yml"))


def find(name: str, models: ModelShapes, revision: str | None, head: Head | None) -> Known:
    """The model that `name` means: a folder that exists, then the hub's, then the type's defaults.

    Raises:
        CommandError: nothing is known of it.
    """
    folder = Path(os.path.expanduser(name))  # noqa: PTH111  # Path's raises without a home
    there = _there(folder)
    if there == "folder":
        shape = models.shape(str(folder.absolute()), local=True, head=head)
        if isinstance(shape, NotRead):
            hint = _hint(models, models.config(str(folder.absolute()), local=True), head)
            raise CommandError(f"the folder {name} tells no modules: {shape.reason}{hint}")
        return Known(name, shape, models.config(str(folder.absolute()), local=True))
    if there == "file":
        raise CommandError(f"{name} is a file; name the folder that holds `config.json`")
    if is_path(name):
        raise CommandError(f"there is no folder {name}{_or(nearest(folder.name, _near(folder)))}")
    config = models.config(name, local=False, revision=revision)
    if isinstance(config, ModelConfig):
        shape = models.shape(name, local=False, revision=revision, head=head)
    else:
        shape = _of_type(name, models, head) or config
    if isinstance(shape, ModelShape):
        return Known(name, shape, config)
    if isinstance(config, ModelConfig) or name in pitchpipe_schemas.architectures():
        hint = _hint(models, config if isinstance(config, ModelConfig) else None, head)
        raise CommandError(f"the modules of `{name}` are not known: {shape.reason}{hint}")
    raise CommandError(f"`{name}` is not known: {shape.reason}{_or(_meant(name))}")


def _hint(models: ModelShapes, config: ModelConfig | NotRead | None, head: Head | None) -> str:
    """What to try, where the runner's Python may know more and was not asked yet.

    `config`: None for a type with its default sizes.
    """
    if models.builder is not None or head is not None or isinstance(config, NotRead):
        return ""
    if config is not None and config.remote_code:
        return "; `--build --trust-remote-code` has the runner's Python build it with its own code"
    return "; `--build` has the runner's Python build it"


def _of_type(name: str, models: ModelShapes, head: Head | None) -> ModelShape | NotRead | None:
    """The type's default model; None where `name` can be no type."""
    if name in pitchpipe_schemas.architectures():
        return models.of_type(name, head)
    return models.of_type(name, head) if models.builder is not None and "/" not in name else None


def _meant(name: str) -> str | None:
    """A name that is known and near."""
    here = hub_cache.names(os.environ)
    types = () if "/" in name else pitchpipe_schemas.architectures()
    near = nearest(name, [*types, *here]) or nearest_model(name, shipped.models())
    return None if near == name else near  # what lacks is a revision of it


def _or(name: str | None) -> str:
    return f"; did you mean `{name}`?" if name else ""


def _there(path: Path) -> Literal["folder", "file", "nothing"]:
    """What lies at `path`: nothing, too, where nobody can look or no file could be called so."""
    try:
        if path.is_dir():
            return "folder"
        return "file" if path.exists() else "nothing"
    except OSError:
        return "nothing"


def _near(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return []


# Lists


def row(name: str) -> dict[str, Any]:
    """What the table of published models has on one of them."""
    found = shipped.published(name)
    assert found is not None
    return {
        "name": found.name,
        "model_type": found.config.get("model_type"),
        "parameters": found.parameters,
        "context_length": found.context_length,
        "license": found.license,
        "gated": found.gated,
        "chat_template": found.chat_template,
    }


def shown(value: object) -> str:
    """A cell of the list; what is not known is `?`."""
    if value is None:
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def wrapped(names: Iterable[str]) -> str:
    """Names one after the other, as wide as the terminal."""
    width = max(40, shutil.get_terminal_size().columns)
    lines = textwrap.wrap(
        ", ".join(names),
        width,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines)
