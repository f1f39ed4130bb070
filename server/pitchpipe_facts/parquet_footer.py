"""The number of rows in a Parquet file, from its footer.

The footer is a struct in Thrift's compact protocol, whose third field is the number of rows:
https://parquet.apache.org/docs/file-format/metadata/,
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import io
import os
from pathlib import Path

_NUM_ROWS = 3
_LARGEST = 64 * 2**20  # bytes of a footer; those of files with 100,000 columns are smaller
_DEEPEST = 20

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_VARINTS = frozenset({4, 5, 6})  # i16, i32, i64


def rows(file: Path) -> int:
    """How many rows `file` has.

    Raises:
        OSError: it can't be read.
        ValueError: it is no Parquet file.
    """
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 8))
        length, mark = int.from_bytes(stream.read(4), "little"), stream.read(4)
        if mark != b"PAR1" or length > min(_LARGEST, size - 8):
            raise ValueError("it is not a Parquet file")
        stream.seek(size - 8 - length)
        return _field(io.BytesIO(stream.read(length)), _NUM_ROWS)


def _field(data: io.BytesIO, wanted: int) -> int:
    number = 0
    while (head := _byte(data)) != 0:
        number = number + (head >> 4) if head >> 4 else _zigzag(_varint(data))
        if number == wanted and head & 15 in _VARINTS:
            return _zigzag(_varint(data))
        _skip(data, head & 15, 0)
    raise ValueError("its footer does not say how many rows it has")


def _skip(data: io.BytesIO, kind: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("its footer is nested too deeply")
    if kind in _VARINTS:
        _varint(data)
    elif kind == _BYTE:
        _byte(data)
    elif kind == _DOUBLE:
        data.seek(8, os.SEEK_CUR)
    elif kind == _BINARY:
        data.seek(_varint(data), os.SEEK_CUR)
    elif kind in {_LIST, _SET}:
        head = _byte(data)
        _skip_items(data, [head & 15], head >> 4 if head >> 4 < 15 else _varint(data), depth)
    elif kind == _MAP:
        count = _varint(data)
        kinds = _byte(data) if count else 0
        _skip_items(data, [kinds >> 4, kinds & 15], count, depth)
    elif kind == _STRUCT:
        while (head := _byte(data)) != 0:
            if not head >> 4:
                _varint(data)
            _skip(data, head & 15, depth + 1)
    elif kind not in {_TRUE, _FALSE}:
        raise ValueError("its footer can't be read")


def _skip_items(data: io.BytesIO, kinds: list[int], count: int, depth: int) -> None:
    for _ in range(count):
        for kind in kinds:
            # Outside of a struct, whose fields have them in their type, truth values take a byte.
            _skip(data, _BYTE if kind in {_TRUE, _FALSE} else kind, depth + 1)


def _byte(data: io.BytesIO) -> int:
    read = data.read(1)
    if not read:
        raise ValueError("its footer ends too early")
    return read[0]


def _varint(data: io.BytesIO) -> int:
    value = shift = 0
    while True:
        byte = _byte(data)
        value |= (byte & 127) << shift
        if byte < 128:
            return value
        shift += 7
        if shift > 63:
            raise ValueError("its footer holds a number that is too large")


def _zigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
