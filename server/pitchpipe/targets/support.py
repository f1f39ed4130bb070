"""Which modules a method can adapt, and what one adapter costs: the layers of PEFT 0.21.2."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pitchpipe.modules import ModelShape, ModuleGroup, Parameter
from pitchpipe.targets.choice import Method, MethodType

# What PEFT says of a module that it can't adapt, up to where its list of types begins.
REFUSALS: Mapping[MethodType, str] = {
    "lora": "is not supported. Currently, only the following modules are supported",
    "adalora": "is not supported. Currently, only `torch.nn.Linear`, `Conv1D`",
    "ia3": "is not supported. Currently, only `torch.nn.Linear`, `torch.nn.Conv2d`",
    "loha": "not supported, currently only adapters for Conv2d, Conv1d, Linear are supported",
    "lokr": "not supported, currently only adapters for Conv2d, Conv1d, Linear are supported",
    "vera": "is not supported. Currently, only `torch.nn.Linear` (optionally quantized)",
    "oft": "is not supported. Currently, only `torch.nn.Linear`, `torch.nn.Conv2d`",
    "hra": "is not supported. Currently, only `torch.nn.Linear` and `torch.nn.Conv2d`",
    "ln_tuning": "",
}

_KINDS: Mapping[MethodType, frozenset[str]] = {
    "lora": frozenset({"linear", "conv1d", "embedding", "Conv1d", "Conv2d", "Conv3d"}),
    "adalora": frozenset({"linear", "conv1d"}),
    "ia3": frozenset({"linear", "conv1d", "Conv2d", "Conv3d"}),
    "loha": frozenset({"linear", "Conv1d", "Conv2d"}),
    "lokr": frozenset({"linear", "Conv1d", "Conv2d"}),
    "vera": frozenset({"linear", "conv1d"}),
    "oft": frozenset({"linear", "embedding"}),
    "hra": frozenset({"linear", "Conv2d"}),
}
_CONVOLUTIONS = {3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}

# Grouped convolutions keep the number of their groups in the configuration alone.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "squeezebert": {
        "query": "q_groups",
        "key": "k_groups",
        "value": "v_groups",
        "post_attention": "post_attention_groups",
        "intermediate": "intermediate_groups",
        "output": "output_groups",
    }
}


def is_adaptable(group: ModuleGroup, method: Method) -> bool:
    """Whether PEFT has a layer of this method for modules of this type."""
    if method.type == "ln_tuning":
        return True
    kind: str = group.kind
    if kind == "convolution":
        weight = _weight(group)
        if weight is None or "Transpose" in group.class_name:
            return False
        kind = _CONVOLUTIONS.get(len(weight.shape), "")
    return kind in _KINDS[method.type]


def features(group: ModuleGroup, shape: ModelShape) -> tuple[int, int]:
    """(in, out); (entries, width) of an embedding; channels of a convolution; (0, 0) of others."""
    if group.kind == "convolution":
        weight = _weight(group)
        assert weight is not None
        return weight.shape[1] * convolution_groups(group, shape), weight.shape[0]
    return group.features or (0, 0)


def convolution_groups(group: ModuleGroup, shape: ModelShape) -> int:
    """In how many groups the channels are convolved. Read off the shape: one, or depthwise."""
    known = _GROUPS.get(shape.model_type, {})
    for part in reversed(group.path.split(".")):
        if part in known:
            return int(shape.config.get(known[part], 1))
    weight = _weight(group)
    assert weight is not None
    return weight.shape[0] if weight.shape[1] == 1 else 1


def cost(group: ModuleGroup, shape: ModelShape, method: Method, rank: int, forward: bool) -> int:
    """Trainable parameters of one adapter. `forward`: IA3 scales its input, not its output."""
    if method.type == "ln_tuning":
        return group.numel
    size = features(group, shape)
    if group.kind == "convolution":
        return _of_convolution(group, shape, method, rank, forward)
    inside, outside = size
    if method.type == "lora":
        extra = (method.use_dora + method.lora_bias) * outside
        return rank * (inside + outside) + extra
    if method.type == "adalora":
        return rank * (inside + outside + 1)
    if method.type == "ia3":
        return inside if forward else outside
    if method.type == "loha":
        return 2 * rank * (inside + outside)
    if method.type == "lokr":
        return _lokr(inside, outside, 1, rank, method)
    if method.type == "vera":
        return outside + rank
    if method.type == "oft":
        return _oft(outside if group.kind == "embedding" else inside, method)
    return rank * inside  # hra


def parameter_size(parameter: Parameter) -> tuple[int, int, int] | None:
    """(experts, one side, other side) as `lora.ParamWrapper` reads it; None: it refuses."""
    if len(parameter.shape) == 3:
        experts, first, second = parameter.shape
        return experts, first, second
    if len(parameter.shape) == 2:
        first, second = parameter.shape
        return 1, first, second
    return None


def _weight(group: ModuleGroup) -> Parameter | None:
    return next((p for p in group.parameters if p.name == "weight"), None)


def _of_convolution(
    group: ModuleGroup, shape: ModelShape, method: Method, rank: int, forward: bool
) -> int:
    weight = _weight(group)
    assert weight is not None
    outside, narrow, *kernel = weight.shape
    grouped = convolution_groups(group, shape)
    inside = narrow * grouped
    window = math.prod(kernel)
    if method.type == "lora":
        extra = (method.use_dora + method.lora_bias) * outside
        return rank * inside * window + outside * rank // grouped + extra
    if method.type == "loha":
        return 2 * rank * (outside + narrow * window)
    if method.type == "lokr":
        return _lokr(narrow, outside, window, rank, method)
    if method.type == "ia3":
        return inside if forward else outside
    return rank * inside * kernel[0] ** 2  # hra


def _lokr(inside: int, outside: int, window: int, rank: int, method: Method) -> int:
    """`LoKrLayer.create_adapter_parameters` without `use_effective_conv2d`."""
    in_few, in_many = _factors(inside, method.decompose_factor)
    out_few, out_many = _factors(outside, method.decompose_factor)
    split = method.decompose_both and rank < max(out_few, in_few) / 2
    first = rank * (out_few + in_few) if split else out_few * in_few
    if rank < max(out_many, in_many) / 2:
        return first + rank * (out_many + in_many * window)
    return first + out_many * in_many * window


def _factors(number: int, wanted: int) -> tuple[int, int]:
    """Two factors of `number`, the smaller first and near `wanted`: PEFT's `factorization`."""
    if wanted > 0 and number % wanted == 0:
        return wanted, number // wanted
    limit = number if wanted == -1 else wanted
    few, many = 1, number
    total = few + many
    while few < many:
        more = next(n for n in range(few + 1, number + 1) if number % n == 0)
        if more + number // more > total or more > limit:
            break
        few, many = more, number // more
    return min(few, many), max(few, many)


def _oft(inside: int, method: Method) -> int:
    """Elements above the diagonal of one rotation a block."""
    size = method.oft_block_size
    if inside % size != 0 or size > inside:
        size = _fitting(inside, size)
    blocks = 1 if method.block_share else inside // size
    return blocks * (size * (size - 1) // 2)


def _fitting(inside: int, size: int) -> int:
    """The divisor of `inside` nearest to `size`: `OFTLayer.adjust_oft_parameters`."""
    if size >= inside:
        return inside
    above = next(n for n in range(size, inside + 1) if inside % n == 0)
    below = next(n for n in range(size, 0, -1) if inside % n == 0)
    return below if size - below <= above - size else above
