from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("support.whole_runs")

from support.tiny import tiny_model, tiny_rows  # noqa: E402
from support.whole_runs import Ground  # noqa: E402


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny llama and rows that it can learn."""
    folder = tmp_path_factory.mktemp("inputs")
    return able(tiny_model(folder / "llama")), tiny_rows(folder, 150)


@pytest.fixture
def ground(tmp_path: Path, inputs: tuple[Path, Path]) -> Ground:
    return Ground(tmp_path, *inputs)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, inputs: tuple[Path, Path]) -> Ground:
    """A ground that the tests of a module build upon."""
    return Ground(tmp_path_factory.mktemp("shared"), *inputs)


def able(model: Path) -> Path:
    """The model with longer embeddings.

    Random ones are so short that no logit can stand out, whatever is learnt.
    """
    from safetensors.torch import load_file, save_file

    file = model / "model.safetensors"
    weights = load_file(file)
    weights["model.embed_tokens.weight"] *= 8
    save_file(weights, file, metadata={"format": "pt"})
    return model
