from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# One core: many small computations are slower on several, and tests run beside each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

pytest.register_assert_rewrite("support.workbench", "support.plans")

from support.tiny import tiny_model  # noqa: E402
from support.workbench import Benches  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny llama with a chat template."""
    return tiny_model(tmp_path_factory.mktemp("models") / "chat")


@pytest.fixture(scope="session")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny llama without a chat template."""
    return tiny_model(tmp_path_factory.mktemp("models") / "plain", chat_template=False)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Benches]:
    with Benches(tmp_path) as benches:
        yield benches


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    """For what the tests of a module look at from several sides."""
    with Benches(tmp_path_factory.mktemp("shared")) as benches:
        yield benches
