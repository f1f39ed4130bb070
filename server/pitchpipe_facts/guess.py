"""Modules guessed from stored tensors alone, for models that no catalogue and no code describes.

Counts and shapes are those of the files; which modules there are, and what they are for, is told
from names and ranks, so nothing here is called exact.
"""

from __future__ import annotations

import re

from pitchpipe.model_config import ModelConfig, interpret, text_config
from pitchpipe.modules import Head, Kind, ModelShape, ModuleGroup, Parameter, Role, ShapeSource
from pitchpipe_facts.weights import Tensor, Weights

_UNKNOWN = "unknown"
_SOURCE = ShapeSource(
    "weights", "the weights' headers alone; names and kinds of modules are guessed from them"
)

_INDEX = re.compile(r"(?:^|(?<=\.))\d+(?=\.|$)")

_EMBEDDING = re.compile(r"embed|^wte$|^wpe$|^shared$")
_NORM = re.compile(r"norm|^ln(_|\d|$)|layer_?norm")
_CONVOLUTION = re.compile(r"conv")

# The first that is found in a path decides.
_ROLES: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"(^|\.)(vision|visual|audio|image)\w*\.|multi_modal|mm_projector"), "tower"),
    (re.compile(r"(^|\.)(lm_head|embed_out|output_head|score|classifier)$"), "head"),
    (re.compile(r"shared_experts?\."), "shared-expert"),
    (re.compile(r"experts?(\.|$)"), "expert"),
    (re.compile(r"(router|moe\.gate|mlp\.gate)$"), "router"),
    (re.compile(r"mamba|mixer|ssm|\bconv"), "mixer"),
    (re.compile(r"(qkv|query_key_value|Wqkv|c_attn|in_proj_qkv)\w*$"), "qkv"),
    (re.compile(r"(^|[._])(q|wq|query|q_proj|to_q)$"), "q"),
    (re.compile(r"(^|[._])(k|wk|key|k_proj|to_k)$"), "k"),
    (re.compile(r"(^|[._])(v|wv|value|v_proj|to_v)$"), "v"),
    (re.compile(r"(^|[._])(o|wo|o_proj|out_proj|to_out)$"), "o"),
    (re.compile(r"att(n|ention)"), "attention"),
    (re.compile(r"mlp|ffn|feed_forward|gate_proj|up_proj|down_proj|\.w[123]$|fc\d?$"), "mlp"),
)


def from_tensors(stored: Weights, config: ModelConfig | None, head: Head | None) -> ModelShape:
    """What the names and shapes of `stored` look like."""
    held: dict[str, list[Parameter]] = {}
    for name, tensor in stored.tensors.items():
        module, _, own = name.rpartition(".")
        held.setdefault(module, []).append(_parameter(own, tensor))
    found: dict[tuple[str, tuple[Parameter, ...]], list[tuple[int, ...]]] = {}
    for module, parameters in sorted(held.items(), key=lambda item: _in_order(item[0])):
        key = (_INDEX.sub("{}", module), tuple(sorted(parameters, key=lambda p: p.name)))
        found.setdefault(key, []).append(tuple(map(int, _INDEX.findall(module))))
    said = config or interpret({}, _SOURCE)
    return ModelShape(
        model_type=said.model_type or _UNKNOWN,
        class_name=next(iter(said.architectures), _UNKNOWN),
        head=head or said.head or "causal-lm",
        groups=tuple(_group(path, tuple(at), own) for (path, own), at in found.items()),
        config=dict(text_config(said.config)),
        exact=False,
        source=ShapeSource(
            "weights",
            "the weights' headers alone; names and kinds of modules are guessed from them",
        ),
    )


def _parameter(name: str, tensor: Tensor) -> Parameter:
    return Parameter(name, tensor.shape, dtype=tensor.dtype)


def _in_order(module: str) -> tuple[tuple[int, str | int], ...]:
    """Sorts layers by their number."""
    return tuple((0, int(p)) if p.isdecimal() else (1, p) for p in module.split("."))


def _group(
    path: str, at: tuple[tuple[int, ...], ...], parameters: tuple[Parameter, ...]
) -> ModuleGroup:
    kind = _kind(path, parameters)
    return ModuleGroup(path, at, kind, _role(path, kind), _UNKNOWN, parameters)


def _kind(path: str, parameters: tuple[Parameter, ...]) -> Kind:
    leaf = path.rpartition(".")[2].lower()
    weight = next((p for p in parameters if p.name == "weight"), None)
    if weight is None:
        many = any(len(p.shape) == 3 for p in parameters)
        return "experts" if many and "expert" in path else "other"
    if len(weight.shape) == 1:
        return "norm" if _NORM.search(leaf) or "norm" in path else "other"
    if len(weight.shape) == 2:
        return "embedding" if _EMBEDDING.search(leaf) else "linear"
    return "convolution" if _CONVOLUTION.search(leaf) else "other"


def _role(path: str, kind: Kind) -> Role:
    if kind == "norm":
        return "norm"
    if kind == "embedding":
        return "embedding"
    for pattern, role in _ROLES:
        if pattern.search(path):
            return role
    return "other"
