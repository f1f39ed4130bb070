"""Files made to be too much: each is fine or gets a finding, in bounded time and memory.

What grew with the square of a file's length, or with the power of its depth, would never come to an
end here: nothing asserts a time.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe.document import LONGEST, parse
from pitchpipe.targets.patterns import compiled
from support import trust
from support.analysis import analysis
from support.editing import snapshot

MOST_OF_A_CODE = 2000
MEMORY = 1_500_000_000  # bytes of address space, of which Python's libraries take a part

HEAD = "model: {name_or_path: models/tiny}\ndata: {train: [{path: data/pairs.jsonl}]}\n"
METHOD = HEAD + "method: {type: lora, target_modules: '%s'}\n"
TEMPLATE = HEAD.replace("]}", "], prompt_template: '%s'}")


def _laughs(inner: str, outer: str) -> str:
    lists = (", ".join([f"*a{n}"] * 10) for n in range(29))
    lines = (f"a{n}: &a{n} {outer.format(inside)}\n" for n, inside in enumerate(lists, 1))
    return f"a0: &a0 {inner}\n{''.join(lines)}"


def _lines(line: str, count: int) -> str:
    return HEAD + "".join(line.format(n) for n in range(count))


BOMBS: dict[str, Callable[[], str]] = {
    "billion laughs": lambda: HEAD + _laughs("[x, x]", "[{}]"),
    "a billion laughs where it counts": lambda: (
        _laughs("{r: 8}", "{{<<: [{}]}}") + HEAD + "method: *a29\ntraining: {<<: *a29}\n"
    ),
    "one source thousands of times": lambda: (
        "x: &x {path: data/pairs.jsonl}\nmodel: {name_or_path: models/tiny}\n"
        f"data: {{train: [{', '.join(['*x'] * 3_000)}]}}\n"
    ),
    "a merge of a merge of a merge": lambda: (
        "a0: &a0 {k: 1}\n"
        + "".join(f"a{n}: &a{n}\n  <<: *a{n - 1}\n  k{n}: 1\n" for n in range(1, 2000))
        + HEAD
        + "training: *a1999\n"
    ),
    "an alias of itself": lambda: HEAD + "a: &a [*a, *a]\nb: &b {<<: *b}\n",
    "deep blocks": lambda: "".join(" " * n + "a:\n" for n in range(1400)),
    "deep lists": lambda: "- " * 10_000 + "x\n",
    "deep keys": lambda: "? " * 10_000 + "x\n",
    "deep brackets": lambda: "a: " + "[" * 10_000 + "]" * 10_000 + "\n",
    "deep brackets, open": lambda: "a: " + "[" * 10_000,
    "deep braces, open": lambda: "a: " + "{a: " * 10_000,
    "deep brackets as keys": lambda: "[" * 10_000 + "\n" + "{" * 10_000 + ": " * 100,
    "deep blocks and brackets": lambda: (
        "".join("  " * n + "- a:\n" for n in range(500)) + "[{" * 5000
    ),
    "many keys": lambda: _lines("k{}: 1\n", 10_000),
    "many keys nearly right": lambda: HEAD + "training:\n" + "  learning_rat: 1\n" * 10_000,
    "many keys between braces": lambda: (
        HEAD + f"training: {{{', '.join(f'lerning_rate{n}: 1' for n in range(5000))}}}\n"
    ),
    "many sources": lambda: (
        HEAD.replace("{train: [{path: data/pairs.jsonl}]}", "")
        + ("  train:\n" + "    - path: data/pairs.jsonl\n" * 2_000)
    ),
    "many lines that are nothing": lambda: _lines("x\n", 10_000),
    "many lines out of line": lambda: _lines("   x: 1\n  y: 2\n", 6_000),
    "many open brackets": lambda: _lines("k{}: [\n", 6_000),
    "many open quotes": lambda: _lines("k{}: 'x\n", 6_000),
    "many anchors": lambda: _lines("a{0}: &a{0} x\nb{0}: *a{0}\n", 10_000),
    "many lost aliases": lambda: _lines("b{0}: *a{0}\n", 10_000),
    "many documents": lambda: _lines("---\na: 1\n", 6_000),
    "one line of blanks": lambda: " " * 900_000 + "a: 1",
    "one line of words": lambda: "a b " * 200_000,
    "one line of a list": lambda: HEAD + "name: [" + "x, " * 100_000 + "]\n",
    "one line of questions": lambda: "? " * 450_000,
    "one line of backslashes": lambda: 'a: "' + "\\" * 900_000,
    "one line of quotes": lambda: "'" * 900_001,
    "one line of colons": lambda: "a: " * 300_000,
    "one long value": lambda: HEAD + "name: " + "x" * 900_000,
    "one long key": lambda: HEAD + "x" * 900_000 + ": 1\n",
    "NUL": lambda: _lines("a{}: \0\n", 10_000),
    "halves of characters": lambda: _lines("a{}: \ud800\n", 10_000),
    "byte order marks": lambda: "\ufeff" * 10_000 + HEAD,
    "carriage returns": lambda: _lines("a{}: 1\n", 10_000).replace("\n", "\r"),
    "breaks that only YAML knows": lambda: HEAD + "a: x\u2028\x85" * 30_000,
    "tabs": lambda: _lines("\ta{}: 1\n", 6_000),
    "huge numbers": lambda: (
        f"{HEAD}training: {{learning_rate: 1e999999999, seed: {'9' * 400_000}, max_steps: "
        f"{'9' * 999}, weight_decay: 1.{'0' * 400_000}, warmup_steps: -1e-999999999}}\n"
    ),
    "a number of YAML 1.1": lambda: (
        f"{HEAD}training: {{seed: {':'.join(['59'] * 100_000)}, max_steps: 1{'_0' * 200_000}}}\n"
    ),
    "a template of braces": lambda: TEMPLATE % ("{" * 200_000),
    "a template of columns": lambda: TEMPLATE % "".join(f"{{c{n}}}" for n in range(50_000)),
    "a split of splits": lambda: HEAD.replace(
        "jsonl", "jsonl, split: 'train" + "[:1%]+train" * 50_000 + "'"
    ),
    "a path up and down": lambda: HEAD.replace("data/", "a/../" * 100_000),
    "repetitions in repetitions": lambda: METHOD % "(a+)+$|((.*)*)*x|(.*a){12}",
    "repetitions side by side": lambda: METHOD % ("(.*)" * 50 + "x"),
    "repetitions of repetitions": lambda: METHOD % "(((.{65535}){65535}){65535}){65535}",
    "brackets of a pattern": lambda: METHOD % ("(" * 5000 + "a" + ")*" * 5000),
    "a pattern that looks behind": lambda: METHOD % r"(?=(.*)(.*)(.*)(.*)(.*)q)x|(.*)(?<=a)\1*",
    "a long pattern": lambda: METHOD % ("a" * 200_000),
    "a pattern of many": lambda: METHOD % "|".join(f"m{n}.*q" for n in range(6_000)),
    "many names of modules": lambda: (
        f"{HEAD}method: {{type: lora, target_modules: "
        f"[{', '.join(f'm{n}' for n in range(6_000))}]}}\n"
    ),
    "many patterns of ranks": lambda: (
        f"{HEAD}method: {{type: lora, target_modules: all-linear, rank_pattern: "
        f"{{{', '.join(f'm{n}.*x: 8' for n in range(400))}}}}}\n"
    ),
    "many layers": lambda: (
        f"{HEAD}method: {{type: lora, target_modules: all-linear, layers_pattern: '(a+)+', "
        f"layers_to_transform: [{', '.join(map(str, range(50_000)))}]}}\n"
    ),
}
"""Of up to as many characters as are read."""


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_file_made_to_be_too_much_is_checked(bomb: Callable[[], str]) -> None:
    text = bomb()
    found = analysis(text).findings
    trust.check_inside((span for f in found for span in trust.spans_of(f)), text)
    assert max(Counter(f.code for f in found).values(), default=0) <= MOST_OF_A_CODE


def test_patterns_without_end_are_given_up_or_walked() -> None:
    """With `re` alone each would take longer than the universe is old."""
    name = "a" * 200
    assert not compiled("(a+)+$").full(name + "b")
    assert not compiled("(a|a)*c").full(name)
    assert compiled("((a*)*)*").full(name)


TOO_LARGE: dict[str, Callable[[], str]] = {
    "one line": lambda: HEAD + "name: " + "x" * LONGEST,
    "one word": lambda: "x" * (LONGEST + 1),
    "a hundred megabytes": lambda: _lines("key_{}: of some length\n", 1_000) * 4000,
    "a million keys": lambda: "k: 1\n" * 1_000_000,
    "a hundred thousand documents": lambda: HEAD + "---\na: 1\n" * 100_000,
    "carriage returns": lambda: "a:\r" * 100_000,
    "half of characters": lambda: "\ud800" * (LONGEST + 1),
}


@pytest.mark.parametrize("large", TOO_LARGE.values(), ids=TOO_LARGE)
def test_of_a_file_that_is_too_large_nothing_is_read(large: Callable[[], str]) -> None:
    text = large()
    found = analysis(text)
    assert [(f.code, f.message, f.severity.value) for f in found.findings] == [
        (
            "file-too-large",
            "a file of more than 1,000,000 characters or 50,000 lines is not read",
            "error",
        )
    ]
    trust.check_findings(found)
    assert found.document.root is None


def test_a_file_can_grow_too_large_and_shrink_again() -> None:
    large = HEAD + "# more\n" * (LONGEST // 5)
    before = parse(HEAD)
    assert parse(large, before) == parse(large)
    assert parse(HEAD, parse(large, before)) == before


def test_every_feature_answers_in_a_file_that_is_too_large() -> None:
    text = HEAD + "---\na: 1\n" * 60_000
    for offset in (0, 10, len(text) // 2, len(text)):
        trust.check_answers(snapshot(text), offset, offset)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
@pytest.mark.parametrize("name", ["zeros", "words", "endless"])
def test_the_command_reads_no_more_than_it_needs(tmp_path: Path, name: str) -> None:
    file = tmp_path / "big.tune.yaml"
    if name == "endless":
        file = Path("/dev/zero")
    else:
        with file.open("wb") as out:
            out.write(b"name: " + (b"\0" if name == "zeros" else b"word ") * 4096)
            out.truncate(20_000_000_000)  # takes no room
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED.format(MEMORY), "check", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "error[file-too-large]: " in done.stdout
    assert "1 error" in done.stdout


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({0}, {0}))
from pitchpipe_cli.main import main
sys.exit(main())
"""
