from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
import torch

import pitchpipe_runner
import pitchpipe_schemas
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, RUN_FAILED, understood


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    ],
)
def test_too_little_memory_is_blamed_on_the_batch(error: Exception) -> None:
    found = understood(error, "train")
    assert found is not None
    assert (found.code, found.exit_code) == ("out-of-memory", RUN_FAILED)
    assert found.path == "training.per_device_train_batch_size"
    assert "gradient_accumulation_steps" in (found.hint or "")
    found = understood(error, "evaluate")
    assert found is not None
    assert found.path == "training.per_device_eval_batch_size"
    assert "per_device_eval_batch_size" in (found.hint or "")
    found = understood(error, "merge")
    assert found is not None
    assert found.path is None
    assert "batch" not in (found.hint or "")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError(
            "[enforce fail at inline_container.cc] PytorchStreamWriter failed writing"
            " file data/3: file write failed"
        ),
        Exception("I/O error: No space left on device (os error 28)"),
        OSError(errno.EINVAL, "[WinError 112] There is not enough space on the disk"),
    ],
)
def test_a_full_disk_is_named(error: Exception) -> None:
    found = understood(error, "train")
    assert found is not None
    assert (found.code, found.exit_code, found.path) == ("disk-full", RUN_FAILED, None)


def test_what_caused_an_error_counts_too() -> None:
    error = RuntimeError("Error while serializing")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    found = understood(error, "merge")
    assert found is not None
    assert found.code == "disk-full"


def test_a_missing_permission_names_the_file() -> None:
    found = understood(PermissionError(errno.EACCES, "Permission denied", "/x/y"), "export")
    assert found is not None
    assert (found.code, found.exit_code) == ("permission-denied", ENVIRONMENT_IS_WRONG)
    assert "/x/y" in found.message


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.EIO, "I/O"), OSError()])
def test_a_bug_is_not_understood(error: Exception) -> None:
    assert understood(error, "train") is None


def test_each_code_that_a_run_can_end_or_warn_with_has_a_page() -> None:
    package = Path(pitchpipe_runner.__file__).parent
    source = "".join(p.read_text(encoding="utf-8") for p in sorted(package.rglob("*.py")))
    codes = set(re.findall(r'(?:RunFailure|_wrong|\.warn)\(\s*"([a-z0-9-]+)"', source))
    assert len(codes) > 30
    assert codes - set(pitchpipe_schemas.pages()) == set()
    for code in codes:
        assert (pitchpipe_schemas.page(code) or "").startswith(f"# `{code}`\n")
