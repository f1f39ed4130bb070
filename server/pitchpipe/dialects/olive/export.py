"""The passes that write an ONNX model, for which device, and what is measured of it."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.olive.passes import Pass, place
from pitchpipe.keypath import KeyPath

_PROVIDERS = {
    "CPUExecutionProvider": "cpu",
    "CUDAExecutionProvider": "cuda",
    "DmlExecutionProvider": "dml",
    "WebGpuExecutionProvider": "webgpu",
}
_METRICS = {"perplexity": "perplexity"}
_QUANTIZERS = {
    "onnxblockwisertnquantization": True,
    "onnxkquantquantization": True,
    "onnxmatmul4quantizer": False,
}
"""Passes that quantize weights in blocks, as the exporter can, and whether they have `bits`."""


def lower(foreign: Foreign, passes: tuple[Pass, ...], trainer: Pass | None) -> None:
    foreign.default("export.format", "none")
    builder = next((item for item in passes if item.kind == "modelbuilder"), None)
    converter = next((item for item in passes if item.kind == "onnxconversion"), None)
    exporter = builder or converter
    if exporter is not None:
        where = (*exporter.path, "type")
        foreign.put("export.format", "onnx-genai", where)
        foreign.put("export.precision", "fp32", where)
        if exporter is converter:
            message = "`OnnxConversion`: exported by onnxruntime-genai, as `ModelBuilder` does it"
            foreign.note("otherwise", where, message)
        _device(foreign)
    if builder is not None and (precision := place(foreign, builder, "precision")):
        foreign.put("export.precision", foreign.given(precision), precision, same=True)
    for item in passes:
        _after_conversion(foreign, item, exporter)
    _order(foreign, passes, trainer)
    if trainer is not None:
        _metrics(foreign)


def _after_conversion(foreign: Foreign, item: Pass, exporter: Pass | None) -> None:
    where = (*item.path, "type")
    if item.kind in _QUANTIZERS:
        bits = place(foreign, item, "bits") if _QUANTIZERS[item.kind] else None
        width = foreign.given(bits) if bits else 4
        if exporter is None:
            message = f"`{item.name}` quantizes an ONNX model, and no pass before it makes one"
            foreign.note("stops", where, message)
        elif width in (4, 8):
            foreign.put("export.precision", f"int{width}", bits or where)
        else:
            message = f"`bits`: the exporter has 4 and 8, not {width}"
            foreign.note("stops", bits or where, message)
    elif item.kind == "onnxfloattofloat16":
        foreign.put("export.precision", "fp16", where)
    elif item.kind == "extractadapters":
        message = "`ExtractAdapters`: the adapter is merged into the exported model"
        foreign.note("lost", where, message)


def _order(foreign: Foreign, passes: tuple[Pass, ...], trainer: Pass | None) -> None:
    """What comes out of an export can't be trained."""
    if trainer is None:
        return
    for item in passes[: passes.index(trainer)]:
        if item.kind in {"modelbuilder", "onnxconversion", *_QUANTIZERS, "onnxfloattofloat16"}:
            message = f"`{trainer.name}` can't train what `{item.name}` makes; put it first"
            foreign.note("refused", (*trainer.path, "type"), message)
            return
        if item.kind == "mergeadapterweights":
            message = "`MergeAdapterWeights` has nothing to merge before the pass that trains"
            foreign.note("refused", (*item.path, "type"), message)


def _device(foreign: Foreign) -> None:
    """That of the target's first execution provider; without one, the CPU."""
    name = foreign.given("target") or foreign.given("engine.target")
    if not isinstance(name, str):
        return
    system: KeyPath = ("systems", name)
    for base in ((*system, "config"), system):
        providers = (*base, "accelerators", 0, "execution_providers")
        found = foreign.given(providers)
        first = found[0] if isinstance(found, list) and found else None
        if isinstance(first, str):
            foreign.put("export.device", _PROVIDERS.get(first, first), (*providers, 0))
            return


def _metrics(foreign: Foreign) -> None:
    """Of the evaluator of the whole run."""
    name = foreign.given("evaluator") or foreign.given("engine.evaluator")
    if not isinstance(name, str):
        return
    at: KeyPath = ("evaluators", name, "metrics")
    metrics = foreign.given(at)
    wanted: list[str] = []
    for index in range(len(metrics) if isinstance(metrics, list) else 0):
        kinds = foreign.given((*at, index, "sub_types"))
        for inner in range(len(kinds) if isinstance(kinds, list) else 0):
            where = (*at, index, "sub_types", inner, "name")
            kind = foreign.given(where)
            if isinstance(kind, str) and kind in _METRICS:
                wanted.append(_METRICS[kind])
            elif isinstance(kind, str):
                foreign.note("lost", where, f"`{kind}` is not measured")
    if wanted:
        foreign.put("evaluate.metrics", list(dict.fromkeys(wanted)), at)
