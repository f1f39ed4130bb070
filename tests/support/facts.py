"""A world in memory: the facts that a test needs, as plain values."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import pitchpipe_schemas
from pitchpipe import splits
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.settings import Settings
from pitchpipe.estimate import Records, decode, decode_fragments
from pitchpipe.facts import (
    HEAD_ROWS,
    FileFact,
    ModelFact,
    NotRead,
    Table,
    TableFact,
    TableFormat,
    TableProblem,
    columns_of,
)
from pitchpipe.model_config import ModelConfig, interpret
from pitchpipe.modules import Head, ModelShape, ShapeSource
from pitchpipe.plan import Fingerprint
from pitchpipe.published import PublishedModel, find_model
from pitchpipe.survey import Survey, View
from pitchpipe.surveying import Surveyor
from pitchpipe_schemas import recorded
from support import shapes

T = TypeVar("T")

DEVICES = pitchpipe_schemas.devices()
MODELS = pitchpipe_schemas.models()

ROOT = "/home/me/project"

Rows: TypeAlias = "Sequence[Mapping[str, Any]]"

_FORMATS: dict[str, TableFormat] = {
    "jsonl": "jsonl",
    "json": "json",
    "csv": "csv",
    "tsv": "tsv",
    "txt": "text",
    "parquet": "parquet",
}


@dataclass(frozen=True)
class World:
    """`files` maps paths to rows, or to what stands in the way of them.

    `models` are folders. `configs` and `shapes` are of models by the folder or the hub's name;
    shapes count for every task, but those of an encoder with a decoder for theirs alone. `here`
    is the machine, `tokens` what was counted where a file is trained on, by its path, `objects` are
    files of JSON.
    """

    files: Mapping[str, Rows | TableProblem | NotRead] = field(default_factory=dict[str, Rows])
    models: Mapping[str, ModelFact] = field(default_factory=dict[str, ModelFact])
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    shapes: Mapping[str, ModelShape] = field(default_factory=dict[str, ModelShape])
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    root: str = ROOT
    here: Machine | None = None
    tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])

    def file(self, path: str) -> FileFact:
        known = self._known()
        if path in known:
            return FileFact(exists=True, is_dir=path in self._folders(), size=1)
        if any(other.startswith(f"{path}/") for other in known):
            return FileFact(exists=True, is_dir=True)
        folder = posixpath.dirname(path)
        inside = [o.removeprefix(f"{folder}/") for o in known if o.startswith(f"{folder}/")]
        names = {name.partition("/")[0] for name in inside}
        return FileFact(exists=False, siblings=tuple(sorted(names)))

    def table(self, path: str) -> Table:
        found = {self._absolute(p): content for p, content in self.files.items()}.get(path)
        kind = _FORMATS.get(path.rpartition(".")[2].lower())
        if found is None:
            return NotRead("there is no such file")
        if isinstance(found, NotRead) or kind is None:
            return found if isinstance(found, NotRead) else NotRead("unknown ending")
        if isinstance(found, TableProblem):
            return TableFact(kind, (), (), complete=False, problem=found)
        rows = tuple(found[:HEAD_ROWS])
        return TableFact(kind, columns_of(rows), rows, complete=len(found) <= HEAD_ROWS)

    def json(self, path: str) -> Mapping[str, Any] | NotRead:
        found = {self._absolute(p): content for p, content in self.objects.items()}
        return found.get(path, NotRead("there is no such file"))

    def survey(self, path: str, view: View) -> Survey | NotRead:
        """Of the rows as they are, in the lines that JSONL would have them in."""
        found = {self._absolute(p): content for p, content in self.files.items()}.get(path)
        if found is None or isinstance(found, (TableProblem, NotRead)):
            return NotRead("it can't be read")
        first, last = splits.parse(view.split).bounds(len(found))
        surveyor = Surveyor(view, by_line=True)
        for number, row in enumerate(found, start=1):
            if first < number <= last:
                surveyor.add(row, number)
        return surveyor.survey(whole=True)

    def counted(self, settings: Settings) -> Mapping[str, Any] | None:
        """Only of data that were not to be cut any shorter or longer than usual."""
        usual = settings.data.max_length == 1024
        return self.tokens.get(settings.data.train[0].path or "") if usual else None

    def model(self, path: str) -> ModelFact | NotRead:
        found = {self._absolute(p): model for p, model in self.models.items()}
        return found.get(path, NotRead("there is no such folder"))

    def model_config(
        self, name_or_path: str, *, local: bool, revision: str | None = None
    ) -> ModelConfig | NotRead:
        found = self._of_model(self.configs, name_or_path, local)
        if found is None:
            return NotRead("it is not known")
        return interpret(found, ShapeSource("config", "`config.json`"))

    def shape(
        self,
        name_or_path: str,
        *,
        local: bool,
        revision: str | None = None,
        head: Head | None = None,
    ) -> ModelShape | NotRead:
        found = self._of_model(self.shapes, name_or_path, local)
        if found is None:
            return NotRead("it is not known")
        lacks = found.head == "seq2seq-lm" and head not in {None, found.head}
        return NotRead(f"`{found.model_type}` has no class for {head}") if lacks else found

    def _of_model(self, known: Mapping[str, T], name_or_path: str, local: bool) -> T | None:
        if local:
            known = {self._absolute(path): value for path, value in known.items()}
        return known.get(name_or_path)

    def fingerprint(self, path: str) -> Fingerprint | NotRead:
        found = {self._absolute(p): content for p, content in self.files.items()}.get(path)
        if found is None or isinstance(found, (TableProblem, NotRead)):
            return NotRead("it can't be read")
        data = json.dumps([dict(row) for row in found]).encode()
        return Fingerprint(hashlib.sha256(data).hexdigest(), len(data))

    def environment(self, name: str) -> str | None:
        return self.variables.get(name)

    def published(self, name: str) -> PublishedModel | None:
        return find_model(name, MODELS)

    def devices(self) -> Mapping[str, Any]:
        return DEVICES

    def machine(self, device: str) -> Machine | None:
        return self.here

    def records(self, model_type: str) -> Records:
        shard = recorded.activations(model_type)
        return Records(decode(shard) if shard else None, decode_fragments(recorded.adapters()))

    def _absolute(self, path: str) -> str:
        return posixpath.join(self.root, path)

    def _folders(self) -> set[str]:
        return {self._absolute(p) for p in self.models}

    def _known(self) -> set[str]:
        files = {self._absolute(p) for p in (*self.files, *self.objects)}
        return files | self._folders()


PHRASES = [
    {"phrase": "Would you mind?", "tone": "polite"},
    {"phrase": "Shut it.", "tone": "rude"},
    {"phrase": "As agreed, I enclose the form.", "tone": "formal"},
]
CHATS = [
    {
        "messages": [
            {"role": "user", "content": "Good morning"},
            {"role": "assistant", "content": "Good morning! What can I do?"},
        ]
    }
]

PAIRS = [{"prompt": f"2 + {n}", "completion": f"{2 + n}"} for n in range(1, 6)]
OTHER_PHRASES = [
    {"phrase": "May I come in?", "tone": "polite"},
    {"phrase": "Get out.", "tone": "rude"},
    {"phrase": "Yours faithfully", "tone": "formal"},
]
LONG_COUNTED = {
    "rows": {"train": 2, "eval": 0, "test": 0},
    "tokens": {"train": 2048, "eval": 0, "test": 0},
    "over_length": {"rows": 2, "tokens_lost": 352},
    "left_out": 0,
    "packs": {"train": 2, "eval": 0, "test": 0},
}
"""What the stage `prepare` would say of `data/long.jsonl`, which is 1200 tokens a row."""

WORLD = World(
    files={
        "data/phrases.jsonl": PHRASES,
        "data/phrases.csv": PHRASES,
        "data/chats.jsonl": CHATS,
        "data/sharegpt.jsonl": [{"messages": [{"from": "human", "value": "Hi"}]}],
        "data/pairs.jsonl": [{"prompt": f"1 + {n}", "completion": f"{1 + n}"} for n in range(1, 6)],
        "data/copies.jsonl": [*PAIRS, PAIRS[0], PAIRS[2]],
        "data/blanks.jsonl": [*PAIRS, {"prompt": "4 + 4", "completion": " "}],
        "data/garbled.jsonl": [{"prompt": "To greet", "completion": "Gr\ufffd\ufffd Gott"}],
        "data/jumbled.jsonl": [{"messages": [*CHATS[0]["messages"], CHATS[0]["messages"][0]]}],
        "data/known.jsonl": PAIRS[:2],
        "data/fresh.jsonl": [{"prompt": "7 + 7", "completion": "14"}],
        "data/many.jsonl": [{"text": f"{n} times {n} is {n * n}"} for n in range(40)],
        "data/long.jsonl": [
            {"prompt": "Go on", "completion": f"{n} and so on" * 200} for n in "ab"
        ],
        "data/one-tone.jsonl": [{**row, "tone": "rude"} for row in PHRASES],
        "data/two-tones.jsonl": [*PHRASES, {"phrase": "Shut  it.", "tone": "formal"}],
        "data/mostly-polite.jsonl": [
            {"phrase": f"Please, {n}", "tone": "polite" if n % 20 else "rude"} for n in range(40)
        ],
        "data/held-phrases.jsonl": [{"phrase": "Well met.", "tone": "archaic"}, *OTHER_PHRASES],
        "data/other-phrases.jsonl": OTHER_PHRASES,
        "data/few-phrases.jsonl": OTHER_PHRASES[:2],
        "data/sums.jsonl": [{"prompt": f"{n} + 1", "completion": str(n + 1)} for n in range(120)],
        "data/texts.txt": [{"text": "Once upon a time"}],
        "data/gaps.jsonl": [*PHRASES, {"phrase": None, "tone": "rude"}],
        "data/lists.jsonl": [{"prompt": ["a", "b"], "completion": "c"}],
        "data/semicolons.csv": [{"phrase;tone": "Shut it.;rude"}],
        "data/empty.jsonl": [],
        "data/broken.jsonl": TableProblem("it is not JSON: unterminated string at column 12", 900),
        "data/table.parquet": NotRead("the runner's Python, which reads Parquet, is not known"),
        "data/notes.docx": NotRead("unknown ending"),
    },
    models={
        "models/tiny": ModelFact(True, "llama", True, True, True, ("<|im_end|>",)),
        "models/endless": ModelFact(True, "gpt2", True, False, False),
        "models/plain": ModelFact(True, "gpt2", True, False),
        "models/mute": ModelFact(True, "gpt2", False, False),
        "models/hollow": ModelFact(False, None, False, False),
        "models/tied": ModelFact(True, "llama", True, True),
        "models/experts": ModelFact(True, "deepseek_v3", True, True),
        "models/hybrid": ModelFact(True, "jamba", True, True),
        "models/seeing": ModelFact(True, "gemma3", True, True),
        "models/packed": ModelFact(True, "llama", True, True),
        "models/large": ModelFact(True, "llama", True, True),
        "models/translator": ModelFact(True, "t5", True, True),
        "models/tiny-base": ModelFact(True, "llama", True, True),
        "models/tiny-instruct": ModelFact(True, "llama", True, True),
        "models/pythia": ModelFact(True, "gpt_neox", True, False),
        "models/bloom": ModelFact(True, "bloom", True, False),
        "models/odd": ModelFact(True, "llama", True, True),
    },
    configs={
        "models/tiny": {"model_type": "llama", "max_position_embeddings": 4096},
        "models/packed": {
            "model_type": "llama",
            "quantization_config": {"quant_method": "gptq", "bits": 4},
        },
        "models/bloom": {"model_type": "bloom"},
        "models/odd": {"model_type": "llama", "hidden_size": 100, "num_attention_heads": 3},
    },
    shapes={
        "models/tiny": shapes.scaled(shapes.llama(), 16),
        "models/tied": shapes.scaled(shapes.llama(tied=True), 16),
        "models/experts": shapes.scaled(shapes.deepseek(), 16),
        "models/hybrid": shapes.scaled(shapes.hybrid(), 16),
        "models/seeing": shapes.scaled(shapes.seeing(), 16),
        "models/large": shapes.scaled(shapes.llama(), 700),
        "models/pythia": shapes.scaled(shapes.neox(), 16),
        "models/translator": shapes.shape(*shapes.attention(), model_type="t5", task="seq2seq-lm"),
    },
    variables={"DATA": "/data", "HOME": "/home/me"},
    tokens={"data/long.jsonl": LONG_COUNTED},
)
"""A project with a bit of everything; the pages of the checks speak of it."""
