"""Training steps that a CPU takes in a moment, in which most terms of memory occur."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

    from pitchpipe.modules import Head

Method = Literal["full", "lora", "qlora"]

VOCABULARY = 4096
_LLAMA_LIKE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
}
_BERT_LIKE = {k: v for k, v in _LLAMA_LIKE.items() if k != "num_key_value_heads"}

CONFIGS: dict[str, dict[str, Any]] = {
    "llama": _LLAMA_LIKE | {"tie_word_embeddings": False},
    "qwen3": _LLAMA_LIKE | {"head_dim": 48, "tie_word_embeddings": True},
    "gemma3_text": _LLAMA_LIKE | {"head_dim": 64, "sliding_window": 128, "layer_types": None},
    "gpt2": {
        "vocab_size": VOCABULARY,
        "n_positions": 1024,
        "n_embd": 192,
        "n_layer": 4,
        "n_head": 6,
        "bos_token_id": 1,
        "eos_token_id": 1,
    },
    "phi3": _LLAMA_LIKE | {"bos_token_id": 1, "eos_token_id": 1},
    "mixtral": _LLAMA_LIKE | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "t5": {
        "vocab_size": VOCABULARY,
        "d_model": 192,
        "d_kv": 32,
        "d_ff": 512,
        "num_layers": 3,
        "num_heads": 6,
        "decoder_start_token_id": 0,
    },
    "bert": _BERT_LIKE,
}
"""Fields of the configuration by model type; the others have their defaults."""

HEADS: dict[str, Head] = {"t5": "seq2seq-lm", "bert": "masked-lm"}
"""Of the model types that are not for causal language modelling."""


@dataclass(frozen=True)
class Case:
    """One step of one model. `length` is the row's, in tokens; all rows are as long.

    `padded`: the last row is half padding, under a mask. `lora` are fields of `peft.LoraConfig`
    beside r=8 on all linear layers. `config` are further fields of the configuration; `label`
    stands for them in the name. With "qlora" the linear layers are NF4, `double_quant` or not, all
    other weights are float32 (PEFT's `prepare_model_for_kbit_training`), and `dtype` is what NF4
    layers compute in.
    """

    architecture: str
    method: Method
    batch: int
    length: int
    dtype: str = "float32"
    checkpointing: bool = False
    attention: str = "sdpa"
    optimizer: str = "adamw_torch"
    padded: bool = False
    double_quant: bool = False
    lora: Mapping[str, Any] = field(default_factory=dict[str, Any])
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    label: str = ""

    @property
    def head(self) -> Head:
        return HEADS.get(self.architecture, "causal-lm")

    @property
    def name(self) -> str:
        marks = [
            self.dtype.replace("float", "f"),
            self.attention if self.attention != "sdpa" else "",
            "checkpointing" if self.checkpointing else "",
            self.optimizer.removeprefix("adamw_torch").strip("_"),
            "padded" if self.padded else "",
            "double" if self.double_quant else "",
            *(f"{k}={v}" for k, v in self.lora.items()),
            self.label or " ".join(f"{k}={v}" for k, v in self.config.items()),
        ]
        said = " ".join(m for m in marks if m)
        return f"{self.architecture} {self.method} {self.batch}×{self.length} {said}"


_ALIKE: tuple[tuple[Method, int, int, bool], ...] = (
    ("full", 2, 128, False),
    ("lora", 2, 192, False),
    ("lora", 2, 192, True),
)

# As published: HuggingFaceTB/SmolLM2-135M, config.json.
_SMOLLM2 = {
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}

# With few words it is the layers that decide, and not the loss.
_FEW_WORDS = {"vocab_size": 256, "num_hidden_layers": 2}
_DECIDED_BY_LAYERS: tuple[tuple[str, Method, str, bool, str], ...] = (
    ("llama", "full", "float32", False, "sdpa"),
    ("llama", "full", "bfloat16", True, "sdpa"),
    ("llama", "lora", "float32", True, "sdpa"),
    ("llama", "lora", "bfloat16", True, "eager"),
    ("llama", "qlora", "bfloat16", True, "sdpa"),
    ("qwen3", "lora", "float32", True, "sdpa"),
    ("gemma3_text", "lora", "bfloat16", True, "sdpa"),
    ("gpt2", "lora", "float32", True, "sdpa"),
    ("phi3", "full", "float32", True, "sdpa"),
    ("mixtral", "full", "float32", True, "sdpa"),
    ("mixtral", "lora", "bfloat16", True, "sdpa"),
    ("t5", "full", "float32", True, "sdpa"),
    ("bert", "lora", "float32", True, "eager"),
)

CASES: tuple[Case, ...] = (
    Case("llama", "full", 1, 64),
    Case("llama", "full", 2, 128),
    Case("llama", "full", 4, 256),
    Case("llama", "full", 4, 256, checkpointing=True),
    Case("llama", "full", 2, 192, attention="eager"),
    Case("llama", "full", 2, 192, padded=True),
    Case("llama", "full", 2, 192, dtype="bfloat16"),
    Case("llama", "full", 2, 192, optimizer="adamw_torch_fused"),
    Case("llama", "full", 2, 192, optimizer="adafactor"),
    Case("llama", "full", 2, 192, optimizer="sgd"),
    Case("llama", "lora", 1, 64),
    Case("llama", "lora", 2, 128),
    Case("llama", "lora", 4, 256),
    Case("llama", "lora", 4, 256, checkpointing=True),
    Case("llama", "lora", 1, 512, checkpointing=True),
    Case("llama", "lora", 2, 192, attention="eager"),
    Case("llama", "lora", 2, 192, attention="eager", checkpointing=True),
    Case("llama", "lora", 2, 192, padded=True),
    Case("llama", "lora", 2, 192, dtype="bfloat16"),
    Case("llama", "lora", 4, 256, dtype="bfloat16", checkpointing=True),
    Case("llama", "lora", 2, 192, lora={"lora_dropout": 0.05}),
    Case("llama", "lora", 2, 192, lora={"use_dora": True}),
    Case("llama", "lora", 2, 192, lora={"r": 64}),
    Case("llama", "lora", 2, 192, lora={"target_modules": ["q_proj", "v_proj"]}),
    Case("llama", "lora", 2, 192, lora={"modules_to_save": ["lm_head"]}),
    Case("llama", "qlora", 2, 128, dtype="bfloat16"),
    Case("llama", "qlora", 2, 128),
    Case("llama", "qlora", 4, 256, dtype="bfloat16", checkpointing=True, double_quant=True),
    *(
        Case(architecture, method, batch, length, checkpointing=checkpointing)
        for architecture in ("qwen3", "gemma3_text", "gpt2", "phi3", "mixtral", "t5", "bert")
        for method, batch, length, checkpointing in _ALIKE
    ),
    *(
        Case(
            architecture,
            method,
            2,
            256,
            dtype,
            checkpointing,
            attention,
            config=_FEW_WORDS,
            label="few words",
        )
        for architecture, method, dtype, checkpointing, attention in _DECIDED_BY_LAYERS
    ),
    Case("qwen3", "lora", 2, 192, padded=True),
    Case("qwen3", "qlora", 2, 192, dtype="bfloat16"),
    Case("gemma3_text", "lora", 2, 192, dtype="bfloat16"),
    Case("gemma3_text", "lora", 2, 192, attention="eager"),
    Case("gpt2", "lora", 2, 192, attention="eager"),
    Case("mixtral", "lora", 2, 192, dtype="bfloat16"),
    Case("t5", "lora", 2, 192, dtype="bfloat16", padded=True),
    Case("bert", "full", 4, 256, padded=True),
    Case("llama", "full", 1, 128, config=_SMOLLM2, label="SmolLM2-135M"),
    Case("llama", "lora", 2, 192, config=_SMOLLM2, label="SmolLM2-135M"),
    Case("llama", "lora", 2, 192, "bfloat16", True, config=_SMOLLM2, label="SmolLM2-135M"),
)


def model_of(case: Case, *, weightless: bool = False) -> Any:
    """The model with its adapter, ready to be trained; on the meta device if `weightless`."""
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    config = transformers.AutoConfig.for_model(
        case.architecture, **(CONFIGS[case.architecture] | dict(case.config))
    )
    cls = _auto(case.head)._model_mapping[type(config)]
    dtype = getattr(torch, case.dtype)
    with torch.device("meta" if weightless else "cpu"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: Any = cls._from_config(config, dtype=dtype, attn_implementation=case.attention)
    model.config.use_cache = False
    if case.method == "qlora":
        model = quantized(model, dtype, double=case.double_quant)
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if case.checkpointing:
        model.activation_checkpointing_enable()
        model.enable_input_require_grads()
    if case.method == "full":
        return model
    settings = {"r": 8, "target_modules": "all-linear", **case.lora}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what PEFT mends itself
        return get_peft_model(model, LoraConfig(**settings))


def quantized(model: Any, dtype: torch.dtype, *, double: bool) -> Any:
    """`model` with NF4 weights in its linear layers but the head's; on meta they only say so."""
    from transformers import BitsAndBytesConfig
    from transformers.integrations.bitsandbytes import replace_with_bnb_linear

    head = [n for n, m in model.named_modules() if m is model.get_output_embeddings()]
    weights = {n: p.data for n, p in model.named_parameters()}
    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_use_double_quant=double,
    )
    model = replace_with_bnb_linear(
        model, modules_to_not_convert=head, quantization_config=settings
    )
    if all(weight.is_meta for weight in weights.values()):
        return model
    for name, module in model.named_modules():
        if type(module).__name__ == "Linear4bit":
            empty: Any = module.weight  # on meta; takes its settings from `settings`
            full = type(empty)(
                weights[f"{name}.weight"],
                requires_grad=False,
                quant_type=empty.quant_type,
                compress_statistics=empty.compress_statistics,
            )
            module.weight = full.to("cpu")  # quantizes
    model.is_loaded_in_4bit = True
    return model


def batch_of(case: Case) -> dict[str, torch.Tensor]:
    """What the model takes; every token is learnt that is no padding."""
    import torch

    generator = torch.Generator().manual_seed(0)
    shape = (case.batch, case.length)
    words = case.config.get("vocab_size", VOCABULARY)
    ids = torch.randint(1, words, shape, generator=generator)
    labels = torch.randint(1, words, shape, generator=generator)
    batch = {"input_ids": ids, "labels": labels}
    if case.padded:
        mask = torch.ones(shape, dtype=torch.long)
        mask[-1, case.length // 2 :] = 0
        batch["attention_mask"] = mask
        batch["labels"] = labels.masked_fill(mask == 0, -100)
    return batch


def optimizer_of(case: Case) -> Any:
    """From the trained parameters to the optimizer, as transformers' Trainer makes it."""
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(output_dir="unused", optim=case.optimizer, use_cpu=True)
    kind, settings = Trainer.get_optimizer_cls_and_kwargs(arguments)
    return lambda parameters: kind(list(parameters), **settings)


def _auto(head: Head) -> Any:
    import transformers

    return {
        "causal-lm": transformers.AutoModelForCausalLM,
        "seq2seq-lm": transformers.AutoModelForSeq2SeqLM,
        "masked-lm": transformers.AutoModelForMaskedLM,
    }[head]
