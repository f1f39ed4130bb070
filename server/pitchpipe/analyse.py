"""The front door: from a workflow's text to its findings and, where none is an error, its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from pitchpipe.check import NOTHING_KNOWN, Known, check
from pitchpipe.checks.foreign import runner_cannot
from pitchpipe.context import Context
from pitchpipe.dialects import native
from pitchpipe.dialects.recognise import NATIVE, dialect_of
from pitchpipe.document import Document, parse
from pitchpipe.facts import Facts
from pitchpipe.findings import Finding, Severity
from pitchpipe.paths import flavour_of
from pitchpipe.plan import Plan
from pitchpipe.reading import Reading, read
from pitchpipe.resolve import resolve
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data
from pitchpipe.workflow import Workflow

_NONE: Mapping[str, Data] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a file means and what is wrong with it.

    `path` is its absolute path, `dialect` the name of the format that it is written in.
    """

    path: str
    dialect: str
    context: Context
    _known: Known

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Sorted by place; found when first asked for."""
        return self._checked[0]

    @property
    def known(self) -> Known:
        """What was found out and may hold for the next state of the file, too."""
        checked = self.__dict__.get("_checked")
        return checked[1] if checked else self._known

    @cached_property
    def _checked(self) -> tuple[tuple[Finding, ...], Known]:
        found, known = check(self.context, self._known)
        return tuple(found), known

    @property
    def document(self) -> Document:
        return self.context.document

    @property
    def workflow(self) -> Workflow:
        return self.context.workflow

    @property
    def has_errors(self) -> bool:
        return any(f.severity is Severity.ERROR for f in self.findings)

    @property
    def can_run(self) -> bool:
        """Whether nothing keeps the file from running.

        A file of another tool may be sound, and yet more than the runner can do, or but a part; no
        comment that silences a finding changes that.
        """
        if self.has_errors or any(runner_cannot(self.context)):
            return False
        return all(v.keyword != "required" for v in self.context.reading.violations)

    @property
    def wants_remote_code(self) -> bool:
        """Whether the file asks to run the model's own code, which also needs consent."""
        return self.context.effective(self.workflow.model.trust_remote_code) is True

    def plan(self, *, smoke: bool = False, trust_remote_code: bool = False) -> Plan:
        """The plan.

        `trust_remote_code` is the command line's consent, without which the file's key counts as
        false.

        Raises:
            ValueError: something keeps the file from running.
        """
        if not self.can_run:
            raise ValueError("a file that can't run has no plan")
        return resolve(self.context, self.path, smoke=smoke, trust_remote_code=trust_remote_code)


def analyse(
    text: str,
    *,
    schema: Schema,
    facts: Facts,
    path: str,
    overrides: Mapping[str, Data] = _NONE,
    reuse: Document | None = None,
    known: Known = NOTHING_KNOWN,
    blind: bool = False,
    dialect: str | None = None,
    start: str | None = None,
) -> Analysis:
    """Reads a workflow's `text`, checks it whole, and never raises for what is in it.

    `path` is the file's absolute path, whose folder relative paths start from. `overrides` maps
    dotted keys (`training.max_steps`) to values that count instead of the file's. `reuse` is an
    earlier state of the same document, and `known` what was found out about it with the same facts;
    both save time and change nothing. `blind`: the file lies on no disk, and `path` only names it.

    `dialect` is the format, one of `recognise.NAMES` or `NATIVE`; where it is None, the text tells.
    Relative paths of a foreign file start from the absolute folder `start`, in which its own tool
    would be called; None is the file's own folder.
    """
    document = parse(text, reuse)
    root: str = flavour_of(path).dirname(path)
    name = dialect or dialect_of(path, text) or NATIVE
    own = None if name == NATIVE else schema.other(name)
    if own is None:
        reading: Reading = read(document, schema, overrides, known.sound)
        return Analysis(path, NATIVE, Context(reading, native.lower, facts, root, blind), known)
    from pitchpipe.dialects import dialect as dialects  # noqa: PLC0415  # few files are foreign
    from pitchpipe.dialects import old_yaml  # noqa: PLC0415
    from pitchpipe.dialects.foreign import Surroundings  # noqa: PLC0415
    from pitchpipe.dialects.lowered import lowered  # noqa: PLC0415

    root = start or root
    tool = dialects.named(name)
    if tool.suited is not None:
        tool, own = tool.suited(own, document)
    source = old_yaml.read(document, own, lax=tool.lax)
    around = Surroundings(facts, root, blind)
    reading = lowered(source, schema, overrides, tool, around)
    return Analysis(path, name, Context(reading, native.lower, facts, root, blind), known)
