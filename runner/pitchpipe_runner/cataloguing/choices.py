"""Which other values a field of a configuration can be tried with."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from transformers.configuration_utils import ALLOWED_LAYER_TYPES

LAYER_COUNT = re.compile(
    r"(?:^|_)(?:n_|num_)?(?:\w+_)?(?:layers?|depths?|blocks)$|^n_layers?$|depth"
)
_FEW = 5
_EXPLICIT: dict[str, tuple[Any, ...]] = {
    "feed_forward_proj": ("gated-gelu", "relu"),
    "hidden_act": (),
    "sliding_window_pattern": (2, 3),
    "hybrid_override_pattern": ("M-M*E", "MEM*E-", "MM-*MEE"),
    "norm_rel_ebd": ("layer_norm", "none|layer_norm"),
}
# Sizes by default, instead of which None stands for other modules.
_OPTIONAL = {"q_lora_rank"}
_WORTHLESS = re.compile(
    r"(_token_id|_token_index|_eps|_epsilon|dropout\w*|_drop|initializer\w*|_init|_theta|_std|_act)$"
    r"|^(drop|init_std|rope_|is_decoder$|is_encoder_decoder$|max_length|temperature|attn_impl"
    r"|gradient_check|layerdrop|activation|tie_encoder_decoder|layer_norm_eps|eos_|bos_|pad_"
    r"|router_(aux|z)|tpu_short|use_tpu_|scale_embedding|chunk_size_feed_forward|use_return_dict)"
)


def worthless(name: str) -> bool:
    """Whether the field can't decide what a model consists of."""
    return bool(_WORTHLESS.search(name.rpartition(".")[2]))


def choices(config_class: Any, name: str, value: Any, layers: int | None) -> list[Any]:
    """Values to try for the field `name` instead of `value`, the likeliest to work first.

    `layers`: the length that lists with one entry a layer have, None where that is not known.
    """
    if name in _EXPLICIT:
        return [v for v in _EXPLICIT[name] if v != value]
    match value:
        case bool():
            return [not value]
        case int():
            return [*_whole(name, value)]
        case float():
            return [value * 2, value / 2, value * 3]
        case str():
            return [t for t in _texts(config_class, name) if t != value][:4]
        case list() | tuple():
            return _lists(config_class, name, list(value))
        case None:
            return _instead_of_none(config_class, name, layers or _FEW)
    return []


def _whole(name: str, value: int) -> Sequence[int | None]:
    if LAYER_COUNT.search(name):
        return [value + 1, value + 2, value + 4, *([value - 1] if value > 1 else [])]
    if value < 2:
        return [value + 1, value + 2, value + 3, 1 - value]
    found = [2 * value, 3 * value, value // 2, value + value // 2, value + 1, value + 2, value - 1]
    if name.rpartition(".")[2] in _OPTIONAL:
        return [None, *found]
    return list(dict.fromkeys([*found, 1, 0] if value < 16 else [*found, value + 16]))


def _lists(config_class: Any, name: str, value: list[Any]) -> list[Any]:
    if all(isinstance(v, str) for v in value) and value:
        known = sorted({*value, *_layer_types(config_class)})
        turned = [
            [known[(i * step + start) % len(known)] for i in range(len(value))]
            for step, start in ((1, 0), (1, 1), (2, 0), (3, 1))
        ]
        mixed = [[kind if i % 2 else value[0] for i in range(len(value))] for kind in known]
        # One longer: in some models such a list decides how many layers there are.
        longer = [*value, value[0]]
        return [turned[0], longer, *turned[1:], *mixed, *([kind] * len(value) for kind in known)]
    if not value or re.search("indices|_ids|only_layers|_layers$|idx", name):
        return [[0], [1, 2], [0, 2], [1], []]
    if all(isinstance(v, int) and not isinstance(v, bool) for v in value):
        return [[2 * v for v in value], [v + 1 for v in value], [3 * v for v in value], value[::-1]]
    return []


def _instead_of_none(config_class: Any, name: str, layers: int) -> list[Any]:
    own = name.rpartition(".")[2]
    field = getattr(config_class, "__dataclass_fields__", {}).get(own)
    told = str(field.type) if field else ""
    if "layer_types" in own or ("list" in told and "str" in told):
        known = _layer_types(config_class)
        return [[k] * layers for k in known] + (
            [known * layers][0][:layers] and [(known * layers)[:layers]]
        )
    found: list[Any] = []
    if not told or "int" in told:
        found += [16, 64, 2, 3]
    if "float" in told:
        found += [2.0, 0.5]
    if not told or "bool" in told:
        found += [True, False]
    if "list" in told:
        found += [[0], [1, 2]]
    return found


@cache
def _sources(config_class: Any) -> str:
    """The text of the configuration's module and of the model beside it."""
    module = sys.modules[config_class.__module__]
    text = inspect.getsource(module)
    name = config_class.__module__.replace("configuration_", "modeling_")
    beside = sys.modules.get(name)
    return text + (inspect.getsource(beside) if beside else "")


def _texts(config_class: Any, name: str) -> list[str]:
    """Strings that the code compares the field with."""
    own = re.escape(name.rpartition(".")[2])
    found: list[str] = []
    for match in re.finditer(rf"\b{own}\s*(?:==|!=|in|not in)\s*([^\n]+)", _sources(config_class)):
        found += re.findall(r"[\"']([\w-]+)[\"']", match.group(1))
    return list(dict.fromkeys(found))


def _layer_types(config_class: Any) -> list[str]:
    text = _sources(config_class)
    return [t for t in ALLOWED_LAYER_TYPES if f'"{t}"' in text]
