"""Injects adapters with PEFT into every text architecture, and compares with the simulation.

    python tests/bench/targets.py [--every-task] [--methods] [--only llama qwen3_moe]

Models have no weights and six layers a stack. Prints, for every choice, in how many types PEFT and
`pitchpipe.targets` agree on the adapted modules and parameters, on the trainable count, and on
refusals; each type that differs with the difference; and what one call takes, at full depth.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import transformers

from pitchpipe.modules import ModelShape
from pitchpipe.targets import Choice, Method, peft_arguments, targets
from pitchpipe_runner.cataloguing.describe import describe, with_roles
from support.architectures import (
    Architecture,
    NotBuilt,
    all_architectures,
    build,
    text_architectures,
)
from support.injection import difference

PATTERN = r".*\.(layers?|h|blocks?)\.\d+\..*(q|k|v|query|value|qkv|c_attn|fc1|up)(_proj)?"
CALLS = 20  # of which the fastest half counts: the machine may be shared


def choices(shape: ModelShape) -> dict[str, Choice]:
    leaves = dict.fromkeys(
        group.leaf
        for group in shape.groups
        if group.kind in {"linear", "conv1d"} and group.leaf != "{}"
    )
    names = tuple(leaves)
    return {
        "all-linear": Choice("all-linear"),
        "attention": Choice("attention"),
        "mlp": Choice("mlp"),
        "attention+mlp": Choice("attention+mlp"),
        "names": Choice(names[: max(1, len(names) // 2)]),
        "every name": Choice(names),
        "pattern": Choice(PATTERN),
        "PEFT's default": Choice(None),
        "head and embedding saved": Choice(
            "all-linear", modules_to_save=("lm_head", "embed_tokens")
        ),
    }


METHODS = {
    "dora": Method(use_dora=True),
    "all biases": Method(bias="all"),
    "own biases, lora_bias": Method(bias="only", lora_bias=True),
    "adalora": Method("adalora", r=12),
    "ia3": Method("ia3"),
    "loha": Method("loha"),
    "lokr": Method("lokr", r=4),
    "vera": Method("vera", r=64),
    "oft": Method("oft"),
    "hra": Method("hra"),
}


def main() -> None:
    options = _options()
    transformers.logging.set_verbosity_error()
    several = all_architectures() if options.every_task else text_architectures()
    equal: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    unequal: list[str] = []
    times: list[float] = []
    unbuilt: list[str] = []
    for architecture in several:
        if options.only and architecture.model_type not in options.only:
            continue
        try:
            shape = with_roles(describe(build(architecture), architecture.head))
        except NotBuilt as error:
            unbuilt.append(f"{architecture.model_type}: {error}"[:150])
            continue
        for name, choice, method in _cases(shape, methods=options.methods):
            tried[name] += 1
            found = difference(architecture, shape, choice, method)
            equal[name] += found is None
            if found is not None:
                unequal.append(f"{architecture.model_type} {architecture.head} {name}: {found}")
        times += _milliseconds(architecture)
    for name in tried:
        print(f"{name:26} equal in {equal[name]} of {tried[name]}")
    bad = {line.split()[0] for line in unequal}
    print(f"{len(bad)} types differ somewhere; {len(unbuilt)} were not built")
    print("\n".join(["", *unequal, "", *unbuilt, ""]))
    if times:
        times.sort()
        print(
            f"one call: median {statistics.median(times):.2f} ms, "
            f"p95 {times[int(len(times) * 0.95)]:.2f} ms, "
            f"most {times[-1]:.2f} ms (n = {len(times)})"
        )


def _cases(shape: ModelShape, *, methods: bool) -> list[tuple[str, Choice, Method]]:
    if methods:
        preset = Choice("attention+mlp")
        return [(name, preset, _forward(shape, preset, m)) for name, m in METHODS.items()]
    return [(name, choice, Method()) for name, choice in choices(shape).items()]


def _forward(shape: ModelShape, choice: Choice, method: Method) -> Method:
    """IA3 must be told which of the targets it scales before and not behind the layer."""
    if method.type != "ia3":
        return method
    names = peft_arguments(shape, choice, method).target_modules
    forward = names[-1:] if isinstance(names, tuple) else ("down_proj", "fc2", "wo")
    return replace(method, feedforward_modules=forward)


def _milliseconds(architecture: Architecture) -> list[float]:
    """The median of the faster half of the calls, for each choice, with all layers."""
    shape = with_roles(describe(build(architecture, layers=None), architecture.head))
    found: list[float] = []
    for choice in choices(shape).values():
        took: list[float] = []
        for _ in range(CALLS):
            start = time.perf_counter()
            targets(shape, choice)
            took.append((time.perf_counter() - start) * 1000)
        found.append(statistics.median(sorted(took)[: CALLS // 2]))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every-task", action="store_true", help="every class, not every type")
    parser.add_argument("--methods", action="store_true", help="other methods than LoRA")
    parser.add_argument("--only", nargs="*", help="these model types")
    return parser.parse_args()


if __name__ == "__main__":
    main()
