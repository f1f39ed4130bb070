"""What the headers of safetensors files say: names, shapes and dtypes of the stored tensors.

A file is 8 bytes (the header's length, little-endian), the header (a JSON object), and the data:
https://github.com/huggingface/safetensors#format. No more than the header is read, and nothing in
it is believed before it fits the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pitchpipe.facts import NotRead, json_type

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"

LARGEST_HEADER = 32 * 2**20  # bytes; a header of 90,000 tensors has 10 MB, the format allows 100 MB
LARGEST_INDEX = 64 * 2**20  # bytes
MOST_SHARDS = 2000

_MOST_DIMENSIONS = 64
_LARGEST_SIZE = 2**63 - 1  # bytes and elements; the format counts in 64 bits

# The format's names: torch's name, bits an element (safetensors 0.8, `Dtype` in tensor.rs).
_DTYPES: dict[str, tuple[str, int]] = {
    "BOOL": ("bool", 8),
    "U8": ("uint8", 8),
    "I8": ("int8", 8),
    "U16": ("uint16", 16),
    "I16": ("int16", 16),
    "U32": ("uint32", 32),
    "I32": ("int32", 32),
    "U64": ("uint64", 64),
    "I64": ("int64", 64),
    "F4": ("float4_e2m1fn_x2", 4),
    "F6_E2M3": ("float6_e2m3", 6),
    "F6_E3M2": ("float6_e3m2", 6),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "F32": ("float32", 32),
    "F64": ("float64", 64),
    "C64": ("complex64", 64),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A stored tensor. `dtype` is torch's name for it, `size` is in bytes."""

    dtype: str
    shape: tuple[int, ...]
    size: int

    @property
    def numel(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of a model folder by name, in the order of the files. `files` are their names."""

    tensors: Mapping[str, Tensor] = field(repr=False)
    files: tuple[str, ...]

    @property
    def numel(self) -> int:
        return sum(tensor.numel for tensor in self.tensors.values())

    @property
    def size(self) -> int:
        """Bytes of data, the headers not counted."""
        return sum(tensor.size for tensor in self.tensors.values())


class _Broken(Exception):
    """The file is none that safetensors would load; the message is a clause."""


def files(folder: Path) -> tuple[str, ...] | NotRead | None:
    """The names of the files that hold the weights, by transformers' rule: one file goes first.

    None where the folder holds no safetensors.
    """
    if (folder / SINGLE).is_file():
        return (SINGLE,)
    if not (folder / INDEX).is_file():
        return None
    try:
        return tuple(sorted(set(_weight_map(folder / INDEX).values())))
    except (_Broken, OSError) as error:
        return NotRead(f"`{INDEX}` {_reason(error)}")


def read(folder: Path) -> Weights | NotRead | None:
    """All headers of the model in `folder`; None where it holds no safetensors."""
    names = files(folder)
    if names is None or isinstance(names, NotRead):
        return names
    tensors: dict[str, Tensor] = {}
    for name in names:
        found = header(folder / name)
        if isinstance(found, NotRead):
            return found
        if twice := next((tensor for tensor in found if tensor in tensors), None):
            return NotRead(f"`{name}` repeats `{twice}` of another file")
        tensors.update(found)
    if names != (SINGLE,):
        listed = _weight_map(folder / INDEX)
        if lost := next((tensor for tensor in listed if tensor not in tensors), None):
            return NotRead(f"`{listed[lost]}` lacks `{lost}`, which `{INDEX}` says it holds")
    return Weights(tensors, names)


def header(file: Path) -> dict[str, Tensor] | NotRead:
    """The tensors of one file."""
    try:
        return _header(file)
    except FileNotFoundError:
        return NotRead(f"`{file.name}` is missing")
    except (_Broken, OSError) as error:
        return NotRead(f"`{file.name}` {_reason(error)}")


def _header(file: Path) -> dict[str, Tensor]:
    with file.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        start = stream.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8:
            raise _Broken(f"is cut off: it has {size} bytes")
        if start == b"version ":
            raise _Broken("is a pointer of Git LFS, not the file itself")
        if length > LARGEST_HEADER:
            limit = LARGEST_HEADER // 2**20
            raise _Broken(f"claims a header of {length:,} bytes; {limit} MiB are the limit here")
        if length > size - 8:
            raise _Broken(f"is cut off: its header has {length:,} bytes, the file {size:,}")
        data = stream.read(length)
    entries = _object(data, "its header")
    entries.pop("__metadata__", None)
    return _fitting({name: _tensor(name, e) for name, e in entries.items()}, size - 8 - length)


def _tensor(name: str, entry: Any) -> tuple[int, Tensor]:
    """Where the tensor's data begin, and the tensor."""
    if not isinstance(entry, dict):
        raise _Broken(f"is broken: `{name}` is a JSON {json_type(entry)}")
    said = cast("dict[str, Any]", entry)
    dtype, shape, offsets = said.get("dtype"), _sizes(said, "shape"), _sizes(said, "data_offsets")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise _Broken(f"has `{name}` in an unknown dtype, {json.dumps(dtype)[:40]}")
    if shape is None or len(shape) > _MOST_DIMENSIONS:
        raise _Broken(f"is broken: the shape of `{name}` is no list of sizes")
    if offsets is None or len(offsets) != 2:
        raise _Broken(f"is broken: `{name}` has no place in the file")
    torch_name, bits = _DTYPES[dtype]
    start, end = offsets
    if (wanted := math.prod(shape) * bits) != (end - start) * 8:
        raise _Broken(
            f"is broken: `{name}` takes {(wanted + 7) // 8:,} bytes and has {end - start:,}"
        )
    return start, Tensor(torch_name, tuple(shape), end - start)


def _fitting(found: Mapping[str, tuple[int, Tensor]], size: int) -> dict[str, Tensor]:
    """The tensors, which fill the data of `size` bytes without holes and overlaps."""
    at = 0
    ordered = sorted(found.items(), key=lambda item: (item[1][0], item[1][1].size))
    for name, (start, tensor) in ordered:
        if start != at:
            raise _Broken(f"is broken: the data of `{name}` begin at {start:,} instead of {at:,}")
        at += tensor.size
    if at > size:
        raise _Broken(f"is cut off: it holds {size:,} bytes of data instead of {at:,}")
    if at < size:
        raise _Broken(f"is broken: {size - at:,} bytes behind its data belong to no tensor")
    return {name: tensor for name, (_, tensor) in ordered}


def _sizes(entry: Mapping[str, Any], key: str) -> list[int] | None:
    value: Any = entry.get(key)
    if not isinstance(value, list):
        return None
    items = cast("list[Any]", value)
    return items if all(type(i) is int and 0 <= i <= _LARGEST_SIZE for i in items) else None


def _weight_map(file: Path) -> dict[str, str]:
    """The names of tensors and of the files that hold them."""
    with file.open("rb") as stream:
        data = stream.read(LARGEST_INDEX + 1)
    if len(data) > LARGEST_INDEX:
        raise _Broken(f"is larger than {LARGEST_INDEX // 2**20} MiB")
    mapping: Any = _object(data, "it").get("weight_map")
    if not isinstance(mapping, dict) or not mapping:
        raise _Broken("names no files")
    named = cast("dict[str, Any]", mapping)
    for name in named.values():
        if not isinstance(name, str) or not name.endswith(".safetensors") or _leads_away(name):
            raise _Broken(f"names {json.dumps(name)[:80]}, which is no file of the folder")
    if len(set(named.values())) > MOST_SHARDS:
        raise _Broken(f"names more than {MOST_SHARDS:,} files")
    return cast("dict[str, str]", named)


def _leads_away(name: str) -> bool:
    return any(mark in name for mark in ("/", "\\", ":", "\0")) or name.startswith(".")


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(data.decode("utf-8"), object_pairs_hook=_without_twins)
    except UnicodeDecodeError:
        raise _Broken(f"is broken: {what} is no UTF-8") from None
    except (ValueError, RecursionError):
        raise _Broken(f"is broken: {what} is no JSON") from None
    if not isinstance(found, dict):
        raise _Broken(f"is broken: {what} is no JSON object")
    return cast("dict[str, Any]", found)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise _Broken(f"is broken: it names `{twin}` twice")
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"can't be opened: {(error.strerror or type(error).__name__).lower()}"
    return str(error)


def majority(tensors: Iterator[Tensor] | Mapping[str, Tensor]) -> str | None:
    """The dtype that most of the numbers are stored in; None without any tensor."""
    counts: dict[str, int] = {}
    for tensor in tensors.values() if isinstance(tensors, Mapping) else tensors:
        counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.numel
    return max(counts, key=lambda dtype: counts[dtype], default=None)
