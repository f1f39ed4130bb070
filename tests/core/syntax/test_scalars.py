from __future__ import annotations

import math
from datetime import date, datetime

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from pitchpipe.syntax.scalars import reader_1_1, resolve, tagged


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("yes", "yes"),
        ("on", "on"),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1e-4", 1e-4),
        ("2E5", 2e5),
        ("2.0e-4", 2e-4),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".", "."),
        ("1e", "1e"),
        ("1.2.3", "1.2.3"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("1e999", math.inf),
        ("2024-01-01", "2024-01-01"),
        ("٣", "٣"),
        ("1" * 1001, "1" * 1001),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(raw: str, value: object) -> None:
    assert resolve(raw) == value
    assert type(resolve(raw)) is type(value)


@pytest.mark.parametrize("raw", [".nan", ".NaN", ".NAN"])
def test_nan_is_a_float(raw: str) -> None:
    value = resolve(raw)
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("raw", "tag", "value"),
    [
        ("5", "!!str", "5"),
        ("5", "!!int", 5),
        ("5", "!!float", 5.0),
        ("x", "!!int", "x"),
        ("1.5", "!!int", "1.5"),
        ("true", "!!bool", True),
        ("yes", "!!bool", "yes"),
        ("", "!!null", None),
        ("5", "!include", "5"),
        ("5", "!", "5"),
    ],
)
def test_a_tag_decides_what_a_scalar_is(raw: str, tag: str, value: object) -> None:
    assert tagged(raw, tag) == value
    assert type(tagged(raw, tag)) is type(value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("2e-5", "2e-5"),
        ("2.0e-5", 2e-5),
        ("yes", True),
        ("Off", False),
        ("012", 10),
        ("0o17", "0o17"),
        ("1:30", 90),
        ("1_000", 1000),
        ("0b11", 3),
        ("2024-01-01", date(2024, 1, 1)),
        ("2024-01-01 10:00:00", datetime(2024, 1, 1, 10, 0, 0)),  # noqa: DTZ001
        ("2024-99-99", "2024-99-99"),
        ("<<", "<<"),
        ("=", "="),
        ("0x_", "0x_"),
        ("plain", "plain"),
    ],
)
def test_a_yaml_1_1_reader_takes_some_scalars_for_something_else(raw: str, value: object) -> None:
    assert reader_1_1(raw) == value
    assert type(reader_1_1(raw)) is type(value)


NUMBERISH = st.text("0123456789+-._:exobEnaifTZ ~", min_size=1, max_size=12)


@given(NUMBERISH | st.from_regex(r"\A[A-Za-z0-9_.:+-]{1,12}\Z"))
def test_the_yaml_1_1_reader_is_pyyaml(raw: str) -> None:
    assume(raw.strip())  # blanks alone are no scalar
    try:
        event = next((e for e in yaml.parse(raw) if isinstance(e, yaml.ScalarEvent)), None)
        expected = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, OverflowError):
        assume(False)
        return
    assume(event is not None and event.value == raw)
    found = reader_1_1(raw)
    assert type(found) is type(expected)
    assert found == expected or (found != found and expected != expected)


@given(st.text())
def test_every_text_has_a_value(raw: str) -> None:
    value = resolve(raw)
    assert value is None or isinstance(value, (bool, int, float, str))
