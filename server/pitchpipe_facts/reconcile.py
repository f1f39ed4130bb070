"""The catalogue's account of a model beside the tensors that are really stored.

A model is built from its configuration, so the catalogue tells names and shapes; the stored
tensors confirm them and tell dtypes. Their names may be older than the modules': transformers
renames, splits and fuses tensors while it loads them (`conversion_mapping.py` of transformers 5).
Those rules are not repeated here: what can't be matched by name must have the same number of
parameters, in the same module, the same layer, or at least in all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pitchpipe.modules import ModelShape, ModuleGroup, Parameter
from pitchpipe_facts.weights import Tensor, majority

# Constants that older versions stored: rotary frequencies, masks, positions.
_COMPUTED = re.compile(r"(^|\.)(rotary_emb\.inv_freq|masked_bias|attn\.bias|position_ids)$")

# How the names of a model's base part differ between classes and versions, longest first.
_PREFIXES = (
    "model.language_model.",
    "language_model.model.",
    "model.text_model.",
    "language_model.",
    "transformer.",
    "model.llm.",
    "backbone.",
    "model.",
)

# Of a parameter in a list of layers.
_IN_A_LAYER = re.compile(r"\.\d+\.")

_MOST_BUFFERS = 8  # of a module or layer, of which some are stored and some not


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the stored tensors say about the catalogue's account.

    `dtypes` are those of parameters by full name. `unlike` are the parameters with another shape:
    the stored one and the expected one. `lacking` and `unused` are numbers of parameters that only
    the model and only the files have; `examples` name one of each. `layers_lack` says whether any
    that is lacking belongs to a layer, not to a head.
    """

    dtypes: Mapping[str, str] = field(repr=False)
    unlike: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    lacking: int
    unused: int
    examples: tuple[str, str]
    layers_lack: bool = False

    @property
    def agrees(self) -> bool:
        return not (self.unlike or self.lacking or self.unused)

    @property
    def contradicts(self) -> bool:
        """Whether the model could not be what the catalogue says.

        Tensors that are only lacking (a new head) or only unused (a head that was left behind)
        speak of the files, not of the model; but no file leaves out a part of a layer.
        """
        return bool(self.unlike) or self.layers_lack or bool(self.lacking and self.unused)

    def __str__(self) -> str:
        """What differs, as a clause behind "the weights"."""
        said = [
            f"have `{name}` as {list(stored)}, not {list(expected)}"
            for name, (stored, expected) in list(self.unlike.items())[:1]
        ]
        if self.lacking:
            said.append(f"lack {self.lacking:,} parameters (such as `{self.examples[0]}`)")
        if self.unused:
            said.append(f"hold {self.unused:,} more parameters (such as `{self.examples[1]}`)")
        return " and ".join(said)


def compare(shape: ModelShape, tensors: Mapping[str, Tensor]) -> Comparison:
    """Matches every parameter of `shape` with what is stored."""
    left = dict(tensors)
    dtypes: dict[str, str] = {}
    unlike: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    lost: dict[str, int] = {}
    buffers: dict[str, int] = {}
    for name, parameter in _parameters(shape):
        found = next((s for s in _spellings(name) if s in left), None)
        tensor = left.pop(found) if found else None
        # Of two names for one storage, files may keep either.
        name = parameter.tied_to or name
        if parameter.buffer:
            if tensor is None:
                buffers[name] = parameter.numel
        elif tensor is not None:
            lost.pop(name, None)
            dtypes.setdefault(name, tensor.dtype)
            if tensor.shape != parameter.shape:
                unlike[name] = (tensor.shape, parameter.shape)
        elif name not in dtypes:
            lost[name] = parameter.numel
    left = {name: t for name, t in left.items() if not _COMPUTED.search(name)}
    _settle(lost, buffers, left, dtypes)
    examples = (next(iter(lost), ""), next(iter(left), ""))
    unused = sum(tensor.numel for tensor in left.values())
    layers_lack = bool(lost) and any(map(_IN_A_LAYER.search, lost.keys() - _in_heads(shape)))
    return Comparison(dtypes, unlike, sum(lost.values()), unused, examples, layers_lack)


def with_dtypes(shape: ModelShape, dtypes: Mapping[str, str]) -> ModelShape:
    """`shape` with the dtypes that its parameters are stored in; of a group, the most common."""
    return replace(shape, groups=tuple(_typed(group, dtypes) for group in shape.groups))


def _typed(group: ModuleGroup, dtypes: Mapping[str, str]) -> ModuleGroup:
    names = group.names
    return replace(
        group,
        parameters=tuple(
            replace(p, dtype=_most_common(dtypes.get(p.tied_to or _full(n, p.name)) for n in names))
            for p in group.parameters
        ),
    )


def _most_common(found: Iterator[str | None]) -> str | None:
    counts: dict[str, int] = defaultdict(int)
    for dtype in found:
        if dtype is not None:
            counts[dtype] += 1
    return max(counts, key=lambda dtype: counts[dtype], default=None)


def _parameters(shape: ModelShape) -> Iterator[tuple[str, Parameter]]:
    for module, group in shape.modules():
        for parameter in group.parameters:
            yield _full(module, parameter.name), parameter


def _in_heads(shape: ModelShape) -> set[str]:
    """The parameters of the heads, which may be lists of layers too."""
    return {
        _full(module, parameter.name)
        for module, group in shape.modules()
        if group.role == "head"
        for parameter in group.parameters
    }


def _full(module: str, parameter: str) -> str:
    return f"{module}.{parameter}" if module else parameter


def _spellings(name: str) -> Iterator[str]:
    """The names that a parameter may be stored under, its own first."""
    for spelt in (name, _old_norm(name)):
        if spelt is None:
            continue
        yield spelt
        bare = _bare(spelt)
        yield from (prefix + bare for prefix in _PREFIXES)
        # gpt2's and BERT's own files leave out, or put in front, the name of the base model.
        yield bare
        if "." in (rest := spelt.partition(".")[2]):
            yield rest


def _old_norm(name: str) -> str | None:
    """TensorFlow's names of a LayerNorm's parameters, as in the first files of BERT."""
    for new, old in ((".weight", ".gamma"), (".bias", ".beta")):
        if name.endswith(f"LayerNorm{new}"):
            return name.removesuffix(new) + old
    return None


def _settle(
    lost: dict[str, int],
    buffers: dict[str, int],
    left: dict[str, Tensor],
    dtypes: dict[str, str],
) -> None:
    """Takes out what is lost and what is left below one path where both come to the same number.

    The deepest paths go first: a fused module before its layer, the layer before the model. Files
    may or may not hold buffers.
    """
    parts = {name: _bare(name).split(".") for name in (*lost, *buffers, *left)}
    for depth in range(max(map(len, parts.values()), default=0) - 1, -1, -1):
        needed, optional, stored = (_below(depth, names, parts) for names in (lost, buffers, left))
        for path, candidates in stored.items():
            wanted, spare = needed.get(path, []), optional.get(path, [])
            more = sum(left[n].numel for n in candidates) - sum(lost[n] for n in wanted)
            if more not in _sums([buffers[n] for n in spare]):
                continue
            dtype = majority(left[n] for n in candidates)
            dtypes.update((n, dtype) for n in wanted if dtype)
            _remove(wanted, lost)
            _remove(candidates, left)


def _below(
    depth: int, names: Iterable[str], parts: Mapping[str, list[str]]
) -> dict[tuple[str, ...], list[str]]:
    """The names that lie under each path of `depth` parts."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in names:
        if len(parts[name]) > depth:
            found[tuple(parts[name][:depth])].append(name)
    return found


def _sums(sizes: list[int]) -> set[int]:
    """What any of the sizes come to together; of many, only none and all."""
    if len(sizes) > _MOST_BUFFERS:
        return {0, sum(sizes)}
    found = {0}
    for size in sizes:
        found |= {size + other for other in found}
    return found


def _remove(names: list[str], found: dict[str, Any]) -> None:
    for name in names:
        del found[name]


def _bare(name: str) -> str:
    """`name` without the prefixes in which spellings differ."""
    return next((name[len(p) :] for p in _PREFIXES if name.startswith(p)), name)
