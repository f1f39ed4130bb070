"""One training step, as far as it decides memory and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Dtype = Literal["float32", "bfloat16", "float16"]

Method = Literal[
    "full",
    "freeze",
    "lora",
    "ia3",
    "prompt-tuning",
    "prefix-tuning",
    "adalora",
    "loha",
    "lokr",
    "vera",
    "oft",
    "adapter",
]
"""What is trained. QLoRA is `lora` with a `quantization`, DoRA is `lora` with `use_dora`."""

Quantization = Literal["nf4", "fp4", "int8"]

Attention = Literal["eager", "sdpa", "flash_attention_2"]

Loss = Literal[
    "full",  # logits of every position, upcast as a whole: transformers 5's own loss
    "full-shifted",  # and copied without the last position: transformers 4
    "selected",  # logits where something is learnt: this project's runner
    "chunked",  # a part of the positions at a time, forward and backward
    "fused",  # Liger's and Cut Cross-Entropy's kernels: never all of the logits
]

Kind = Literal["cpu", "cuda"]

ShardingKind = Literal["none", "ddp", "fsdp2", "zero-2", "zero-3"]


@dataclass(frozen=True, slots=True)
class Sharding:
    """How a model is spread over devices. Sizes in an estimate are those of one device."""

    kind: ShardingKind = "none"
    devices: int = 1

    @property
    def gathers(self) -> bool:
        """Whether weights lie spread over devices, and come together for a layer at a time."""
        return self.kind in ("zero-3", "fsdp2") and self.devices > 1


@dataclass(frozen=True, slots=True)
class Step:
    """What one device does in one forward and backward pass, and in the optimizer's step.

    Sequences: `batch_size` of `length` tokens, padding and virtual tokens' places included but not
    virtual tokens themselves. `source_length` is that of the encoder's input where there is one
    (None: as `length`).

    `padding`: some rows are padded, so attention gets a mask. None means unknown: the estimate
    takes the dearer case as its upper end. `packed`: rows lie behind one another in a sequence, and
    attention gets a mask that models make of their positions.

    `logits_columns`: positions of a sequence for which logits are computed (None: all);
    `learnt_tokens`: positions of the whole batch that have a label (None: all that have logits).
    Both count for the loss `selected` alone. `holds_output`: the training loop still has the
    model's output when it goes backward (transformers' Trainer does not). `loss_chunks`: into how
    many parts the positions are cut for `chunked`.

    `dtype` is the format of weights that are loaded, `trained_dtype` that of weights that are
    trained (None: as PEFT and this project's runner make them: float32 for adapters, `dtype` for
    the model's own), `autocast` the format that torch.autocast computes in (None: it is off).

    `quantization` is that of the linear layers other than the head (bitsandbytes);
    `upcast_kbit`: PEFT's `prepare_model_for_kbit_training` made every other weight float32.

    `adapted` are the modules and the parameters that get an adapter, `modules_to_save` the modules
    that PEFT copies and trains whole: full names, or a group's path
    (`model.layers.{}.self_attn.q_proj`, `model.layers.{}.mlp.experts.down_proj`) for all of it.
    `ranks` are those of adapters whose rank is not `rank`, by the same names.
    `trained_layers` counts for `freeze`: that many layers at the end, with the final norm and the
    head.

    `optimizer` is a name that `TrainingArguments.optim` knows, `more_moments` how many numbers a
    weight its arguments make it keep beyond its own (SGD's momentum). `clip_gradients`: gradients
    are scaled to a norm before the step (`max_grad_norm` above 0).
    """

    batch_size: int = 1
    length: int = 512
    source_length: int | None = None
    padding: bool | None = False
    packed: bool = False
    logits_columns: int | None = None
    learnt_tokens: int | None = None
    dtype: Dtype = "bfloat16"
    trained_dtype: Dtype | None = None
    autocast: Dtype | None = None
    method: Method = "lora"
    quantization: Quantization | None = None
    double_quantization: bool = True
    upcast_kbit: bool = False
    rank: int = 16
    ranks: tuple[tuple[str, int], ...] = ()
    adapted: tuple[str, ...] = ()
    modules_to_save: tuple[str, ...] = ()
    dropout: float = 0.0
    use_dora: bool = False
    bias: Literal["none", "all", "lora_only"] = "none"
    virtual_tokens: int = 20
    trained_layers: int = 2
    optimizer: str = "adamw_torch_fused"
    more_moments: int = 0
    clip_gradients: bool = True
    accumulation: int = 1
    checkpointing: bool = False
    attention: Attention = "sdpa"
    loss: Loss = "full"
    holds_output: bool = False
    loss_chunks: int = 8
    device: Kind = "cuda"
    sharding: Sharding = field(default_factory=Sharding)

    @property
    def tokens(self) -> int:
        """Positions in one batch on one device."""
        return self.batch_size * self.length
