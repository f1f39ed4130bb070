from __future__ import annotations

import json
from pathlib import Path

from pitchpipe.facts import FACTS_VERSION
from pitchpipe.plan import to_json
from pitchpipe_facts.model_shapes import ModelShapes
from pitchpipe_facts.reader import Reader
from support import shards
from support.golden import check_golden

GOLDEN = Path(__file__).parents[1] / "golden" / "facts.json"

FILES = {
    "rows.jsonl": '{"phrase": "so glad", "n": 1}\n{"phrase": "oh no", "n": null, "tone": "fear"}\n',
    "broken.jsonl": '{"phrase": "so glad"}\n{"phrase": \n',
    "rows.csv": "phrase,tone\nso glad,joy\n",
}


def test_what_is_known_of_files_looks_like_this(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    toy = shards.model(tmp_path / "toy", stored=shards.tensors())
    reader = Reader(tmp_path, models=ModelShapes({}, shards.SHELF))
    found = {
        "version": FACTS_VERSION,
        "tables": {name: to_json(reader.table(str(tmp_path / name))) for name in FILES},
        "files": {name: to_json(reader.file(str(tmp_path / name))) for name in ("rows.csv", "r")},
        "model": to_json(reader.model(str(model))),
        "model_config": to_json(reader.model_config(str(toy), local=True)),
        "shape": to_json(reader.shape(str(toy), local=True)),
        "fingerprint": to_json(reader.fingerprint(str(tmp_path / "rows.csv"))),
    }
    check_golden(GOLDEN, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
