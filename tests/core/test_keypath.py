from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.keypath import KeyPath, dotted, parse_dotted

PATHS = st.lists(st.text() | st.integers(min_value=0, max_value=10**9), max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("training", "learning_rate"), "training.learning_rate"),
        (("data", "train", 0, "path"), "data.train[0].path"),
        ((0, 1, "a"), "[0][1].a"),
        (("space", "training.lr"), 'space["training.lr"]'),
        (("a b", "c"), '["a b"].c'),
        (("", 'q"[x]'), '[""]["q\\"[x]"]'),
        (("größe", "0"), "größe.0"),
    ],
)
def test_a_path_is_written_as_people_write_it(path: KeyPath, text: str) -> None:
    assert dotted(path) == text
    assert parse_dotted(text) == path


@given(PATHS)
def test_every_path_can_be_read_again(path: KeyPath) -> None:
    assert parse_dotted(dotted(path)) == path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.", "a key is missing at the end of `a.`"),
        (".a", "a key is missing before `.a` in `.a`"),
        ("a..b", "a key is missing before `.b` in `a..b`"),
        ("a b", "`.` or `[` is missing before ` b` in `a b`"),
        ("a[0]b", "`.` or `[` is missing before `b` in `a[0]b`"),
        ("a[x]", '`[x]` in `a[x]` is neither an index such as `[0]` nor a key such as `["a b"]`'),
        ("a[-1]", "`[-1]` in `a[-1]` is neither"),
        ('a["\\q"]', '`"\\q"` in `a["\\q"]` holds an unknown escape'),
    ],
)
def test_what_is_no_path_is_refused_with_its_reason(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        parse_dotted(text)
    assert str(caught.value).startswith(message)


@given(st.text())
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = parse_dotted(text)
    except ValueError:
        return
    assert parse_dotted(dotted(path)) == path
