"""What a training step computes, for every architecture: the shards that estimates are made from.

python -m pitchpipe_runner.cataloguing.activations [MODEL_TYPE ...] [--heads HEAD ...]

One forward pass of a small model is recorded for each head and way of attending, twice with
different sizes, so that every tensor's size becomes an expression over the configuration. Nothing
is measured; what training keeps of it is worked out in `pitchpipe.estimate`.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch
import transformers
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer

import pitchpipe_schemas
from pitchpipe.modules import Head
from pitchpipe_runner.batches import stay_apart
from pitchpipe_runner.cataloguing import classes, small
from pitchpipe_runner.cataloguing.encoding import Naming, NotDescribed, Pools, encode
from pitchpipe_runner.cataloguing.overrides import OVERRIDES
from pitchpipe_runner.cataloguing.probing import configured, proper_part
from pitchpipe_runner.cataloguing.recording import Recorder, record
from pitchpipe_runner.cataloguing.sizes import Pair
from pitchpipe_runner.cataloguing.tracing import parts, text_part

FOLDER = Path(pitchpipe_schemas.__file__).parent / "catalog" / "activations"

BATCH: Mapping[str, Pair] = {
    "B": (7, 3),  # rows
    "S": (31, 301),  # tokens of a row; code that goes through parts of a row takes more of these
    "C": (13, 17),  # columns with logits
    "R": (37, 43),  # tokens of a row of the encoder's input
}

ATTENTIONS = (
    *("sdpa", "sdpa+mask", "sdpa+packed"),
    *("eager", "eager+mask", "eager+packed"),
)
"""`+mask`: some rows are padded. `+packed`: rows behind one another, told apart by positions."""

HEADS: tuple[Head, ...] = get_args(Head)

_CATEGORIES = (
    ("norm", "norms"),
    ("attention", "attention"),
    ("attn", "attention"),
    ("mlp", "mlp"),
    ("moe", "mlp"),
    ("expert", "mlp"),
    ("router", "mlp"),
    ("feedforward", "mlp"),
    ("ffn", "mlp"),
    ("dense", "mlp"),
    ("bertintermediate", "mlp"),
    ("bertoutput", "mlp"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a small model is built. Some refuse dropout, or half precision, or free widths."""

    joined: bool = False
    dropout: bool = True
    dtype: torch.dtype = torch.bfloat16

    def after(self, error: Exception) -> Way:
        """Another way that avoids `error`; the same one where none is known."""
        text = str(error)
        if "attention implementation" in text:
            return self
        if "dropout" in text and self.dropout:
            return replace(self, dropout=False)
        if "loat" in text and self.dtype is torch.bfloat16:
            return replace(self, dtype=torch.float32)
        if isinstance(error, RuntimeError | ValueError) and ("size" in text or "shape" in text):
            return replace(self, joined=True)
        return self


def program(model_type: str, head: Head, attention: str, pools: Pools) -> list[Any]:
    """One variant, as the catalogue has it.

    Raises:
        NotDescribed: the computation has no expression in the configuration.
        Exception: whatever the model's own code raises.
    """
    way = Way()
    while True:
        try:
            return _program(model_type, head, attention, pools, way)
        except Exception as error:  # noqa: PERF203  # models raise anything
            other = way.after(error)
            if other == way or isinstance(error, NotDescribed):
                raise
            way = other


def _program(model_type: str, head: Head, attention: str, pools: Pools, way: Way) -> list[Any]:
    name = classes.class_names(model_type)[head]
    models: list[Any] = []
    recorders: list[Recorder] = []
    fields: list[dict[str, int]] = []
    chances: dict[str, float] = {}
    for variant in (0, 1):
        config = configured_for(model_type, name)
        fields.append(small.shrink(config, variant, joined=way.joined))
        chances = small.separate_dropouts(config) if way.dropout else {}
        config.use_cache = False
        model = classes.model_class(name)._from_config(
            config, dtype=way.dtype, attn_implementation=attention.partition("+")[0]
        )
        model.train()
        watched = tuple(_layers(model))
        inputs = _inputs(model, head, variant, attention.partition("+")[2])
        models.append(model)
        recorders.append(record(model, watched, **inputs))
    named = {n: (v, fields[1][n]) for n, v in fields[0].items()}
    naming = Naming(
        batch={**BATCH, **_cut(named)},
        fields=named,
        numbers=_numbers(*(_text(m.config) for m in models)),
        parameters=_shapes(*models),
        chances={value: key for key, value in chances.items()},
        categories=_categories(models[0]),
        layers={layer: _modules(models[0].get_submodule(layer)) for layer in _layers(models[0])},
        dtype=way.dtype,
    )
    return encode(recorders[0], recorders[1], naming, pools)


def _cut(fields: Mapping[str, Pair]) -> dict[str, Pair]:
    """Sizes of rows that are gone through part by part, each as long as a field says."""
    found: dict[str, Pair] = {}
    for name in small.CHUNKS:
        if name in fields:
            first, second = (-(-s // c) for s, c in zip(BATCH["S"], fields[name], strict=True))
            found[f"chunks(S,{name})"] = (first, second)
            found[f"chunks(S,{name})+1"] = (first + 1, second + 1)
            found[f"padded(S,{name})"] = (first * fields[name][0], second * fields[name][1])
    return found


def configured_for(model_type: str, class_name: str) -> Any:
    """The default configuration of the class; of a composite one the part that it is made for."""
    config = configured(model_type, OVERRIDES.get(model_type, {}))
    return proper_part(config, classes.model_class(class_name))


def _layers(model: nn.Module) -> Iterator[str]:
    """The outermost modules that checkpointing takes as units, or else equal ones in a list."""
    units = [n for n, m in model.named_modules() if isinstance(m, GradientCheckpointingLayer)]
    if not units:
        units = [
            f"{name}.{index}"
            for name, module in model.named_modules()
            if isinstance(module, nn.ModuleList) and len({type(m) for m in module}) == 1
            for index in range(len(module))
        ]
    for name in units:
        if not any(name.startswith(f"{other}.") for other in units):
            yield name


def _inputs(model: Any, head: Head, variant: int, rows_are: str) -> dict[str, Any]:
    size = {name: pair[variant] for name, pair in BATCH.items()}
    rows, tokens = size["B"], size["S"]
    ids = torch.randint(5, 900, (rows, tokens))
    ids[:, -1] = 1  # the end token, which some classifiers look for
    mask = torch.ones(rows, tokens, dtype=torch.long)
    mask[0, : tokens // 2] = 0
    accepted = model.forward.__code__.co_varnames
    given: dict[str, Any] = {"input_ids": ids}
    if head == "seq2seq-lm":
        given = {
            "input_ids": torch.randint(5, 900, (rows, size["R"])),
            "decoder_input_ids": ids,
        }
        mask = torch.ones(rows, size["R"], dtype=torch.long)
        mask[0, : tokens // 2] = 0
    if rows_are == "mask":
        given["attention_mask"] = mask
    elif rows_are == "packed":
        given["position_ids"] = torch.cat([torch.arange(9), torch.arange(tokens - 9)]).repeat(
            rows, 1
        )
    signature = getattr(type(model).forward, "__wrapped__", type(model).forward)
    if head == "causal-lm" and "logits_to_keep" in (*accepted, *signature.__code__.co_varnames):
        given["logits_to_keep"] = torch.arange(size["C"])
    return given


def _text(config: Any) -> dict[str, Any]:
    """The language model's own fields."""
    return dict(parts(config))[text_part(config)].to_dict()


def _numbers(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Pair]:
    """Whole numbers of the configuration, those in a section by their path."""
    found: dict[str, Pair] = {}
    for name, value in first.items():
        if isinstance(value, int) and not isinstance(value, bool) and value > 3:
            found[name] = (value, second[name])
    return found


def _shapes(first: nn.Module, second: nn.Module) -> dict[str, tuple[Any, Any]]:
    other = {name: tuple(p.shape) for name, p in second.named_parameters()}
    return {name: (tuple(p.shape), other[name]) for name, p in first.named_parameters()}


def _categories(model: nn.Module) -> dict[str, str]:
    """What part of a model each module belongs to: its own name decides, else that around it."""
    found: dict[str, str] = {}
    for name, module in model.named_modules():
        kind = type(module).__name__.lower()
        own = next((c for word, c in _CATEGORIES if word in kind), None)
        if isinstance(module, nn.Dropout | nn.Linear):
            own = None
        found[name] = own or found.get(name.rpartition(".")[0], "other")
    return found


def _modules(layer: nn.Module) -> tuple[str, ...]:
    return tuple(
        name
        for name, module in layer.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    )


def shard(model_type: str, heads: Collection[str] = HEADS) -> tuple[dict[str, Any], dict[str, str]]:
    """The programs of a model type, and for each that could not be made the reason."""
    pools = Pools()
    programs: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for head in classes.class_names(model_type):
        if head not in heads:
            continue
        for attention in ATTENTIONS:
            if attention.endswith("+packed") and head != "causal-lm":
                continue
            made_or_why = _tried(model_type, head, attention, pools)
            if isinstance(made_or_why, str):
                missing[f"{head}/{attention}"] = made_or_why
            else:
                programs[f"{head}/{attention}"] = made_or_why
    made = {
        "transformers": transformers.__version__,
        "packs": packs(model_type),
        "sizes": pools.sizes,
        "modules": pools.modules,
        "sections": pools.sections,
        "programs": programs,
    }
    return made, missing


def packs(model_type: str) -> bool | None:
    """Whether its causal model keeps packed rows apart, as the runner asks; None without one."""
    name = classes.class_names(model_type).get("causal-lm")
    if name is None:
        return None
    try:
        config = configured_for(model_type, name)
        small.shrink(config, 0)
        return stay_apart(classes.model_class(name)._from_config(config, dtype=torch.float32))
    except Exception:  # noqa: BLE001  # models raise anything; then nobody packs for it
        return False


def _tried(model_type: str, head: Head, attention: str, pools: Pools) -> list[Any] | str:
    """The program, or why there is none."""
    try:
        return program(model_type, head, attention, pools)
    except Exception as error:  # noqa: BLE001  # models raise anything
        return f"{type(error).__name__}: {error}"[:200]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model_type", nargs="*")
    parser.add_argument("--heads", nargs="+", choices=HEADS, default=HEADS)
    given = parser.parse_args()
    chosen = given.model_type or classes.text_types()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for model_type in chosen:
        made, missing = shard(model_type, given.heads)
        gc.collect()  # models hang on their recordings
        if made["programs"]:
            text = json.dumps(made, separators=(",", ":"))
            (FOLDER / f"{model_type}.json").write_text(text + "\n", encoding="utf-8")
        sys.stdout.write(f"{model_type}: {len(made['programs'])} programs\n")
        for name, reason in missing.items():
            sys.stdout.write(f"    {name}: {reason}\n")


if __name__ == "__main__":
    main()


__all__ = ["NotDescribed", "program", "shard"]
