"""Prints the estimate beside every published peak that it can predict, and the errors by tier.

python tests/bench/memory.py [ID_PART]

The measurements and what the tiers mean are in tests/bench/measured. Nothing is fitted to them.
`allocated` rows are compared with the allocated peak. `reserved` ones, too: they ought to be some
per cent above it, and their batches some per cent shorter than the cap that is predicted.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median, quantiles
from typing import Any, cast

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.estimate import (
    Loss,
    Method,
    Quantization,
    Records,
    Step,
    decode,
    decode_fragments,
    estimate,
)
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe_schemas import recorded

_MEASURED = Path(__file__).parent / "measured"

_LLAMA = {"model_type": "llama", "rms_norm_eps": 1e-5}

# Dimensions as in the models' config.json on the hub.
CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "mistralai/Mistral-7B-v0.1": {
        "model_type": "mistral",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 32000,
        "sliding_window": 4096,
    },
    "meta-llama/Llama-3.2-1B": _LLAMA
    | {
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "vocab_size": 128256,
        "tie_word_embeddings": True,
    },
    "meta-llama/Llama-3.2-3B": _LLAMA
    | {
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 28,
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 128256,
        "tie_word_embeddings": True,
    },
    "meta-llama/Llama-3.1-8B": _LLAMA
    | {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "tie_word_embeddings": False,
    },
    "meta-llama/Llama-2-7b-hf": _LLAMA
    | {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "tie_word_embeddings": False,
    },
}

_METHODS: Mapping[str, Method] = {
    "full": "full",
    "lora": "lora",
    "rslora": "lora",
    "dora": "lora",
    "ia3": "ia3",
    "adalora": "adalora",
    "loha": "loha",
    "lokr": "lokr",
    "vera": "vera",
    "oft": "oft",
    "prompt_tuning": "prompt-tuning",
    "prefix_tuning": "prefix-tuning",
}


def rows() -> Iterator[dict[str, str]]:
    for file in sorted(_MEASURED.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def shape_of(name: str) -> ModelShape:
    configuration = CONFIGURATIONS[name]
    shard = pitchpipe_schemas.architecture(configuration["model_type"])
    assert shard is not None
    shape = model_shape(shard, configuration, "causal-lm", ShapeSource("table", name))
    assert isinstance(shape, ModelShape), shape
    return shape


def step_of(row: Mapping[str, str], shape: ModelShape) -> Step | None:
    """What was done, as far as the source says; None where the estimate knows no such step."""
    method = _METHODS.get(row["method"])
    known = {"", "no", "none", "nf4"}
    if method is None or {row["offload"], row["quantization"]} - known or not row["batch"]:
        return None
    if row["compile"] == "yes" or row["devices"] not in ("", "1") or not row["length"].isdecimal():
        return None
    own = row["targets"].split("+") if row["targets"] else []
    old = row["transformers"].startswith("4.")
    return Step(
        batch_size=int(row["batch"]),
        length=int(row["length"]),
        padding=row["packed"] != "yes",
        dtype="bfloat16",
        trained_dtype="float32" if method != "full" else None,
        autocast="bfloat16" if row["amp"] == "bfloat16" else None,
        method=method,
        quantization=cast(Quantization, row["quantization"])
        if row["quantization"] == "nf4"
        else None,
        double_quantization=row["double_quant"] != "no",
        upcast_kbit=row["kbit_upcast"] == "yes",
        rank=int(row["rank"] or 8),
        adapted=tuple(g.path for g in shape.groups if g.leaf in own and g.kind == "linear"),
        dropout=float(row["dropout"] or 0),
        use_dora=row["method"] == "dora",
        virtual_tokens=int(row["virtual_tokens"] or 20),
        optimizer="adamw_torch",
        checkpointing=row["checkpointing"] == "yes",
        attention="flash_attention_2" if row["attention"] == "flash" else "sdpa",
        loss=cast(Loss, "full-shifted" if old else "full"),
        holds_output=row["source"] == "huggingface/peft",  # its loop keeps `outputs`
        device="cuda",
    )


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    fragments = decode_fragments(recorded.adapters())
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    models: dict[str, set[str]] = defaultdict(set)
    devices: dict[str, set[str]] = defaultdict(set)
    left_out = 0
    for row in rows():
        if wanted not in row["id"]:
            continue
        shape = shape_of(row["model"]) if row["model"] in CONFIGURATIONS else None
        step = step_of(row, shape) if shape else None
        if shape is None or step is None:
            left_out += 1
            continue
        shard = recorded.activations(shape.model_type)
        records = Records(decode(shard) if shard else None, fragments)
        found = estimate(shape, step, records)
        measured = int(row["peak_bytes"])
        error = 100 * (found.allocated.likely / measured - 1)
        errors[row["tier"], row["source"]].append(error)
        models[row["tier"]].add(row["model"])
        devices[row["tier"]].add(row["gpu"])
        print(
            f"{row['tier']} {row['id']:<62}{row['metric']:<10}{measured / 1e9:8.3f} GB"
            f" {found.allocated.likely / 1e9:8.3f} GB {error:+7.2f} %  {found.peak.moment}"
        )
    for tier in sorted(models):
        alike = [e for (t, _), found in errors.items() if t == tier for e in found]
        _summary(f"tier {tier}", alike)
        print(f"    models: {', '.join(sorted(models[tier]))}")
        print(f"    devices: {', '.join(sorted(devices[tier]))}")
    for (tier, source), found in sorted(errors.items()):
        _summary(f"tier {tier}, {source}", found)
    print(f"{left_out} rows left out: a method, kernel, model or setting that is not estimated")


def _summary(name: str, errors: list[float]) -> None:
    sizes = sorted(abs(e) for e in errors)
    high = quantiles(sizes, n=20)[-1] if len(sizes) > 1 else sizes[0]
    print(
        f"{name}: n {len(errors)}, |error| median {median(sizes):.2f} %, p95 {high:.2f} %,"
        f" from {min(errors):+.2f} % to {max(errors):+.2f} %"
    )


if __name__ == "__main__":
    main()
