"""Number formats: their sizes and what becomes of two of them in one operation."""

from __future__ import annotations

from pitchpipe.estimate.step import Dtype

CODES: dict[Dtype, str] = {"float32": "f4", "bfloat16": "bf", "float16": "f2"}

BYTES = {"f4": 4, "bf": 2, "f2": 2, "i8": 8, "i4": 4, "b1": 1}

FLOATS = frozenset(("f4", "bf", "f2"))


def promoted(formats: list[str]) -> str | None:
    """The format of an elementwise result (torch.result_type); None without a floating one."""
    found = None
    for one in formats:
        if one in FLOATS and one != found:
            if found is not None:
                return "f4"
            found = one
    return found


def of_code(name: str | None) -> str | None:
    """Torch's name of a format ("bfloat16", "int64") → its code; None where it is unknown."""
    known = {**CODES, "float64": "i8", "int64": "i8", "int32": "i4", "bool": "b1", "uint8": "b1"}
    return known.get(name) if name else None  # type: ignore[call-overload]
