"""Every text architecture of the installed transformers, with its layers cut short, on meta."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import nn
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.pytorch_utils import Conv1D

from pitchpipe.modules import Head, ModelShape, Role
from pitchpipe_runner.cataloguing.describe import describe

HEADS: dict[Head, Any] = {
    "causal-lm": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "seq2seq-lm": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "masked-lm": modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "sequence-classification": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "token-classification": modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
}
LAYERS = 6  # kept of each stack: enough for dense layers first and for mixers by turns

_INDEXER = {
    "indexer_n_heads": 4,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 256,
    "indexer_budget": 1024,
    "indexer_compress_ratio": 4,
}
_ASSISTANT = {
    "num_hidden_layers": 12,
    "num_kv_shared_layers": 2,
    "hidden_size_per_layer_input": 0,
    "vocab_size_per_layer_input": 0,
}
# What a default configuration lacks: transformers 5.23 builds these types with nothing less.
_MISSING: dict[str, dict[str, Any]] = {
    "cohere_compass_text": {
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 1e4},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        }
    },
    "dbrx": {"attn_config": {"rope_theta": 5e5}},
    "dots1": {"n_routed_experts": 8, "n_shared_experts": 1},
    "esm": {"vocab_size": 33, "pad_token_id": 1},
    "gemma4_assistant": {
        "text_config": {"model_type": "gemma4_text", **_ASSISTANT, "num_kv_shared_layers": 12}
    },
    "gemma4_unified_assistant": {
        "text_config": {"model_type": "gemma4_unified_text", **_ASSISTANT}
    },
    "hunyuan_v1_dense": {"head_dim": 128},
    "hunyuan_v1_moe": {"head_dim": 128},
    "lfm2_moe": {"layer_types": ["conv", "conv", "full_attention"] * 2, "num_hidden_layers": 6},
    "ministral": {"head_dim": 128},
    "nemotron": {"num_key_value_heads": 8},
    "qwen4_exp": _INDEXER,
    "qwen4_exp_text": _INDEXER,
    "reformer": {"is_decoder": True},
}


class NotBuilt(Exception):
    """The default configuration of this type makes no model; the message says why."""


@dataclass(frozen=True)
class Architecture:
    model_type: str
    head: Head
    class_name: str


def text_architectures() -> Iterator[Architecture]:
    """Every text model type once, with its first task in the order of `HEADS`."""
    seen: set[str] = set()
    for architecture in all_architectures():
        if architecture.model_type not in seen:
            seen.add(architecture.model_type)
            yield architecture


def all_architectures() -> Iterator[Architecture]:
    """Every text model type with every task that transformers has a class for."""
    for head, names in HEADS.items():
        for model_type, found in names.items():
            yield Architecture(model_type, head, found if isinstance(found, str) else found[0])


def architecture(model_type: str, head: Head = "causal-lm") -> Architecture:
    return Architecture(model_type, head, HEADS[head][model_type])


def build(wanted: Architecture, *, layers: int | None = LAYERS) -> Any:
    """A model without weights. `layers=None` keeps the default depth. Raises `NotBuilt`."""
    model_class = getattr(transformers, wanted.class_name)
    errors: list[Exception] = []
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        for depth in dict.fromkeys((layers, None)):
            try:
                return model_class(_config(wanted, model_class, depth))
            except Exception as error:  # noqa: BLE001, PERF203  # defaults are broken in any way
                errors.append(error)
    raise NotBuilt(f"{type(errors[-1]).__name__}: {errors[-1]}".splitlines()[0])


def shape_of(model: Any, head: Head) -> ModelShape:
    return describe(model, head, roles(model))


def roles(model: nn.Module) -> dict[str, Role]:
    """A role for every module by its path: coarse, and the same for every architecture."""
    output = model.get_output_embeddings()  # type: ignore[operator]
    found: dict[str, Role] = {}
    for name, module in model.named_modules():
        found[name] = "head" if module is output and output is not None else _role(name, module)
    return found


_ROLES: list[tuple[str, Role]] = [
    (r"vision|visual|audio|image|tower|patch|projector|perceiver", "tower"),
    (r"lm_head|^score|^classifier|^cls\.|_head(\.|$)|pooler", "head"),
    (r"(^|[._])(mamba|mixer|ssm|conv|linear_attn|rg_lru|temporal_block|recurrent)(\.|$)", "mixer"),
    (r"shared_experts?\.|shared_mlp", "shared-expert"),
    (r"experts(\.|$)", "expert"),
    (r"(^|\.)(router|gate|.*_gate|classifier)$", "router"),
    (r"(^|\.)(q|query|q_proj|query_proj|q_lin|wq|q_a_proj|q_b_proj)$", "q"),
    (r"(^|\.)(k|key|k_proj|key_proj|k_lin|wk)$", "k"),
    (r"(^|\.)(v|value|v_proj|value_proj|v_lin|wv)$", "v"),
    (r"(^|\.)(query_key_value|c_attn|qkv_proj|Wqkv|qkv|in_proj|att_proj)$", "qkv"),
    (r"att(e?n|ention)\w*\.(\w+\.)*(o_proj|out_proj|c_proj|dense|o|out_lin|wo)$", "o"),
    (r"(^|[._])(self_)?att(n|ention)?\w*\.|Attention\.", "attention"),
    (r"(^|[._])(mlp|ffn|ff|feed_forward|feedforward|intermediate|output|fc\w*|DenseReluDense)(\.|$)",
     "mlp"),
    (r"lin[12]$|(wi|wo)(_\d)?$|dense_(h_to_4h|4h_to_h)$|(gate|up|down)_proj$", "mlp"),
]  # fmt: skip


def _role(name: str, module: nn.Module) -> Role:
    if isinstance(module, nn.Embedding):
        return "embedding"
    if "norm" in type(module).__name__.lower():
        return "norm"
    fitting: list[Role] = [role for rule, role in _ROLES if re.search(rule, name)]
    role: Role = fitting[0] if fitting else "other"
    parameters = list(module.parameters(recurse=False))
    if isinstance(module, (nn.Linear, Conv1D)) or any(p.dim() == 3 for p in parameters):
        return role
    return role if role in {"tower", "router", "mixer"} else "other"


def _config(wanted: Architecture, model_class: Any, layers: int | None) -> Any:
    config_class: Any = CONFIG_MAPPING[wanted.model_type]
    own = getattr(model_class, "config_class", None) or config_class
    if not issubclass(config_class, own):  # a composite, of which this class is one part
        config_class = own
    config = config_class(**_MISSING.get(wanted.model_type, {}))
    return config if layers is None else config_class(**_cut(config, layers))


_DEPTHS = re.compile(r"^(num_(hidden_)?layers|n_layers?|(en|de)coder_layers|num_decoder_layers)$")


def _cut(config: Any, layers: int) -> dict[str, Any]:
    """The fields of `config` with every stack, and every list that has an entry a layer, cut."""
    fields = {k: v for k, v in config.to_dict().items() if k not in {"model_type", "dtype"}}
    depth = getattr(config, "num_hidden_layers", None)
    fields = {k: v for k, v in fields.items() if v is not None and not isinstance(v, dict)}
    for key, value in list(fields.items()):
        if _DEPTHS.match(key) and isinstance(value, int):
            fields[key] = min(value, layers)
        elif isinstance(value, (list, tuple)) and depth and len(value) == depth:
            fields[key] = list(value)[:layers]
    return fields
