"""The base model."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign, Surroundings
from pitchpipe.dialects.olive.passes import Pass, place
from pitchpipe.facts import NotRead
from pitchpipe.keypath import KeyPath
from pitchpipe.model_config import ModelConfig
from pitchpipe.not_yet import NotYet
from pitchpipe.paths import is_path, resolve
from pitchpipe.syntax.nodes import Data
from pitchpipe.targets.defaults import DEFAULTS

_PATH = "model.name_or_path"
_EXTRA = {"trust_remote_code", "attn_implementation", "revision"}


def lower(foreign: Foreign, trainer: Pass | None) -> None:
    section: KeyPath = ("input_model",) if foreign.says("input_model") else ("model",)
    kind = foreign.given((*section, "type"))
    if not isinstance(kind, str):
        return
    if kind.lower() not in {"hfmodel", "pytorchmodel"}:
        message = f"`{kind}` can't be fine-tuned; begin with an `HfModel`"
        foreign.note("stops", (*section, "type"), message)
        foreign.drop(_PATH)
        return
    where = written(foreign, section, "model_path")
    older = _older(foreign, section)
    if kind.lower() == "pytorchmodel" and (where or older):
        _of_pytorch(foreign, section)
    if older and where is None:
        foreign.put(_PATH, foreign.given(older), older, same=True)
    _task(foreign, section)
    _adapter(foreign, section, trainer)
    _load_arguments(foreign, section)
    if trainer is not None:
        _modules(foreign, trainer)


def written(foreign: Foreign, section: KeyPath, key: str) -> KeyPath | None:
    """Where a key of the model is written. What stands under `config` counts more, as in Olive."""
    for path in ((*section, "config", key), (*section, key)):
        if foreign.says(path):
            return path
    return None


def _older(foreign: Foreign, section: KeyPath) -> KeyPath | None:
    config = written(foreign, section, "hf_config")
    where = config and (*config, "model_name")
    return where if where and foreign.says(where) else None


def _of_pytorch(foreign: Foreign, section: KeyPath) -> None:
    """A name and no code to load it: it is the hub's, or a folder in the hub's format."""
    if not written(foreign, section, "model_script") and not written(
        foreign, section, "model_loader"
    ):
        message = (
            "`PyTorchModel` needs a script of its own in Olive; "
            "`HfModel` is the type for a hub name or such a folder"
        )
        foreign.note("otherwise", (*section, "type"), message)


def _task(foreign: Foreign, section: KeyPath) -> None:
    where = written(foreign, section, "task")
    task = where and foreign.given(where)
    if where and isinstance(task, str) and not task.startswith("text-generation"):
        message = f"`task`: models for {task} aren't trained here; it can be `text-generation`"
        foreign.note("stops", where, message)


def _adapter(foreign: Foreign, section: KeyPath, trainer: Pass | None) -> None:
    where = written(foreign, section, "adapter_path")
    if where is None:
        return
    if trainer is None:
        message = "`adapter_path`: a run begins with a model that has no adapter yet"
        foreign.note("stops", where, message)
    else:
        message = "`adapter_path`: Olive trains no model that has an adapter already"
        foreign.note("refused", where, message)


def _load_arguments(foreign: Foreign, section: KeyPath) -> None:
    """`extra_args` of `load_kwargs` are such arguments, too."""
    arguments = written(foreign, section, "load_kwargs")
    extra = (*arguments, "extra_args") if arguments else ()
    given = foreign.given(extra) if extra else None
    for key, value in given.items() if isinstance(given, dict) else ():
        if key in _EXTRA:
            foreign.put(("model", key), value, (*extra, key), same=True)


def _modules(foreign: Foreign, trainer: Pass) -> None:
    """Where the file names none, Olive adapts those that PEFT names for the model's type."""
    if trainer.kind not in {"lora", "dora"} or place(foreign, trainer, "target_modules"):
        return
    model_type = _model_type(foreign)
    if model_type is None:
        return
    names = DEFAULTS["lora"].get(model_type)
    if names is not None:
        foreign.default("method.target_modules", names if isinstance(names, str) else list(names))
    else:
        message = (
            f"`target_modules`: Olive asks for them, since PEFT names none for `{model_type}`; "
            "here every linear layer is adapted"
        )
        foreign.note("otherwise", (*trainer.path, "type"), message)


def _model_type(foreign: Foreign) -> str | None:
    name: Data = foreign.result.data.get("model")
    name = name.get("name_or_path") if isinstance(name, dict) else None
    if not isinstance(name, str):
        return None
    try:
        found = _config(name, foreign.around)
    except NotYet:
        return None
    return found.model_type if isinstance(found, ModelConfig) else None


def _config(name: str, around: Surroundings) -> ModelConfig | NotRead | None:
    resolved = resolve(name, around.root, around.facts)
    if not around.blind and around.facts.file(resolved.absolute).is_dir:
        return around.facts.model_config(resolved.absolute, local=True)
    return None if is_path(name) else around.facts.model_config(name, local=False)
