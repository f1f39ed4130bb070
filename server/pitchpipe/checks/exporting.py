"""Rules about what the model's own code can do: be exported, keep packed rows apart."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.workflow import Present

BUILDABLE = frozenset({
    "ChatGLMForConditionalGeneration",
    "ChatGLMModel",
    "Ernie4_5ForCausalLM",
    "Gemma2ForCausalLM",
    "Gemma3ForCausalLM",
    "Gemma3ForConditionalGeneration",
    "Gemma4ForConditionalGeneration",
    "Gemma4UnifiedForConditionalGeneration",
    "GemmaForCausalLM",
    "GptOssForCausalLM",
    "GraniteForCausalLM",
    "GraniteMoeHybridForCausalLM",
    "HunYuanDenseV1ForCausalLM",
    "InternLM2ForCausalLM",
    "Lfm2AudioForConditionalGeneration",
    "Lfm2ForCausalLM",
    "Lfm2MoeForCausalLM",
    "Lfm2VlForConditionalGeneration",
    "LlamaForCausalLM",
    "Mistral3ForConditionalGeneration",
    "MistralForCausalLM",
    "NemotronForCausalLM",
    "OlmoForCausalLM",
    "Phi3ForCausalLM",
    "Phi3SmallForCausalLM",
    "Phi3VForCausalLM",
    "Phi4MMForCausalLM",
    "PhiForCausalLM",
    "PhiMoEForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen2_5_VLForConditionalGeneration",
    "Qwen3ForCausalLM",
    "Qwen3VLForConditionalGeneration",
    "Qwen3_5ForConditionalGeneration",
    "Qwen3_5MoeForConditionalGeneration",
    "SmolLM3ForCausalLM",
    "VideoChatFlashQwenForCausalLM",
    "WhisperForConditionalGeneration",
})
"""The classes that the builder of onnxruntime-genai 0.18 knows; a test reads them off it."""


def export_not_buildable(context: Context) -> Iterator[Report]:
    """An export of a model that the exporter has no way to build, found out after the training."""
    export, name = context.workflow.export, context.workflow.model.name_or_path
    if context.effective(export.format) != "onnx-genai" or not isinstance(name, Present):
        return
    if context.written is not context.reading and not isinstance(export.format, Present):
        return  # who writes for another tool asks for no export
    shape = context.shape()
    if shape is None or not shape.exact or shape.class_name in BUILDABLE:
        return
    message = (
        f"onnxruntime-genai can't build a `{shape.class_name}`, so the run would fail when all is "
        "trained; write `export: {format: none}`, and the merged model is what you get"
    )
    place = export.format if isinstance(export.format, Present) else name
    yield Report(message, place.span, place.path, related=set_here(context, export.format))


def packed_rows_mix(context: Context) -> Iterator[Report]:
    """Packing that is asked for, where the model's code doesn't keep packed rows apart."""
    packing = context.workflow.data.packing
    if not isinstance(packing, Present) or not packing.value:
        return
    config = context.model_config()
    attention = context.effective(context.workflow.model.attn_implementation)
    if config is None or config.model_type is None or not isinstance(attention, str):
        return
    if context.facts.records(config.model_type).pads(attention):
        message = (
            f"the code of `{config.model_type}` models lets packed rows see each other, "
            "so rows are padded instead"
        )
        yield Report(message, packing.span, packing.path)
