"""`pitchpipe check` on files of other tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import pitchpipe

AXOLOTL = """\
base_model: org/model
datasets:
  - path: org/rows
    type: alpaca
adapter: lora
lora_r: 8
lora_alpah: 16
micro_batch_size: 2
num_epochs: 3
learning_rate: 2.0e-4
"""
MISSPELT = "a file of Axolotl has no key `lora_alpah`; did you mean `lora_alpha`?"
ONLY = ("--select", "ignored-key,unknown-key,unused-ignore")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "compose.yaml").write_text("services:\n  web:\n    image: x\n", encoding="utf-8")
    file = folder / "lora.yml"
    file.write_text(AXOLOTL, encoding="utf-8")
    return file


def test_a_file_is_found_in_a_folder_by_its_keys(file: Path) -> None:
    done = pitchpipe("check", "configs", *ONLY, cwd=file.parent.parent)
    found, summary = done.stdout.replace("\\", "/").splitlines()
    assert found == f"configs/lora.yml:7:1: warning[ignored-key]: {MISSPELT}"
    assert summary == "1 warning in 1 file"


def test_its_keys_are_mended_in_its_own_words(file: Path) -> None:
    done = pitchpipe("check", "--fix", "lora.yml", *ONLY, cwd=file.parent)
    assert done.returncode == 0
    assert file.read_text(encoding="utf-8") == AXOLOTL.replace("lora_alpah", "lora_alpha")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lora_alpah: 16", "lora_alpah: 16  # pitchpipe: ignore[ignored-key]"),
        ("base_model", "# pitchpipe: ignore-file[ignored-key]\nbase_model"),
    ],
)
def test_comments_silence_there_too(file: Path, old: str, new: str) -> None:
    file.write_text(AXOLOTL.replace(old, new), encoding="utf-8")
    done = pitchpipe("check", "lora.yml", *ONLY, cwd=file.parent)
    assert done.stdout == "no findings in 1 file\n"


def test_a_dialect_that_is_named_counts(file: Path) -> None:
    said = pitchpipe("check", "--dialect", "axolotl", "-", *ONLY, cwd=file.parent, stdin="a: 1\n")
    assert "a file of Axolotl has no key `a`" in said.stdout
    said = pitchpipe("check", "--dialect", "native", "lora.yml", *ONLY, cwd=file.parent)
    assert "error[unknown-key]: a workflow has no key `base_model`" in said.stdout
