"""The plan: a workflow with every default resolved.

It is all that the runner reads, and it travels as JSON.

Field names and types follow `workflow.schema.json` section by section (a test keeps them equal);
what a key means is said there.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar, cast

PLAN_VERSION = 1

OriginKind = Literal["file", "default", "command-line"]


class PlanError(ValueError):
    """A plan file does not say what a plan must say. The message names the key path."""


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """Exactly one of `path` and `dataset_name` is not None.

    `path` is absolute, or relative to `Plan.root`.
    """

    path: str | None
    dataset_name: str | None
    dataset_config: str | None
    split: str
    format: str | None
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """The base model: a hub name, or where it is `local`, a folder as in `SourcePlan`."""

    name_or_path: str
    local: bool
    revision: str
    dtype: str
    attn_implementation: str
    trust_remote_code: bool


@dataclass(frozen=True, slots=True)
class DataPlan:
    train: tuple[SourcePlan, ...]
    eval: tuple[SourcePlan, ...]
    test: tuple[SourcePlan, ...]
    val_size: float
    test_size: float
    stratify_by: str | None
    prompt_template: str | None
    completion_template: str | None
    text_template: str | None
    system_prompt: str | None
    chat_template: str
    labels: tuple[str, ...] | None
    max_length: int
    over_length: str
    packing: bool
    loss_on: str


@dataclass(frozen=True, slots=True)
class MethodPlan:
    type: str
    r: int
    lora_alpha: float
    lora_dropout: float
    rank_pattern: dict[str, int]
    alpha_pattern: dict[str, float]
    target_modules: str | tuple[str, ...]
    exclude_modules: str | tuple[str, ...]
    target_parameters: tuple[str, ...]
    layers_to_transform: tuple[int, ...] | None
    layers_pattern: tuple[str, ...]
    modules_to_save: tuple[str, ...]
    bias: str
    use_rslora: bool
    use_dora: bool
    bits: int
    bnb_4bit_quant_type: str
    bnb_4bit_use_double_quant: bool

    @property
    def quantization(self) -> str | None:
        """How the base is kept: `nf4`, `fp4` or `int8`; None is as it was loaded."""
        if self.type != "qlora":
            return None
        return self.bnb_4bit_quant_type if self.bits == 4 else "int8"


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    learning_rate: float
    num_train_epochs: float
    max_steps: int
    per_device_train_batch_size: int
    per_device_eval_batch_size: int
    gradient_accumulation_steps: int
    lr_scheduler_type: str
    lr_scheduler_kwargs: dict[str, float | str | bool]
    warmup_steps: float
    weight_decay: float
    max_grad_norm: float
    label_smoothing_factor: float
    neftune_noise_alpha: float | None
    optim: str
    optim_args: str | None
    adam_beta1: float
    adam_beta2: float
    adam_epsilon: float
    logging_steps: int
    logging_strategy: str
    logging_first_step: bool
    report_to: str | tuple[str, ...]
    run_name: str | None
    eval_strategy: str
    eval_steps: int
    eval_delay: float
    eval_on_start: bool
    save_strategy: str
    save_steps: int
    save_total_limit: int | None
    save_only_model: bool
    load_best_model_at_end: bool
    metric_for_best_model: str
    greater_is_better: bool | None
    early_stopping_patience: int | None
    early_stopping_threshold: float
    gradient_checkpointing: bool
    gradient_checkpointing_kwargs: dict[str, bool]
    torch_compile: bool
    torch_compile_backend: str | None
    torch_compile_mode: str | None
    torch_empty_cache_steps: int | None
    bf16: bool | None
    fp16: bool | None
    tf32: bool | None
    seed: int
    data_seed: int | None
    full_determinism: bool
    train_sampling_strategy: str
    dataloader_drop_last: bool
    dataloader_num_workers: int
    dataloader_pin_memory: bool | None


@dataclass(frozen=True, slots=True)
class EvaluatePlan:
    """`metrics` is resolved by the task where the file says nothing."""

    metrics: tuple[str, ...]
    max_rows: int | None
    generations: int
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """`precision` is always a list here; the first one is the export to use."""

    format: str
    precision: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True)
class ComputePlan:
    device: str
    threads: int | None
    target: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.

    `line` to `end_column` as in `Place` (all None unless `kind` is "file").

    `text` is what the user wrote: the scalar as it stands in the file, or the value given on the
    command line.
    """

    kind: OriginKind
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a data file was when the plan was made. `sha256` is in hex, `size` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`root` is the absolute folder that relative paths start from: the workflow's own.

    `workflow` is the workflow file's path relative to it. `origins` maps every key path
    (`training.learning_rate`, `data.train[0].path`) to its origin. `fingerprints` maps each data
    file's path, as the sources spell it, to what it held.
    """

    version: int
    pitchpipe: str
    name: str
    root: str
    workflow: str
    workflow_sha256: str
    smoke: bool
    task: str
    model: ModelPlan
    data: DataPlan
    method: MethodPlan
    training: TrainingPlan
    evaluate: EvaluatePlan
    export: ExportPlan
    compute: ComputePlan
    output_dir: str
    origins: dict[str, Origin]
    fingerprints: dict[str, Fingerprint]


T = TypeVar("T")


def to_json(value: object) -> Any:
    """A plan, or a part of one, as JSON values: dataclasses become objects, tuples arrays."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): to_json(v) for k, v in cast("dict[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in cast("list[object]", value)]
    return value


def from_json(data: object) -> Plan:
    """Reads what `to_json` wrote.

    Raises:
        PlanError: a key is missing, unknown or of the wrong type, or the version is another.
    """
    if isinstance(data, dict) and cast("dict[str, object]", data).get("version") != PLAN_VERSION:
        found = cast("dict[str, object]", data).get("version")
        raise PlanError(
            f"this plan has version {found!r}; this Pitchpipe reads version {PLAN_VERSION}"
        )
    return cast(Plan, _read(Plan, data, ""))


def _read(kind: Any, data: Any, path: str) -> Any:
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _read_object(cast(type, kind), data, path)
    if origin in (typing.Union, types.UnionType):
        return _read_union(typing.get_args(kind), data, path)
    if origin is tuple and isinstance(data, list):
        item = typing.get_args(kind)[0]
        return tuple(_read(item, v, f"{path}[{i}]") for i, v in enumerate(cast("list[Any]", data)))
    if origin is dict and isinstance(data, dict):
        item = typing.get_args(kind)[1]
        return {k: _read(item, v, f"{path}.{k}") for k, v in cast("dict[str, Any]", data).items()}
    if origin is Literal and data in typing.get_args(kind):
        return data
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if (
        isinstance(kind, type)
        and isinstance(data, kind)
        and (kind is bool or not isinstance(data, bool))
    ):
        return data
    raise PlanError(f"`{path.lstrip('.')}` in the plan is {data!r}, which is not of the right type")


def _read_union(kinds: tuple[Any, ...], data: Any, path: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    for kind in kinds:
        if kind is not type(None):
            try:
                return _read(kind, data, path)
            except PlanError:
                continue
    raise PlanError(f"`{path.lstrip('.')}` in the plan is {data!r}, which is not of the right type")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read_object(kind: type, data: Any, path: str) -> Any:
    where = path.lstrip(".") or "the plan"
    if not isinstance(data, dict):
        raise PlanError(f"`{where}` must be an object")
    values = cast("dict[str, Any]", data)
    hints = _hints(kind)
    if missing := [n for n in hints if n not in values]:
        raise PlanError(f"`{where}` lacks `{missing[0]}`")
    if unknown := [n for n in values if n not in hints]:
        raise PlanError(f"`{where}` has the unknown key `{unknown[0]}`")
    return kind(**{
        name: _read(hint, values[name], f"{path}.{name}") for name, hint in hints.items()
    })
