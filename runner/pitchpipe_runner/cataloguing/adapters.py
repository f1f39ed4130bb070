"""What PEFT's layers compute around the layer that they adapt: a shard of its own.

python -m pitchpipe_runner.cataloguing.adapters

Recorded as whole models are (see `activations`), of one adapted linear layer. N is the number of
rows that go in, I and O its features, r the rank. Adapters are float64 in the recording, which
stands for whatever format they have.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import peft
import torch
from torch import nn

from pitchpipe_runner.cataloguing.activations import FOLDER
from pitchpipe_runner.cataloguing.encoding import Naming, Pools, encode
from pitchpipe_runner.cataloguing.recording import Recorder, record
from pitchpipe_runner.cataloguing.sizes import Vocabulary

_SIZES: Mapping[str, tuple[int, int]] = {
    "N": (217, 87),
    "I": (352, 416),
    "O": (544, 608),
    "r": (4, 8),
}
_DROPOUT = 0.125

Make = Callable[[int, float], peft.PeftConfig]

_METHODS: Mapping[str, Make] = {
    "lora": lambda r, p: peft.LoraConfig(r=r, lora_dropout=p, target_modules=["layer"]),
    "dora": lambda r, p: peft.LoraConfig(
        r=r, lora_dropout=p, target_modules=["layer"], use_dora=True
    ),
    "ia3": lambda r, p: peft.IA3Config(target_modules=["layer"], feedforward_modules=[]),
    "ia3-feedforward": lambda r, p: peft.IA3Config(
        target_modules=["layer"], feedforward_modules=["layer"]
    ),
    "adalora": lambda r, p: peft.AdaLoraConfig(
        init_r=r, target_r=r // 2, lora_dropout=p, target_modules=["layer"], total_step=10
    ),
    "loha": lambda r, p: peft.LoHaConfig(r=r, module_dropout=0.0, target_modules=["layer"]),
    "lokr": lambda r, p: peft.LoKrConfig(r=r, module_dropout=0.0, target_modules=["layer"]),
    "vera": lambda r, p: peft.VeraConfig(r=r, vera_dropout=p, target_modules=["layer"]),
    "oft": lambda r, p: peft.OFTConfig(
        r=0, oft_block_size=r, module_dropout=0.0, target_modules=["layer"]
    ),
}
_WITH_DROPOUT = frozenset(("lora", "dora", "adalora", "vera"))
_OWN_LAYER_IN_4_BITS = frozenset(("lora",))
"""PEFT computes otherwise around a layer of 4 bits than around others (tuners/*/bnb.py)."""


class _Model(nn.Module):
    def __init__(self, inward: int, outward: int, *, four_bit: bool) -> None:
        super().__init__()
        self.is_loaded_in_4bit = four_bit  # what PEFT asks a model
        if four_bit:
            bitsandbytes: Any = importlib.import_module("bitsandbytes")  # for this command alone
            made = bitsandbytes.nn.Linear4bit(
                inward, outward, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4"
            )
            made.weight = bitsandbytes.nn.Params4bit(
                torch.randn(outward, inward, dtype=torch.bfloat16), requires_grad=False
            )
            self.layer: nn.Module = made.to("cpu")
        else:
            self.layer = nn.Linear(inward, outward, bias=False, dtype=torch.bfloat16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def fragment(method: str, dropout: float, pools: Pools, *, four_bit: bool) -> dict[str, Any]:
    """The program of one adapted layer, and the tensors that it adds.

    Of those their shapes (None where a side has no name), whether they are trained, and whether
    each layer has its own.

    Raises:
        NotDescribed: a size has no name.
    """
    made = [_adapted(method, dropout, variant, four_bit=four_bit) for variant in (0, 1)]
    recorders = [_recorded(layer, variant) for variant, layer in enumerate(made)]
    added = [_added(layer) for layer in made]
    sizes = {name: pair for name, pair in _SIZES.items() if name != "N"}
    naming = Naming(
        batch={"N": _SIZES["N"]},
        fields=sizes,
        numbers={},
        parameters={n: (tuple(t.shape), tuple(added[1][n].shape)) for n, t in added[0].items()},
        chances={dropout: "dropout"},
        categories={name: "adapters" for name, _ in made[0].named_modules()},
        layers={"": ()},
    )
    vocabulary = Vocabulary({}, sizes, {})
    weights = {
        name: [
            [
                vocabulary.name((first,), (second,))
                for first, second in zip(tensor.shape, added[1][name].shape, strict=True)
            ],
            tensor.requires_grad,
            "vera_A" not in name and "vera_B" not in name,
        ]
        for name, tensor in added[0].items()
        if tensor.is_floating_point()
    }
    (section,) = encode(recorders[0], recorders[1], naming, pools)
    return {"section": section, "weights": weights}


def _adapted(method: str, dropout: float, variant: int, *, four_bit: bool) -> nn.Module:
    size = {name: pair[variant] for name, pair in _SIZES.items()}
    torch.manual_seed(0)
    base: Any = _Model(size["I"], size["O"], four_bit=four_bit)
    adapted: Any = peft.get_peft_model(base, _METHODS[method](size["r"], dropout))
    layer = adapted.base_model.model.layer
    layer.train()
    for tensor in _added(layer).values():
        if tensor.is_floating_point():
            tensor.data = tensor.data.double()
    return layer


def _added(layer: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors that are not the layer's own."""
    named = [*layer.named_parameters(), *layer.named_buffers()]
    return {name: tensor for name, tensor in named if not name.startswith("base_layer")}


def _recorded(layer: nn.Module, variant: int) -> Recorder:
    x = torch.randn(
        1, _SIZES["N"][variant], _SIZES["I"][variant], dtype=torch.bfloat16, requires_grad=True
    )
    recorder = record(layer, ("",), x=x)
    for operation in recorder.operations:
        if operation.name == "gemm_4bit":  # a product as any other, of a weight stored otherwise
            operation.name, operation.inputs = "mm", operation.inputs[:2]
    return recorder


def main() -> None:
    pools = Pools()
    fragments: dict[str, Any] = {}
    for method in _METHODS:
        for dropout in (0.0, _DROPOUT) if method in _WITH_DROPOUT else (0.0,):
            for four_bit in (False, True) if method in _OWN_LAYER_IN_4_BITS else (False,):
                name = method + ("+dropout" if dropout else "") + ("+4bit" if four_bit else "")
                fragments[name] = fragment(method, dropout, pools, four_bit=four_bit)
    shard = {
        "peft": peft.__version__,
        "sizes": pools.sizes,
        "modules": pools.modules,
        "sections": pools.sections,
        "fragments": fragments,
    }
    text = json.dumps(shard, separators=(",", ":"))
    (FOLDER / "_adapters.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
