"""The same questions to the same model in PyTorch and in ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    FalconH1Config,
    Mamba2Config,
    MambaConfig,
)

from pitchpipe_runner import export
from pitchpipe_runner.onnx_model import OnnxModel
from pitchpipe_runner.torch_model import TorchModel
from support.tiny import tiny_model

PROMPTS = [[5, 77, 300], [12, 8, 41, 199, 3, 250, 9], [44]]
LABELS = [[60, 61, 62], [60, 70], [80]]
NEW = 12


def torch_model(folder: Path) -> TorchModel:
    return TorchModel(folder, "cpu", torch.float32, pad=0, trust_remote_code=False)


@pytest.fixture(scope="module")
def sharp_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny llama whose weights are as large as trained ones: its likeliest token is no tie."""
    folder = tiny_model(tmp_path_factory.mktemp("sharp"))
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(6)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exported(sharp_model: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    folder = tmp_path_factory.mktemp("onnx") / "fp32"
    export.build(sharp_model, folder, "fp32", "cpu")
    return OnnxModel(folder, 1)


@pytest.fixture(scope="module", params=["torch", "onnx"])
def model(request: pytest.FixtureRequest, sharp_model: Path) -> Any:
    if request.param == "torch":
        return torch_model(sharp_model)
    return request.getfixturevalue("exported")


def plain(folder: Path, prompt: Sequence[int], completion: Sequence[int]) -> float:
    """The log-likelihood of `completion` behind `prompt`, by one plain pass."""
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = network(input_ids=torch.tensor([[*prompt, *completion]])).logits[0]
    each = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return float(each.gather(-1, torch.tensor(completion)[:, None]).sum())


def test_likelihoods_behind_shared_prompts_are_the_plain_ones(
    model: Any, sharp_model: Path
) -> None:
    found = model.begin(PROMPTS).likelihoods([LABELS] * 3)
    for prompt, values in zip(PROMPTS, found, strict=True):
        expected = [plain(sharp_model, prompt, label) for label in LABELS]
        assert values == pytest.approx(expected, abs=1e-4, rel=1e-5)


def test_likelihoods_of_single_completions_are_the_plain_ones(
    model: Any, sharp_model: Path
) -> None:
    found = model.begin(PROMPTS).likelihoods([[label] for label in LABELS])
    expected = [[plain(sharp_model, p, c)] for p, c in zip(PROMPTS, LABELS, strict=True)]
    assert np.allclose(found, expected, atol=1e-4)


def test_answers_do_not_depend_on_who_else_is_asked(model: Any) -> None:
    together = model.begin(PROMPTS).answers(NEW, [2])
    assert together == [model.begin([prompt]).answers(NEW, [2])[0] for prompt in PROMPTS]


def test_torch_and_onnx_answer_alike(sharp_model: Path, exported: OnnxModel) -> None:
    of_torch = torch_model(sharp_model).begin(PROMPTS).answers(NEW, [2])
    assert exported.begin(PROMPTS).answers(NEW, [2]) == of_torch
    assert len({tuple(answer) for answer in of_torch}) == len(PROMPTS)


def test_an_answer_stops_before_its_end_unless_it_shall_be_whole(model: Any) -> None:
    (answer,) = model.begin(PROMPTS[:1]).answers(NEW, [2], whole=True)
    assert len(answer) == NEW
    end = answer[4]
    assert model.begin(PROMPTS[:1]).answers(NEW, [end]) == [answer[: answer.index(end)]]
    assert len(model.begin(PROMPTS[:1]).answers(NEW, [end], whole=True)[0]) == NEW


def test_a_past_is_not_changed_by_what_is_computed_behind_it(exported: OnnxModel) -> None:
    _, past = exported.step(PROMPTS[0], None)
    first, _ = exported.step([60, 61], past)
    again, _ = exported.step([60, 61], past)
    assert np.array_equal(first, again)
    whole = exported.logits([*PROMPTS[0], 60, 61])
    assert np.allclose(first, whole[-2:], atol=1e-4)


OTHERS = {
    "bloom": BloomConfig(vocab_size=512, hidden_size=32, n_layer=2, n_head=2),  # no position ids
    "mamba": MambaConfig(vocab_size=512, hidden_size=32, num_hidden_layers=2),  # no past
    "mamba2": Mamba2Config(
        vocab_size=512, hidden_size=32, num_hidden_layers=2, num_heads=4, head_dim=16, n_groups=1
    ),
    "falcon_h1": FalconH1Config(  # attention and a state beside each other
        vocab_size=512,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        mamba_d_ssm=32,
        mamba_n_heads=4,
        mamba_d_head=8,
        mamba_n_groups=1,
    ),
}


@pytest.mark.parametrize("architecture", ["gpt2", *OTHERS])
def test_other_architectures_are_asked_alike(tmp_path: Path, architecture: str) -> None:
    folder = tmp_path / architecture
    if architecture == "gpt2":
        tiny_model(folder, architecture="gpt2")
    else:
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(OTHERS[architecture]).save_pretrained(folder)
    model = torch_model(folder)
    for prompt, values in zip(PROMPTS, model.begin(PROMPTS).likelihoods([LABELS] * 3), strict=True):
        expected = [plain(folder, prompt, label) for label in LABELS]
        assert values == pytest.approx(expected, abs=1e-4, rel=1e-5)
    single = model.begin(PROMPTS).likelihoods([[label] for label in LABELS])
    expected = [[plain(folder, p, c)] for p, c in zip(PROMPTS, LABELS, strict=True)]
    assert np.allclose(single, expected, atol=1e-4)
    assert model.begin(PROMPTS).answers(4, [2]) == [
        model.begin([p]).answers(4, [2])[0] for p in PROMPTS
    ]


def test_an_answer_ends_where_the_context_does(model: Any) -> None:
    full = [7] * 508  # of 512 tokens
    (answer,) = model.begin([full]).answers(NEW, [], whole=True)
    assert len(answer) == 4
    assert model.begin([[*full, *answer]]).answers(NEW, []) == [[]]
    long, short = model.begin([full, PROMPTS[0]]).answers(NEW, [])
    assert (len(long), len(short)) == (4, NEW)
    assert [short] == model.begin(PROMPTS[:1]).answers(NEW, [])
