from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.facts import NotRead
from pitchpipe_facts import weights
from pitchpipe_facts.weights import Tensor, Weights

ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def stored(file: Path, header: bytes | dict[str, Any], data: int = 24, claim: int = 0) -> Path:
    """A safetensors file of `header` and `data` zeros; `claim` overrides the header's length."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", claim or len(text)) + text + b"\0" * data)
    return file


def reason(file: Path) -> str:
    found = weights.header(file)
    assert isinstance(found, NotRead), found
    return found.reason


def test_a_header_gives_names_shapes_and_dtypes(tmp_path: Path) -> None:
    entries = {
        "__metadata__": {"format": "pt"},
        "b": {"dtype": "BF16", "shape": [], "data_offsets": [24, 26]},
        "a": ENTRY,
        "none": {"dtype": "I64", "shape": [0, 4], "data_offsets": [26, 26]},
    }
    found = weights.header(stored(tmp_path / "m.safetensors", entries, 26))
    assert found == {
        "a": Tensor("float32", (2, 3), 24),
        "b": Tensor("bfloat16", (), 2),
        "none": Tensor("int64", (0, 4), 0),
    }


BROKEN: dict[str, tuple[bytes | dict[str, Any], int, str]] = {
    "no JSON": (b"{'a': 1}", 24, "is broken: its header is no JSON"),
    "an array": (b"[]", 24, "is broken: its header is no JSON object"),
    "not UTF-8": (b'{"\xff": 1}', 24, "is broken: its header is no UTF-8"),
    "nested without end": (b"[" * 100_000, 24, "is broken: its header is no JSON"),
    "a name twice": (
        b'{"a": %(a)b, "a": %(a)b}' % {b"a": json.dumps(ENTRY).encode()},
        24,
        "is broken: it names `a` twice",
    ),
    "an entry that is a number": ({"a": 1}, 24, "is broken: `a` is a JSON integer"),
    "an unknown dtype": ({"a": {**ENTRY, "dtype": "F7"}}, 24, 'has `a` in an unknown dtype, "F7"'),
    "no dtype": ({"a": {**ENTRY, "dtype": [1]}}, 24, "has `a` in an unknown dtype, [1]"),
    "a negative size": (
        {"a": {**ENTRY, "shape": [-2, -3]}},
        24,
        "is broken: the shape of `a` is no list of sizes",
    ),
    "a size that is true": (
        {"a": {**ENTRY, "shape": [True, 6]}},
        24,
        "is broken: the shape of `a` is no list of sizes",
    ),
    "an enormous size": (
        {"a": {**ENTRY, "shape": [10**30]}},
        24,
        "is broken: the shape of `a` is no list of sizes",
    ),
    "sizes whose product is enormous": (
        {"a": {**ENTRY, "shape": [2**62] * 64}},
        24,
        "is broken: `a` takes ",
    ),
    "no place": ({"a": {"dtype": "F32", "shape": []}}, 24, "is broken: `a` has no place"),
    "three offsets": (
        {"a": {**ENTRY, "data_offsets": [0, 24, 24]}},
        24,
        "is broken: `a` has no place",
    ),
    "too few bytes": (
        {"a": {**ENTRY, "data_offsets": [0, 20]}},
        24,
        "is broken: `a` takes 24 bytes and has 20",
    ),
    "an overlap": (
        {"a": ENTRY, "b": {**ENTRY, "data_offsets": [12, 36]}},
        36,
        "is broken: the data of `b` begin at 12 instead of 24",
    ),
    "a hole": (
        {"a": {**ENTRY, "data_offsets": [8, 32]}},
        32,
        "is broken: the data of `a` begin at 8 instead of 0",
    ),
    "data that end early": (
        {"a": ENTRY},
        23,
        "is cut off: it holds 23 bytes of data instead of 24",
    ),
    "data behind the last": ({"a": ENTRY}, 30, "is broken: 6 bytes behind its data belong to no"),
}


@pytest.mark.parametrize(("header", "data", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_not_read(
    tmp_path: Path, header: bytes | dict[str, Any], data: int, expected: str
) -> None:
    said = reason(stored(tmp_path / "m.safetensors", header, data))
    assert said.startswith(f"`m.safetensors` {expected}")


# The format forbids twins, and its own reader lets them pass.
REFUSED = [name for name in BROKEN if name != "a name twice"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_safetensors_does_not_load(tmp_path: Path, name: str) -> None:
    safetensors = pytest.importorskip("safetensors")
    header, data, _ = BROKEN[name]
    file = stored(tmp_path / "m.safetensors", header, data)
    with pytest.raises((safetensors.SafetensorError, UnicodeDecodeError)):
        safetensors.safe_open(file, "numpy").keys()


def test_the_dtypes_are_those_that_safetensors_knows(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    unknown = [*weights._DTYPES, "F7", "Q4"]
    for dtype, (_, bits) in weights._DTYPES.items():
        entry = {"dtype": dtype, "shape": [8], "data_offsets": [0, bits]}
        file = stored(tmp_path / "m.safetensors", {"a": entry}, bits)
        assert isinstance(weights.header(file), dict), dtype
        assert list(safetensors.safe_open(file, "numpy").keys()) == ["a"], dtype
        unknown.remove(dtype)
    assert unknown == ["F7", "Q4"]


def test_a_file_shorter_than_its_length_field_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"\1\0\0")
    assert reason(tmp_path / "m.safetensors") == "`m.safetensors` is cut off: it has 3 bytes"


def test_a_header_longer_than_the_file_is_cut_off(tmp_path: Path) -> None:
    file = stored(tmp_path / "m.safetensors", {"a": ENTRY}, 0, claim=5000)
    said = reason(file)
    assert said.startswith("`m.safetensors` is cut off: its header has 5,000 bytes, the file ")


def test_a_claim_of_100_megabytes_is_not_followed(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", 100_000_000))
        stream.truncate(100_000_100)
    assert reason(file) == (
        "`m.safetensors` claims a header of 100,000,000 bytes; 32 MiB are the limit here"
    )


def test_a_pointer_of_git_lfs_is_called_one(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 10\n")
    assert reason(file) == "`m.safetensors` is a pointer of Git LFS, not the file itself"


def test_a_folder_without_safetensors_has_no_weights(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    assert weights.read(tmp_path) is None


# Shards


def sharded(folder: Path, mapping: Any) -> Path:
    (folder / weights.INDEX).write_text(json.dumps({"weight_map": mapping}), encoding="utf-8")
    return folder


def test_shards_are_read_together(tmp_path: Path) -> None:
    stored(tmp_path / "x-1.safetensors", {"a": ENTRY})
    stored(tmp_path / "x-2.safetensors", {"b": {**ENTRY, "dtype": "U32"}})
    found = weights.read(sharded(tmp_path, {"b": "x-2.safetensors", "a": "x-1.safetensors"}))
    assert isinstance(found, Weights)
    assert list(found.tensors) == ["a", "b"]
    assert found.files == ("x-1.safetensors", "x-2.safetensors")
    assert (found.numel, found.size) == (12, 48)


def test_a_single_file_goes_before_shards(tmp_path: Path) -> None:
    stored(tmp_path / weights.SINGLE, {"a": ENTRY})
    found = weights.read(sharded(tmp_path, {"a": "gone.safetensors"}))
    assert isinstance(found, Weights)
    assert found.files == (weights.SINGLE,)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    stored(tmp_path / "x-1.safetensors", {"a": ENTRY})
    found = weights.read(sharded(tmp_path, {"a": "x-1.safetensors", "b": "x-2.safetensors"}))
    assert found == NotRead("`x-2.safetensors` is missing")


def test_a_shard_that_lacks_a_tensor_of_the_index_is_named(tmp_path: Path) -> None:
    stored(tmp_path / "x-1.safetensors", {"a": ENTRY})
    found = weights.read(sharded(tmp_path, {"a": "x-1.safetensors", "b": "x-1.safetensors"}))
    assert found == NotRead(
        "`x-1.safetensors` lacks `b`, which `model.safetensors.index.json` says it holds"
    )


def test_a_tensor_in_two_shards_is_named(tmp_path: Path) -> None:
    stored(tmp_path / "x-1.safetensors", {"a": ENTRY})
    stored(tmp_path / "x-2.safetensors", {"a": ENTRY})
    found = weights.read(sharded(tmp_path, {"a": "x-1.safetensors", "b": "x-2.safetensors"}))
    assert found == NotRead("`x-2.safetensors` repeats `a` of another file")


@pytest.mark.parametrize(
    "name",
    ["../x.safetensors", "/x.safetensors", "C:x.safetensors", "a\\x.safetensors", "x.bin", 1, None],
)
def test_an_index_leads_out_of_no_folder(tmp_path: Path, name: object) -> None:
    found = weights.read(sharded(tmp_path, {"a": name}))
    assert isinstance(found, NotRead)
    assert "is no file of the folder" in found.reason


@pytest.mark.parametrize("mapping", [None, {}, [], "x.safetensors"])
def test_an_index_without_names_is_not_read(tmp_path: Path, mapping: Any) -> None:
    assert weights.read(sharded(tmp_path, mapping)) == NotRead(
        "`model.safetensors.index.json` names no files"
    )


def test_an_index_of_very_many_files_is_not_followed(tmp_path: Path) -> None:
    names = {str(n): f"{n}.safetensors" for n in range(weights.MOST_SHARDS + 1)}
    assert weights.read(sharded(tmp_path, names)) == NotRead(
        "`model.safetensors.index.json` names more than 2,000 files"
    )


def test_the_majority_is_counted_in_numbers_not_in_tensors(tmp_path: Path) -> None:
    found = {
        "a": Tensor("bfloat16", (100,), 200),
        "b": Tensor("float32", (3,), 12),
        "c": Tensor("float32", (3,), 12),
    }
    assert weights.majority(found) == "bfloat16"
    assert weights.majority({}) is None
