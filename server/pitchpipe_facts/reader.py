"""The real `Facts`: reads files when asked, and again only when they have changed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pitchpipe.facts import FileFact, ModelFact, NotRead, Table
from pitchpipe.model_config import ModelConfig
from pitchpipe.modules import Head, ModelShape
from pitchpipe.plan import Fingerprint
from pitchpipe_facts import columnar, tables
from pitchpipe_facts.model_shapes import ModelShapes

if TYPE_CHECKING:
    from pitchpipe.costs.machine import Machine
    from pitchpipe.costs.settings import Settings
    from pitchpipe.estimate import Records
    from pitchpipe.published import PublishedModel
    from pitchpipe.survey import Survey, View
    from pitchpipe_facts.token_counts import TokenCounts

T = TypeVar("T")

_MOST_SIBLINGS = 5000
_LARGEST_CONFIG = 64 * 2**20  # bytes; tokenizer_config.json of large vocabularies reaches a few MB
_CHUNK = 2**20  # bytes
_TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
_GENERIC = {"PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend"}
_NAMED_TOKENS = ("eos_token", "bos_token", "pad_token", "unk_token")
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")


class Reader:
    """Reads under `root`, the folder that relative paths start from.

    `python` is the interpreter of the runner's environment, which reads Parquet and Arrow files;
    without one they are "not read". `models` answers what models consist of,
    `devices` loads the table of devices, `machine` looks at this one, `records` knows how model
    types compute, `counts` has what tokenizers have counted.
    """

    def __init__(
        self,
        root: str | Path,
        python: str | None = None,
        environment: Mapping[str, str] | None = None,
        models: ModelShapes | None = None,
        devices: Callable[[], Mapping[str, Any]] = dict,
        machine: Callable[[str], Machine | None] = lambda _: None,
        records: Callable[[str], Records] | None = None,
        counts: Callable[[], TokenCounts] | None = None,
    ) -> None:
        self.root = Path(root)
        self.python = python
        self._environment = os.environ if environment is None else environment
        self._models = models or ModelShapes(self._environment)
        self._load_devices = devices
        self._find_machine = cache(machine)
        self._load_records = records
        self._load_counts = counts or token_counts
        self._table: Mapping[str, Any] | None = None
        self._cache: dict[tuple[str, str, int, int], object] = {}

    def file(self, path: str) -> FileFact:
        found = self._stat(path)
        if found is None:
            return FileFact(exists=False, siblings=_siblings(self.root / path))
        if stat.S_ISDIR(found.st_mode):
            return FileFact(exists=True, is_dir=True)
        return FileFact(exists=True, size=found.st_size)

    def table(self, path: str) -> Table:
        def read(file: Path) -> Table:
            if file.suffix.lower() in columnar.FORMATS:
                return columnar.head(file, self.python)
            return tables.head(file)

        return self._once("table", path, read)

    def json(self, path: str) -> Mapping[str, Any] | NotRead:
        def read(file: Path) -> Mapping[str, Any] | NotRead:
            found = _object(file)
            return NotRead("it holds no JSON object") if found is None else found

        return self._once("json", path, read)

    def survey(self, path: str, view: View) -> Survey | NotRead:
        def look(file: Path) -> Survey | NotRead:
            from pitchpipe_facts import surveys  # noqa: PLC0415  # as many files have no data

            return surveys.survey(file, view, self.python)

        return self._once(f"survey of {view}", path, look)

    def counted(self, settings: Settings) -> Mapping[str, Any] | None:
        from pitchpipe.costs.looking import fingerprints  # noqa: PLC0415  # as few files need it
        from pitchpipe.costs.settings import data_key  # noqa: PLC0415

        found = self._load_counts().find(data_key(settings, fingerprints(settings, self)))
        return found and found[0]

    def model(self, path: str) -> ModelFact | NotRead:
        """Not cached: a folder's time doesn't change with its files, and they are few."""
        try:
            return _model(self.root / path)
        except OSError as error:
            return NotRead(_reason(error))

    def model_config(
        self, name_or_path: str, *, local: bool, revision: str | None = None
    ) -> ModelConfig | NotRead:
        name = str(self.root / name_or_path) if local else name_or_path
        return self._models.config(name, local=local, revision=revision)

    def shape(
        self,
        name_or_path: str,
        *,
        local: bool,
        revision: str | None = None,
        head: Head | None = None,
    ) -> ModelShape | NotRead:
        name = str(self.root / name_or_path) if local else name_or_path
        return self._models.shape(name, local=local, revision=revision, head=head)

    def fingerprint(self, path: str) -> Fingerprint | NotRead:
        return self._once("fingerprint", path, sha256)

    def environment(self, name: str) -> str | None:
        return self._environment.get(name)

    def published(self, name: str) -> PublishedModel | None:
        return self._models.shelf.published(name)

    def devices(self) -> Mapping[str, Any]:
        if self._table is None:
            self._table = self._load_devices()
        return self._table

    def machine(self, device: str) -> Machine | None:
        return self._find_machine(device)

    def records(self, model_type: str) -> Records:
        if self._load_records is not None:
            return self._load_records(model_type)
        from pitchpipe.estimate import Records  # noqa: PLC0415  # as most files take none

        return Records(None, {})

    def stamp(self, path: str) -> tuple[int, int] | None:
        """Changes when the file at `path` does; None where there is none."""
        found = self._stat(path)
        return None if found is None else (found.st_mtime_ns, found.st_size)

    def _once(self, question: str, path: str, read: Callable[[Path], T | NotRead]) -> T | NotRead:
        found = self._stat(path)
        if found is None:
            return NotRead("there is no such file")
        if not stat.S_ISREG(found.st_mode):
            return NotRead("it is not a file")
        key = (question, path, found.st_mtime_ns, found.st_size)
        if key not in self._cache:
            try:
                self._cache[key] = read(self.root / path)
            except OSError as error:
                return NotRead(_reason(error))
        return cast("T | NotRead", self._cache[key])

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return (self.root / path).stat()
        except (OSError, ValueError):  # ValueError: a null character in the path
            return None


def token_counts() -> TokenCounts:
    """What has been counted until now, which is looked up when something is asked."""
    from pitchpipe_facts.token_counts import TokenCounts  # noqa: PLC0415  # as few files need it

    return TokenCounts()


def sha256(file: Path) -> Fingerprint:
    """The hash and size of `file`, read piece by piece.

    Raises:
        OSError: it can't be read.
    """
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
    return Fingerprint(digest.hexdigest(), size)


def _siblings(path: Path) -> tuple[str, ...]:
    try:
        with os.scandir(path.parent) as found:
            return tuple(sorted(e.name for e in islice(found, _MOST_SIBLINGS)))
    except (OSError, ValueError):
        return ()


def _model(folder: Path) -> ModelFact | NotRead:
    if not folder.is_dir():
        return NotRead("there is no such folder")
    config = _object(folder / "config.json")
    model_type = config.get("model_type") if config else None
    tokenizer = _object(folder / "tokenizer_config.json") or {}
    return ModelFact(
        has_end_token=_has_end_token(folder, tokenizer),
        special_tokens=_special_tokens(tokenizer),
        has_config=config is not None,
        model_type=model_type if isinstance(model_type, str) else None,
        has_tokenizer=any((folder / name).exists() for name in _TOKENIZERS),
        has_chat_template=bool(tokenizer.get("chat_template"))
        or any((folder / name).exists() for name in _TEMPLATES),
    )


def _has_end_token(folder: Path, tokenizer: Mapping[str, Any]) -> bool | None:
    if tokenizer.get("eos_token") or (_object(folder / "special_tokens_map.json") or {}).get(
        "eos_token"
    ):
        return True
    # A class of its own has a default for what the file doesn't say.
    generic = tokenizer.get("tokenizer_class") in _GENERIC
    return False if tokenizer and (generic or "eos_token" in tokenizer) else None


def _special_tokens(tokenizer: Mapping[str, Any]) -> tuple[str, ...]:
    added = tokenizer.get("added_tokens_decoder")
    if not isinstance(added, dict):
        return ()
    listed: list[Any] = [*cast("dict[str, Any]", added).values()]
    listed += map(tokenizer.get, _NAMED_TOKENS)
    found: list[Any] = [
        cast("dict[str, Any]", token).get("content") if isinstance(token, dict) else token
        for token in listed
    ]
    return tuple(sorted({token for token in found if isinstance(token, str)}))


def _object(file: Path) -> dict[str, Any] | None:
    """The JSON object in `file`; None where there is no such file or it holds anything else."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            found: Any = json.loads(stream.read(_LARGEST_CONFIG))
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
