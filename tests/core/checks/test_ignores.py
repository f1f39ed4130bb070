"""Comments that silence findings, and what is said of those that don't."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.document import parse
from pitchpipe.facts import Table
from pitchpipe.not_yet import NotYet
from pitchpipe.silencing import ignores
from support.analysis import analysis, check_findings, check_fixed, lines_of, whole
from support.facts import World
from support.fixture import fixed

FLOAT = "readers of YAML 1.1, such as PyYAML, take `2e-5` for a string; write `2.0e-5`"


def codes(fragment: str, **options: object) -> list[str]:
    return [f.code for f in analysis(whole(fragment), **options).findings]  # pyright: ignore


@pytest.mark.parametrize(
    "comment",
    [
        "# pitchpipe: ignore[yaml11-float]",
        "# pitchpipe: ignore",
        "#pitchpipe:ignore [ yaml11-float ] as our reader takes it",
        "# pitchpipe: ignore[does-not-fit, yaml11-float",
        "# as in the paper # pitchpipe: ignore[yaml11-float]",
    ],
)
def test_a_comment_behind_a_value_silences_what_its_line_has(comment: str) -> None:
    found = codes(f"training:\n  learning_rate: 2e-5  {comment}\n  weight_decay: 1e-2\n")
    assert found.count("yaml11-float") == 1


def test_a_comment_on_a_line_of_its_own_is_about_the_next_line_with_content() -> None:
    check_findings("""
        training:
          # pitchpipe: ignore[yaml11-float]

          # (see the paper)
          learning_rate: 2e-5
        """)


def test_the_first_key_may_stand_behind_a_marker() -> None:
    check_findings("# pitchpipe: ignore[yaml11-float]\n---\ntraining: {learning_rate: 2e-5}\n")


def test_a_finding_is_meant_where_it_begins() -> None:
    assert codes("training: {  # pitchpipe: ignore[yaml11-float]\n  learning_rate: 2e-5}\n") == [
        "unused-ignore",
        "yaml11-float",
    ]


@pytest.mark.parametrize(
    "line", ["# pitchpipe: ignore-file[yaml11-float]", "# pitchpipe: ignore-file"]
)
def test_a_comment_above_the_first_key_silences_the_whole_file(line: str) -> None:
    rates = "training:\n  learning_rate: 2e-5\n  weight_decay: 1e-2\n"
    assert codes(f"# ours\n{line}\n\n{rates}") == []
    assert codes(f"\ufeff{line}\r\n{rates}") == []


def test_below_the_first_key_it_counts_no_more() -> None:
    text = """
        training:
          # pitchpipe: ignore-file[yaml11-float]
          learning_rate: 2e-5
        """
    assert codes(text) == ["unused-ignore", "yaml11-float"]
    found = analysis(whole(text))
    after = fixed(found.document.text, found.findings[0])
    assert after.startswith("# pitchpipe: ignore-file[yaml11-float]\ntraining:\n  learning_rate")
    assert analysis(after).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "name: '# pitchpipe: ignore'\ntraining: {learning_rate: 2e-5}",
        'training: {learning_rate: 2e-5, output_dir: "a # pitchpipe: ignore"}',
        "training: {learning_rate: 2e-5, output_dir: a#pitchpipe:ignore}",
        "training:\n  output_dir: |\n    # pitchpipe: ignore\n  learning_rate: 2e-5",
        "training:\n  learning_rate: 2e-5  # pitchpipe: ignored",
        "training:\n  learning_rate: 2e-5  # pitchpipe: ignore-me",
        "training:\n  learning_rate: 2e-5  # pitchpipe: workflow",
    ],
)
def test_what_is_no_such_comment_silences_nothing(text: str) -> None:
    assert ignores(parse(whole(text))) == ()
    assert "yaml11-float" in codes(text)


def test_there_may_be_one_behind_the_mark_of_a_text_of_several_lines() -> None:
    (found,) = ignores(parse("a: |  # pitchpipe: ignore[x]\n  # pitchpipe: ignore[y]\nb: 1\n"))
    assert found.codes is not None
    assert [code.name for code in found.codes] == ["x"]


def test_an_error_is_not_silenced() -> None:
    check_findings("""
        training:
          num_train_epochs: three  # pitchpipe: ignore
                                   #^^^^^^^^^^^^^^^^^^ warning[ignore-of-error]: errors can't be silenced: `wrong-type`
                            #^^^^ error[wrong-type]: `num_train_epochs` must be a number, not the string `three`
        """)  # noqa: E501


def test_an_error_in_a_list_of_codes_is_said_and_taken_out() -> None:
    check_fixed(
        "training:\n  learning_rate: 2e-5  # pitchpipe: ignore[wrong-type, yaml11-float]\n",
        "learning_rate: 2e-5  # pitchpipe: ignore[yaml11-float]",
    )


def test_a_code_that_is_misspelt_is_mended() -> None:
    check_fixed(
        "training:\n  save_steps: 5  # pitchpipe: ignore[yaml1-float]\n",
        "save_steps: 5  # pitchpipe: ignore[yaml11-float]",
    )
    assert codes("# pitchpipe: ignore-file[abacus]\n") == ["unknown-code"]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# pitchpipe: ignore", "`ignore` silences nothing: line 2 has no warning and no hint"),
        ("# pitchpipe: ignore[]", "`ignore` silences nothing: it names no code"),
        (
            "# pitchpipe: ignore[does-not-fit,low-coverage]",
            "`does-not-fit` and `low-coverage` silence nothing: line 2 has no such finding",
        ),
    ],
)
def test_what_silences_nothing_goes(comment: str, message: str) -> None:
    text = whole(f"training:\n  learning_rate: 2.0e-5  {comment}\n")
    (finding,) = analysis(text).findings
    assert (finding.code, finding.message) == ("unused-ignore", message)
    assert fixed(text, finding) == whole("training:\n  learning_rate: 2.0e-5\n")


def test_codes_that_are_of_use_stay() -> None:
    text = whole(
        "training:\n  weight_decay: 1e-2  # pitchpipe: ignore[low-coverage,yaml11-float]\n"
    )
    (finding,) = analysis(text).findings
    assert "ignore[yaml11-float]\n" in fixed(text, finding)


def test_with_a_line_of_its_own_it_goes_with_it() -> None:
    text = whole("training:\r\n  # pitchpipe: ignore\r\n  learning_rate: 2.0e-5\r\n")
    (finding,) = analysis(text).findings
    assert fixed(text, finding) == whole("training:\r\n  learning_rate: 2.0e-5\r\n")
    at_end = whole("") + "# pitchpipe: ignore[low-coverage]"
    (finding,) = analysis(at_end).findings
    assert finding.message == "`low-coverage` silences nothing: no line follows"
    assert fixed(at_end, finding) == whole("")


@pytest.mark.parametrize(
    "text",
    [
        "training:\n  num_train_epochs: three\n  weight_decay: 0.1  # pitchpipe: ignore\n",
        "training:\n  weight_decay: 0.1  # pitchpipe: ignore\n  a b\n",
    ],
)
def test_nothing_is_called_useless_in_a_file_with_errors(text: str) -> None:
    assert "unused-ignore" not in codes(text)


class Slow(World):
    """A world in which nobody knows yet what the data files hold."""

    def table(self, path: str) -> Table:
        raise NotYet


def test_nothing_is_called_useless_before_everything_is_known() -> None:
    slow = Slow({"data/pairs.jsonl": [{"prompt": "a", "completion": "b"}]})
    late = "# pitchpipe: ignore-file[data-not-read]\n"
    assert codes(late, facts=slow) == []
    assert codes("# pitchpipe: ignore-file\n", facts=slow) == []
    assert codes("# pitchpipe: ignore-file[unknown-device]\n", facts=slow) == ["unused-ignore"]
    assert codes(late) == ["unused-ignore"]
    assert codes(late, blind=True) == []


def test_what_the_command_line_gives_is_not_silenced_by_the_file() -> None:
    text = whole("# pitchpipe: ignore-file\n")
    (said,) = lines_of(analysis(text, overrides={"compute.target": "abacus"}).findings, text)
    assert said.startswith("1:1: warning[unknown-device]: no device is known as `abacus`")
    assert said.endswith("(from `--set`)")


PIECES = (
    *("# pitchpipe: ignore", "#pitchpipe:ignore-file[", "yaml11-float", ", ", "]", "# pitchpipe: "),
    *(
        "training:\n",
        "  learning_rate: ",
        "2e-5",
        "\n",
        "\r\n",
        "\r",
        "---\n",
        "\ufeff",
        " ",
        "|",
        ">-",
    ),
    *("{", "}", "[", "'", '"', ": ", "- ", "&a ", "*a", "\u2028", "\x85", "é🎼", "\0", "...\n"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_in_any_text_places_are_places_and_fixes_can_be_taken(text: str) -> None:
    for ignore in ignores(parse(text)):
        spans = [ignore.span, *(code.span for code in ignore.codes or ())]
        assert all(0 <= span.start <= span.end <= len(text) for span in spans)
        assert text[ignore.span.start] == "#"
        if ignore.about:
            assert 0 <= ignore.about.start < ignore.about.end <= len(text) + 1
    about_comments = {"unused-ignore", "ignore-of-error", "unknown-code"}
    found = analysis(text).findings
    assert found == analysis(text).findings
    for finding in found:
        if finding.code in about_comments and finding.fix:
            edits = sorted(finding.fix.edits, key=lambda edit: edit.span)
            for one, other in pairwise(edits):
                assert one.span.end <= other.span.start
            assert finding not in analysis(fixed(text, finding)).findings
