from __future__ import annotations

import pytest

from pitchpipe.costs.machine import Machine, dtype_of
from pitchpipe.costs.settings import of_context
from support.analysis import analysis, whole


def said(held: str, training: str, device: str = "auto") -> list[str]:
    model = f"model: {{name_or_path: models/base, dtype: {held}}}\n"
    text = f"{model}training: {{{training}}}\ncompute: {{device: {device}}}\n"
    found = analysis(whole(text)).findings
    return [f.message for f in found if f.code == "mixed-precision-contradicts"]


@pytest.mark.parametrize(
    ("held", "training", "message"),
    [
        ("auto", "bf16: true, fp16: true", "`bf16` and `fp16` are both true"),
        ("bfloat16", "fp16: true", "`fp16: true` with `model.dtype: bfloat16`"),
        ("float16", "bf16: true", "`bf16: true` with `model.dtype: float16`"),
        ("float16", "fp16: false", "`fp16: false` with `model.dtype: float16`"),
    ],
)
def test_two_formats_are_one_too_many(held: str, training: str, message: str) -> None:
    (found,) = said(held, training)
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("held", "training"),
    [
        *[(held, "bf16: true") for held in ("auto", "float32", "bfloat16")],
        *[(held, "fp16: true") for held in ("auto", "float32", "float16")],
        *[(held, "bf16: false") for held in ("auto", "bfloat16", "float16")],
        ("auto", "bf16: true, fp16: false"),
    ],
)
def test_a_format_goes_with_itself_and_with_float32(held: str, training: str) -> None:
    assert said(held, training) == []


def test_float16_needs_a_device_for_it() -> None:
    (found,) = said("auto", "fp16: true", "cpu")
    assert found.endswith("which a CPU does not do; use `bf16: true`")


@pytest.mark.parametrize(
    ("training", "fast", "held"),
    [
        ("bf16: true", False, "bfloat16"),
        ("fp16: true", True, "float16"),
        ("bf16: false", True, "bfloat16"),
        ("", False, "float32"),
    ],
)
def test_the_estimate_holds_the_model_as_the_run_does(training: str, fast: bool, held: str) -> None:
    settings = of_context(analysis(whole(f"training: {{{training}}}")).context)
    machine = Machine("cuda", "a card", fast, None, None, 1, "a test")
    assert dtype_of(settings, machine) == held
