"""Numbers and values as people read them. Spaces inside a figure are no-break spaces."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from pitchpipe_runner.reporting.recording import number

NOTHING = "–"
_MINUS = "\u2212"
_SPACE = "\u00a0"
_SHARES = {"accuracy", "f1", "exact_match"}
_LONGEST = 6000


def figure(value: object, digits: int = 4) -> str:
    """A number with so many significant digits: `1,234`, `0.0002`, `2.5e-07`."""
    found = number(value)
    if found is None:
        return NOTHING
    if found == int(found) and abs(found) < 1e15:
        text = f"{int(found):,}"
    elif abs(found) >= 10 ** (digits - 1):
        text = f"{found:,.0f}"
    elif abs(found) >= 1e-4:
        text = f"{found:.{digits}g}"
    else:
        text = f"{found:.{max(digits - 2, 1)}e}"
    return text.replace("-", _MINUS, 1) if text.startswith("-") else text


def percent(share: object, digits: int = 1) -> str:
    found = number(share)
    return NOTHING if found is None else f"{100 * found:.{digits}f}%".replace("-", _MINUS)


def metric(name: str, value: object) -> str:
    """The value of a metric: shares in percent, the others as numbers."""
    found = number(value)
    if name in _SHARES or found is None:
        return percent(value)
    # Trailing zeros stay, so that the figures of a row are equally precise.
    return f"{found:#.4g}".rstrip(".") if 1e-3 <= abs(found) < 1e4 else figure(found, 4)


def difference(name: str, value: object, low: object, high: object) -> str:
    """How much a metric changed, and the interval if there is one: `+2.1 (+0.4 to +3.8)`.

    Of shares in percentage points, without the unit.
    """
    found = [n for n in (number(value), number(low), number(high)) if n is not None]
    if number(value) is None:
        return NOTHING
    if name in _SHARES:
        found, decimals = [100 * n for n in found], 1
    else:
        most = max(abs(n) for n in found)
        decimals = 3 if most < 10 else 1 if most < 100 else 0
    change, *ends = (_signed(f"{n:,.{decimals}f}") for n in found)
    return f"{change} ({ends[0]} to {ends[1]})" if len(ends) == 2 else change


def _signed(text: str) -> str:
    """With its sign, which zero has none of."""
    if not text.strip("-0.,"):
        return text.lstrip("-")
    return text.replace("-", _MINUS) if text.startswith("-") else f"+{text}"


def signed_percent(share: object, digits: int = 1) -> str:
    found = number(share)
    return NOTHING if found is None else f"{_signed(f'{100 * found:.{digits}f}')}%"


def is_share(name: str) -> bool:
    return name in _SHARES


def size(value: object) -> str:
    """Bytes, in decimal units as the terminal has them."""
    found = number(value)
    if found is None:
        return NOTHING
    unit = "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if abs(found) < 999.5:
            break
        found, unit = found / 1000, larger
    text = f"{found:.0f}" if unit == "B" or abs(found) >= 100 else f"{found:.3g}"
    return text + _SPACE + unit


def duration(value: object) -> str:
    """Seconds as hours, minutes and seconds; the two largest units."""
    found = number(value)
    if found is None or found < 0:
        return NOTHING
    if found < 10:
        return f"{found:.1f}{_SPACE}s"
    if found < 59.5:
        return f"{found:.0f}{_SPACE}s"
    minutes, seconds = divmod(round(found), 60)
    if minutes < 60:
        return f"{minutes}{_SPACE}min{_SPACE}{seconds:02d}{_SPACE}s"
    hours, minutes = divmod(round(found / 60), 60)
    if hours < 48:
        return f"{hours}{_SPACE}h{_SPACE}{minutes:02d}{_SPACE}min"
    return f"{hours // 24}{_SPACE}d{_SPACE}{hours % 24}{_SPACE}h"


def moment(seconds: object) -> str:
    """Seconds since 1970 as a date and a time, UTC."""
    found = _datetime(seconds)
    if found is None:
        return NOTHING
    return f"{found.day} {found:%B %Y}, {found:%H:%M} UTC".replace(" ", _SPACE)


def iso(seconds: object) -> str:
    found = _datetime(seconds)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else ""


def _datetime(seconds: object) -> datetime | None:
    found = number(seconds)
    try:
        return None if found is None else datetime.fromtimestamp(found, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None


def words(name: str) -> str:
    """A key as a heading: `exact_match` → "Exact match"."""
    text = _KNOWN.get(name) or name.replace("_", " ").replace("-", " ")
    return sentence(text)


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


_KNOWN = {
    "f1": "Macro-F1",
    "bytes": "size",
    "seconds": "time",
    "rss_bytes": "resident memory",
    "peak_rss_bytes": "peak resident memory",
    "device_peak_bytes": "peak device memory",
    "cpu_seconds": "CPU-seconds",
    "tokens_per_cpu_second": "tokens per CPU-second",
    "max_logit_error": "largest logit error",
    "mean_logit_error": "mean logit error",
    "same_argmax": "same likeliest token",
    "best_eval_loss": "best evaluation loss",
    "train_loss": "training loss, last",
    "trainable": "trainable parameters",
    "dtype": "number format",
}


def fact(name: str, value: Any) -> str:
    """A fact of a stage, by what its name says about its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _measured(name, value)
    if isinstance(value, dict):
        return (
            ", ".join(f"{words(str(k)).lower()} {fact(str(k), v)}" for k, v in value.items())
            or "none"
        )
    if isinstance(value, list):
        return ", ".join(fact(name, v) for v in value) or "none"
    return NOTHING if value is None else shortened(str(value), 400)


def _measured(name: str, value: float) -> str:
    if name == "bytes" or name.endswith("_bytes"):
        return size(value)
    if name == "seconds" or (name.endswith("_seconds") and not name.startswith("cpu")):
        return duration(value)
    if name.endswith("_share") or name == "same_argmax":
        return percent(value, 2)
    return figure(value)


def shortened(text: str, longest: int = _LONGEST) -> str:
    """The text, or its beginning and how much was left out."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]} … ({len(text) - longest:,} more characters)"


def literal(value: Any) -> str:
    """A value of the plan, as one would write it in YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return shortened(str(value))
