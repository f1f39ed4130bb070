"""A workflow as it was written: every setting is present, missing or wrong, and knows its place.

Sections and fields follow `workflow.schema.json`, which says what each means and what an absent one
counts as (a test keeps them equal). Dialects lower their own documents to this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, cast, overload

from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Present(Generic[T]):
    """A value that fits its key.

    `span` is the value's place, `key` that of the key (or of the list item).
    """

    value: T
    span: Span
    key: Span
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Missing:
    """Not written.

    `span` is where one would say so: the key of the nearest section that was written.
    """

    span: Span
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Wrong:
    """Written, but against the schema. That is reported, so other rules keep silent."""

    span: Span
    path: KeyPath


Setting: TypeAlias = Present[T] | Missing | Wrong


class Listed(Sequence[T]):
    """The sections of a list, each made when it is first asked for, and then kept.

    A long file has thousands, and a keystroke looks at few.
    """

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length = length
        self._make = make
        self._made: dict[int, T] = {}

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(self._length)))
        at = index + self._length if index < 0 else index
        if not 0 <= at < self._length:
            raise IndexError(index)
        if at not in self._made:
            self._made[at] = self._make(at)
        return self._made[at]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Listed):
            return NotImplemented
        return tuple(self) == tuple(cast("Listed[object]", other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True, slots=True)
class Columns:
    prompt: Setting[str]
    completion: Setting[str]
    messages: Setting[str]
    text: Setting[str]


@dataclass(frozen=True, slots=True)
class Source:
    """`key` is the place of the list item's first key, or of the whole item."""

    key: Span
    path: Setting[str]
    dataset_name: Setting[str]
    dataset_config: Setting[str | None]
    split: Setting[str]
    format: Setting[str | None]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Model:
    name_or_path: Setting[str]
    revision: Setting[str]
    dtype: Setting[str]
    attn_implementation: Setting[str]
    trust_remote_code: Setting[bool]


@dataclass(frozen=True, slots=True)
class Data:
    train: Setting[Sequence[Source]]
    eval: Setting[Sequence[Source]]
    test: Setting[Sequence[Source]]
    val_size: Setting[float]
    test_size: Setting[float]
    stratify_by: Setting[str | None]
    prompt_template: Setting[str | None]
    completion_template: Setting[str | None]
    text_template: Setting[str | None]
    system_prompt: Setting[str | None]
    chat_template: Setting[str]
    labels: Setting[tuple[str, ...] | None]
    max_length: Setting[int]
    over_length: Setting[str]
    packing: Setting[bool]
    loss_on: Setting[str]


SOURCES: tuple[KeyPath, ...] = (("data", "train"), ("data", "eval"), ("data", "test"))
"""The lists of sources."""


@dataclass(frozen=True, slots=True)
class Method:
    type: Setting[str]
    r: Setting[int]
    lora_alpha: Setting[float]
    lora_dropout: Setting[float]
    rank_pattern: Setting[dict[str, int]]
    alpha_pattern: Setting[dict[str, float]]
    target_modules: Setting[str | tuple[str, ...]]
    exclude_modules: Setting[str | tuple[str, ...]]
    target_parameters: Setting[tuple[str, ...]]
    layers_to_transform: Setting[tuple[int, ...] | None]
    layers_pattern: Setting[tuple[str, ...]]
    modules_to_save: Setting[tuple[str, ...]]
    bias: Setting[str]
    use_rslora: Setting[bool]
    use_dora: Setting[bool]
    bits: Setting[int]
    bnb_4bit_quant_type: Setting[str]
    bnb_4bit_use_double_quant: Setting[bool]


@dataclass(frozen=True, slots=True)
class Training:
    learning_rate: Setting[float]
    num_train_epochs: Setting[float]
    max_steps: Setting[int]
    per_device_train_batch_size: Setting[int]
    per_device_eval_batch_size: Setting[int]
    gradient_accumulation_steps: Setting[int]
    lr_scheduler_type: Setting[str]
    lr_scheduler_kwargs: Setting[dict[str, float | str | bool]]
    warmup_steps: Setting[float]
    weight_decay: Setting[float]
    max_grad_norm: Setting[float]
    label_smoothing_factor: Setting[float]
    neftune_noise_alpha: Setting[float | None]
    optim: Setting[str]
    optim_args: Setting[str | None]
    adam_beta1: Setting[float]
    adam_beta2: Setting[float]
    adam_epsilon: Setting[float]
    logging_steps: Setting[int]
    logging_strategy: Setting[str]
    logging_first_step: Setting[bool]
    report_to: Setting[str | tuple[str, ...]]
    run_name: Setting[str | None]
    eval_strategy: Setting[str]
    eval_steps: Setting[int]
    eval_delay: Setting[float]
    eval_on_start: Setting[bool]
    save_strategy: Setting[str]
    save_steps: Setting[int]
    save_total_limit: Setting[int | None]
    save_only_model: Setting[bool]
    load_best_model_at_end: Setting[bool]
    metric_for_best_model: Setting[str]
    greater_is_better: Setting[bool | None]
    early_stopping_patience: Setting[int | None]
    early_stopping_threshold: Setting[float]
    gradient_checkpointing: Setting[bool]
    gradient_checkpointing_kwargs: Setting[dict[str, bool]]
    torch_compile: Setting[bool]
    torch_compile_backend: Setting[str | None]
    torch_compile_mode: Setting[str | None]
    torch_empty_cache_steps: Setting[int | None]
    bf16: Setting[bool | None]
    fp16: Setting[bool | None]
    tf32: Setting[bool | None]
    seed: Setting[int]
    data_seed: Setting[int | None]
    full_determinism: Setting[bool]
    train_sampling_strategy: Setting[str]
    dataloader_drop_last: Setting[bool]
    dataloader_num_workers: Setting[int]
    dataloader_pin_memory: Setting[bool | None]


@dataclass(frozen=True, slots=True)
class Evaluate:
    metrics: Setting[tuple[str, ...] | None]
    max_rows: Setting[int | None]
    generations: Setting[int]
    max_new_tokens: Setting[int]


@dataclass(frozen=True, slots=True)
class Export:
    format: Setting[str]
    precision: Setting[str | tuple[str, ...]]
    device: Setting[str]


@dataclass(frozen=True, slots=True)
class Compute:
    device: Setting[str]
    threads: Setting[int | None]
    target: Setting[str | None]


@dataclass(frozen=True, slots=True)
class Workflow:
    version: Setting[int]
    name: Setting[str | None]
    task: Setting[str]
    model: Model
    data: Data
    method: Method
    training: Training
    evaluate: Evaluate
    export: Export
    compute: Compute
    output_dir: Setting[str]
