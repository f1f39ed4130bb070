"""What there is to say about the thing under the cursor."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from pitchpipe import key_page, published
from pitchpipe.checks.keys import meant
from pitchpipe.checks.wording import flow
from pitchpipe.ide.cards import costs, data, model, modules
from pitchpipe.ide.items import Hover
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.streams import of_cursor
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.model_config import context_length
from pitchpipe.schema import Rule
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Alias, Entry, Mapping, Node, Scalar, Sequence
from pitchpipe.syntax.problems import quoted

_WORK = {
    "learning_rate",
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "warmup_steps",
}
_TEMPLATES = {"prompt_template", "completion_template", "text_template"}
_LONGEST = 400  # code points of an alias's value


def hover(snapshot: Snapshot, offset: int) -> Hover | None:
    """What is known about the key, value or alias at `offset`; None between them."""
    snapshot = of_cursor(snapshot, offset)
    found = _at(snapshot, offset)
    if found is None:
        return None
    path, node, span = found
    if isinstance(node, Scalar) and span == node.span and _is_half_typed(snapshot, path, node):
        path = (*path, node.raw)
    parts: list[str] = []
    if isinstance(node, Alias):
        parts.append(_alias(snapshot, node))
    parts += _said(snapshot, path, node)
    text = "\n\n---\n\n".join(part for part in parts if part)
    return Hover(text, span) if text else None


def _at(snapshot: Snapshot, offset: int) -> tuple[KeyPath, Node, Span] | None:
    """The innermost key or value that touches `offset`, with its path."""
    node, path = snapshot.document.root, ()
    while isinstance(node, (Mapping, Sequence)):
        parts = node.entries if isinstance(node, Mapping) else node.items
        at = bisect_right(parts, offset, key=lambda part: part.span.start) - 1
        if at < 0 or offset > parts[at].span.end:
            return None
        part = parts[at]
        if isinstance(part, Entry):
            path = (*path, part.key.raw)
            if offset <= part.key.span.end:
                return path, part.value, part.key.span
            node = part.value
        else:
            path = (*path, at)
            node = part
    if node is None or not node.span.start <= offset <= node.span.end:
        return None
    return path, node, node.span


def _is_half_typed(snapshot: Snapshot, path: KeyPath, node: Scalar) -> bool:
    """Whether a word in the place of a section is one of its keys, without its colon so far."""
    return node.raw in snapshot.schema.keys(path)


def _said(snapshot: Snapshot, path: KeyPath, node: Node) -> Iterator[str]:
    """The cards about what is at `path`: its own first, then the key's page."""
    if not path:
        return
    yield from _cards(snapshot, snapshot.reading.native(path) or (), node)
    if snapshot.client.schema_elsewhere:
        return
    if not isinstance(path[-1], int):
        yield _key(snapshot, path)
    elif isinstance(node, (Scalar, Alias)):
        yield _key(snapshot, path[:-1])


def _cards(snapshot: Snapshot, path: KeyPath, node: Node) -> Iterator[str]:
    """The cards about what is at a workflow's `path`."""
    card = _CARDS.get(_general(path))
    if card is not None:
        yield card(snapshot, path, node)
    elif path[:1] == ("data",) and path[-1] in _TEMPLATES and isinstance(node, Scalar):
        yield data.template_card(snapshot, node.raw)
    elif path[:1] == ("training",) and path[-1] in _WORK:
        yield costs.work(snapshot)


def _key(snapshot: Snapshot, path: KeyPath) -> str:
    """The key's meaning, its value that counts, and where that comes from."""
    rule = snapshot.schema.at(path)
    if rule is None:
        return _unknown(snapshot, path)
    written = snapshot.document.entry_at(path)
    parts = [f"**`{dotted(path)}`** · {key_page.facts(rule)}", str(rule.get("description", ""))]
    if not snapshot.schema.keys(path) and "default" in rule:
        value = snapshot.document.node_at(path) if written else None
        if isinstance(value, Scalar) and value.value == rule["default"]:
            parts.append(f"`{flow(rule['default'])}` is the default, so the line changes nothing.")
    if source := rule.get("x-source"):
        parts.append(f"From `{source}`.")
    if snapshot.is_foreign:
        parts.append(_becomes(snapshot, path, rule))
    return "\n\n".join(part for part in parts if part)


def _unknown(snapshot: Snapshot, path: KeyPath) -> str:
    """Of a key that nobody knows: which one of its section is meant, or where it belongs."""
    schema, parent, key = snapshot.schema, path[:-1], str(path[-1])
    if not schema.keys(parent):
        return ""
    if near := meant(snapshot.context, parent, key):
        there = (*parent, near)
        said = f"There is no key {quoted(key)} here; perhaps `{near}` is meant."
    elif homes := schema.owners(key):
        there = homes[0]
        section = dotted(there[:-1])
        said = f"There is no key {quoted(key)} here; "
        said += f"it is one of `{section}`." if section else "it stands at the top of a file."
    else:
        return ""
    return f"{said}\n\n{_key(snapshot, there)}"


def _becomes(snapshot: Snapshot, path: KeyPath, rule: Rule) -> str:
    """What a key of another tool is in a workflow."""
    if home := snapshot.reading.native(path):
        return f"In a workflow: `{dotted(home)}`."
    if stops := rule.get("x-stops"):
        return f"Pitchpipe can't run it: {stops}."
    lost = rule.get("x-lost")
    return f"Left out by Pitchpipe: {lost}." if lost else ""


def _alias(snapshot: Snapshot, node: Alias) -> str:
    target = snapshot.document.resolved(node)
    if target is node:
        return f"There is no anchor `&{node.name}` above."
    start, end = target.span
    text = snapshot.text[start:end]
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"`*{node.name}` stands for\n\n```yaml\n{shown}\n```"


def _model(snapshot: Snapshot, path: KeyPath, node: Node) -> str:
    name = snapshot.context.effective(snapshot.context.workflow.model.name_or_path)
    if not isinstance(name, str):
        return ""
    known = published.find_model(name, snapshot.world.published())
    shape, config = snapshot.context.shape(), snapshot.context.model_config()
    if shape is None:
        return model.published_card(known) if known else ""
    context = context_length(shape.config) or (config.context_length if config else None)
    if context is None and known is not None:
        context = known.context_length
    return model.shape_card(name, shape, context, known)


def _method(snapshot: Snapshot, path: KeyPath, node: Node) -> str:
    return costs.memory(snapshot)


def _targets(snapshot: Snapshot, path: KeyPath, node: Node) -> str:
    return modules.targets_card(snapshot)


def _target(snapshot: Snapshot, path: KeyPath, node: Node) -> str:
    return modules.name_card(snapshot, node.raw) if isinstance(node, Scalar) else ""


def _file(snapshot: Snapshot, path: KeyPath, node: Node) -> str:
    return data.file_card(snapshot, node.raw) if isinstance(node, Scalar) else ""


_CARDS: dict[KeyPath, Callable[[Snapshot, KeyPath, Node], str]] = {
    ("model",): _model,
    ("model", "name_or_path"): _model,
    ("method",): _method,
    ("method", "type"): _method,
    ("method", "r"): _targets,
    ("method", "target_modules"): _targets,
    ("method", "target_modules", 0): _target,
    ("data", "train", 0, "path"): _file,
    ("data", "eval", 0, "path"): _file,
    ("data", "test", 0, "path"): _file,
}


def _general(path: KeyPath) -> KeyPath:
    return tuple(0 if isinstance(step, int) else step for step in path)
