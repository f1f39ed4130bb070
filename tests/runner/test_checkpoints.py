from __future__ import annotations

from pathlib import Path

import pytest

from pitchpipe_runner.checkpoints import last_whole, seal


def checkpoint(folder: Path, name: str, *, sealed: bool = True) -> Path:
    made = folder / name
    made.mkdir()
    (made / "weights").write_bytes(b"12345")
    (made / "optimizer.pt").write_bytes(b"")
    if sealed:
        seal(made)
    return made


def test_the_newest_is_the_one_of_the_highest_step(tmp_path: Path) -> None:
    for step in (2, 10, 9):
        checkpoint(tmp_path, f"checkpoint-{step}")
    assert last_whole(tmp_path) == tmp_path / "checkpoint-10"


@pytest.mark.parametrize(
    "damage", ["unsealed", "truncated", "file gone", "broken manifest", "model alone"]
)
def test_one_that_is_not_whole_is_removed_and_passed_over(tmp_path: Path, damage: str) -> None:
    whole = checkpoint(tmp_path, "checkpoint-1")
    broken = checkpoint(tmp_path, "checkpoint-2", sealed=damage != "unsealed")
    if damage == "truncated":
        (broken / "weights").write_bytes(b"1234")
    if damage == "file gone":
        (broken / "optimizer.pt").unlink()
    if damage == "broken manifest":
        (broken / "complete.json").write_text("[1", encoding="utf-8")
    if damage == "model alone":
        (broken / "optimizer.pt").unlink()
        seal(broken)
    assert last_whole(tmp_path) == whole
    assert not broken.exists()


def test_what_is_no_checkpoint_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-best").mkdir()
    (tmp_path / "checkpoint-3").write_text("a file", encoding="utf-8")
    assert last_whole(tmp_path) is None
    assert (tmp_path / "checkpoint-best").exists()


def test_no_folder_holds_no_checkpoint(tmp_path: Path) -> None:
    assert last_whole(tmp_path / "none") is None
