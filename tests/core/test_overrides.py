from __future__ import annotations

import re

import pytest

from pitchpipe.overrides import parse_setting
from support.analysis import SCHEMA


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("training.max_steps=5", "training.max_steps", 5),
        ("training.learning_rate=2e-5", "training.learning_rate", 2e-5),
        ("data.packing=false", "data.packing", False),
        ("training.seed=x", "training.seed", "x"),
        ("training.save_total_limit=null", "training.save_total_limit", None),
        ("name=5", "name", "5"),
        ("name=", "name", None),
        ("name=null", "name", None),
        ('name="null"', "name", "null"),
        ("name=a=b", "name", "a=b"),
        ("model.revision=1234567", "model.revision", "1234567"),
        ("model.revision=1e5", "model.revision", "1e5"),
        ("data.prompt_template={phrase}: *x", "data.prompt_template", "{phrase}: *x"),
        ("data.train[0].path=a: b.jsonl", "data.train[0].path", "a: b.jsonl"),
        ("data.labels=[a, b]", "data.labels", ["a", "b"]),
        ("method.target_modules=all-linear", "method.target_modules", "all-linear"),
        ("method.target_modules=[q_proj]", "method.target_modules", ["q_proj"]),
        ("export.precision=[int4, int8]", "export.precision", ["int4", "int8"]),
        ("data.train[0].columns={prompt: x}", "data.train[0].columns", {"prompt": "x"}),
        ("no.such.key=5", "no.such.key", 5),
        (" name = x", "name", " x"),
    ],
)
def test_a_setting_is_read_as_the_file_would_have_it(text: str, key: str, value: object) -> None:
    assert parse_setting(text, SCHEMA) == (key, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training.max_steps", "must be of the form `key=value`"),
        ("=5", "must be of the form `key=value`"),
        ("training.=5", "a key is missing at the end of `training.`"),
        ("data.labels=[a", "the value of `data.labels` is no YAML: "),
    ],
)
def test_what_is_no_setting_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_setting(text, SCHEMA)
