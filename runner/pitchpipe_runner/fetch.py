"""Stage 1: the base model as a folder on this machine, or a small random one for a smoke run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from safetensors import SafetensorError, safe_open
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedConfig,
)

from pitchpipe.plan import Plan
from pitchpipe_runner import interrupts
from pitchpipe_runner.base_model import folder_of, tokenizer_of
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import (
    ENVIRONMENT_IS_WRONG,
    FILE_IS_WRONG,
    RunFailure,
    understood,
)
from pitchpipe_runner.stages import Artifact, write_json

_SMALL_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken", "*.py")
_ALL_FILES = (*_SMALL_FILES, "*.safetensors")
_WHOLE_FILE = 64 * 2**20  # bytes up to which a file is hashed as a whole
_SMOKE_LAYERS = 2
_FEWER = {
    "moe_intermediate_size": 64,
    "num_experts": 8,
    "num_local_experts": 8,
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
}
_SMOKE_PARAMETERS = 60_000_000  # above, a smoke model is made narrower too


def settings(plan: Plan) -> object:
    """What the stage's result depends on: the plan's words, and the files of a local model."""
    m, folder = plan.model, _local(plan)
    words = [
        m.name_or_path,
        m.local,
        m.revision,
        m.trust_remote_code,
        plan.data.chat_template == "tokenizer",
    ]
    smoke = plan.training.seed if plan.smoke else None
    return [words, smoke, _fingerprint(folder) if folder else None]


def run(plan: Plan, out: Path, events: Events) -> dict[str, Any]:
    """Writes `model.json`, which says where the folder is."""
    folder = _local(plan) or _download(plan, events, _SMALL_FILES if plan.smoke else _ALL_FILES)
    config = _config(plan, folder)
    tokenizer = tokenizer_of(plan, folder)
    if plan.smoke:
        model: Any = _random_like(plan, config)
        folder = out / "model"
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    else:
        _demand_weights(folder)
    where = "model" if plan.smoke else str(folder)
    write_json(out / "model.json", {"folder": where})
    facts = {
        "model_type": config.model_type,
        "vocabulary": len(tokenizer),
        "chat_template": bool(tokenizer.chat_template),
        "bytes": sum(p.stat().st_size for p in folder.glob("*.safetensors")),
    }
    events.log(f"base model: {plan.model.name_or_path} ({config.model_type})")
    return facts


def is_there(base: Artifact) -> bool:
    """False where somebody has removed the folder since, from the hub's cache for one."""
    return (folder_of(base) / "config.json").is_file()


def _local(plan: Plan) -> Path | None:
    return Path(plan.root, plan.model.name_or_path) if plan.model.local else None


def _download(plan: Plan, events: Events, patterns: Iterable[str]) -> Path:
    name, revision = plan.model.name_or_path, plan.model.revision
    events.log(f"looking for {name} ({revision}) in the local cache and on the hub")
    try:
        # Interrupted, it would wait for the files that it has begun.
        return Path(
            interrupts.aside(
                lambda: snapshot_download(name, revision=revision, allow_patterns=list(patterns))
            )
        )
    except GatedRepoError as error:
        raise RunFailure(
            "model-gated",
            f"the model `{name}` is gated: its owners must grant you access first",
            path="model.name_or_path",
            hint="ask for access on the model's page, then run `hf auth login` or set HF_TOKEN",
            exit_code=ENVIRONMENT_IS_WRONG,
        ) from error
    except RevisionNotFoundError as error:
        raise RunFailure(
            "model-revision-not-found",
            f"the model `{name}` has no revision `{revision}`",
            path="model.revision",
            exit_code=FILE_IS_WRONG,
        ) from error
    except RepositoryNotFoundError as error:
        what = f"there is no model `{name}`, neither as a folder nor on the hub (or it is private)"
        raise _wrong("model-not-found", what) from error
    except HFValidationError as error:
        raise _wrong(
            "model-not-found", f"there is no folder `{name}`, and no model can have that name"
        ) from error
    except Exception as error:  # of the client that huggingface_hub talks through, for one
        raise understood(error, "fetch") or RunFailure(
            "hub-not-reached",
            f"the model `{name}` is not in the local cache, and the hub did not answer: "
            f"{_first_line(error)}",
            path="model.name_or_path",
            hint="check the network, or give a local folder",
            exit_code=ENVIRONMENT_IS_WRONG,
        ) from error


def _config(plan: Plan, folder: Path) -> PreTrainedConfig:
    if not folder.is_dir():
        raise _wrong("model-not-found", f"there is no folder `{folder}`")
    if not (folder / "config.json").is_file():
        what = f"`{folder}` is not a model folder: it has no config.json"
        raise _wrong("model-not-found", what)
    trust = plan.model.trust_remote_code
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=trust)
    except Exception as error:  # each architecture checks its own
        what = f"the model's config.json can't be used: {_first_line(error)}"
        raise _wrong("model-not-readable", what) from error
    own_code = "AutoModelForCausalLM" in (getattr(config, "auto_map", None) or {})
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING and not (trust and own_code):
        what = f"`{config.model_type}` models are no causal language models"
        raise _wrong("model-not-causal", what)
    return config


def _demand_weights(folder: Path) -> None:
    """Every file that is named is there and whole; what is in it is seen when it is loaded."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise _wrong(
            "model-has-no-weights",
            f"`{folder}` holds no *.safetensors file",
            hint="weights in other formats can run code when read; convert them to safetensors",
        )
    index = folder / "model.safetensors.index.json"
    if index.is_file() and (lost := sorted(_named_in(index) - {file.name for file in files})):
        what = f"`{lost[0]}`, which `{index.name}` names, is not there"
        raise _wrong("model-has-no-weights", what)
    for file in files:
        _demand_whole(file)


def _named_in(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"`{index.name}` names no files: {_first_line(error)}"
        raise _wrong("model-not-readable", what) from error


def _demand_whole(file: Path) -> None:
    try:
        with safe_open(file, framework="pt"):
            pass
    except SafetensorError as error:
        what = f"`{file.name}` is broken: {_first_line(error)}"
        raise _wrong("model-not-readable", what) from error


def _wrong(code: str, message: str, hint: str | None = None) -> RunFailure:
    return RunFailure(code, message, path="model.name_or_path", hint=hint, exit_code=FILE_IS_WRONG)


def _random_like(plan: Plan, config: PreTrainedConfig) -> torch.nn.Module:
    """Two layers of the same architecture with random weights; narrower where they would be big."""
    small = _with_layers(config)
    if _parameters(small) > _SMOKE_PARAMETERS:
        narrow = _narrowed(small)
        small = narrow if narrow is not None else small
    torch.manual_seed(plan.training.seed)
    return AutoModelForCausalLM.from_config(small, dtype=torch.float32)


def _with_layers(config: PreTrainedConfig) -> PreTrainedConfig:
    values = config.to_dict()
    for part in (values, values.get("text_config")):
        if isinstance(part, dict):
            _cut_layers(part)
    return type(config).from_dict(values)


def _cut_layers(values: dict[str, Any]) -> None:
    """Also cuts what is said layer by layer, as `layer_types` is."""
    counts = [k for k in ("num_hidden_layers", "n_layer", "num_layers") if values.get(k)]
    before = {values[k] for k in counts}
    for key, value in values.items():
        if key in counts:
            values[key] = min(value, _SMOKE_LAYERS)
        elif isinstance(value, list) and len(value) in before:
            values[key] = value[:_SMOKE_LAYERS]


def _narrowed(config: PreTrainedConfig) -> PreTrainedConfig | None:
    """Four heads of at most 64, few experts; None where the architecture can't be built so."""
    values = config.to_dict()
    heads, kv_heads = values.get("num_attention_heads"), values.get("num_key_value_heads")
    if not heads or not values.get("hidden_size"):
        return None
    size = min(values.get("head_dim") or values["hidden_size"] // heads, 64)
    values.update(num_attention_heads=4, hidden_size=4 * size, intermediate_size=8 * size)
    if kv_heads:
        values["num_key_value_heads"] = 4 if kv_heads == heads else 2
    if values.get("head_dim"):
        values["head_dim"] = size
    for key, most in _FEWER.items():
        if isinstance(values.get(key), int):
            values[key] = min(values[key], most)
    narrow = type(config).from_dict(values)
    try:
        _parameters(narrow)
        model = AutoModelForCausalLM.from_config(narrow, dtype=torch.float32)
        model(input_ids=torch.zeros(1, 2, dtype=torch.long))
    except Exception:  # noqa: BLE001  # whatever its code raises: it can't be narrowed
        return None
    return narrow


def _parameters(config: PreTrainedConfig) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())


def _fingerprint(folder: Path) -> dict[str, str]:
    """A hash per file that matters.

    Of big files the ends, the size and the time of change stand for the rest.
    """
    found: dict[str, str] = {}
    for pattern in _ALL_FILES:
        for file in sorted(folder.glob(pattern)):
            found[file.name] = _hash(file)
    return found


def _hash(file: Path) -> str:
    stat = file.stat()
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        if stat.st_size <= _WHOLE_FILE:
            digest.update(stream.read())
        else:
            digest.update(stream.read(2**20))
            stream.seek(-(2**20), 2)
            digest.update(stream.read())
            digest.update(f"{stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
