"""Olive's vocabulary: which passes there are, and what the runner has to say of each."""

from __future__ import annotations

from collections.abc import Mapping

SEARCHED = ("SEARCHABLE_VALUES", "DEFAULT_VALUE", "OLIVE_IGNORED_PARAM_VALUE")
"""Words that any parameter of a pass can have."""

TRAINERS = ("lora", "qlora", "dora", "loha", "lokr", "loftq")

READERS = ("json", "csv", "text", "parquet", "arrow", "pandas")
"""Names of data sets that stand for a way to read local files."""

_ADVICE = (
    (
        (
            "optimizes an ONNX graph, which is not done here; "
            "`ModelBuilder` writes graphs that are fused already"
        ),
        (
            *("OrtTransformersOptimization", "OnnxPeepholeOptimizer", "OnnxModelOptimizer"),
            *("OnnxScriptFusion", "GraphSurgeries", "OnnxQuantizationPreprocess"),
            *("OptimumMerging", "InsertBeamSearch", "TrtMatMulToConvTransform"),
            *("NVModelOptGraphSurgery", "OnnxOpVersionConversion", "OnnxIODataTypeConverter"),
            *("DynamicToFixedShape", "InputNCHWtoNHWC", "AppendPrePostProcessingOps"),
            *("AddOliveMetadata", "ComposeOnnxModels", "StaticLLM", "MobiusBuilder"),
        ),
    ),
    (
        (
            "quantizes an ONNX model in a way that the exporter has not; "
            "use `ModelBuilder` with `precision: int4`"
        ),
        (
            *("AimetQuantization", "IncDynamicQuantization", "IncQuantization"),
            *("IncStaticQuantization", "NVModelOptQuantization", "OnnxBnb4Quantization"),
            *("OnnxDynamicQuantization", "OnnxHqqQuantization", "OnnxQuantization"),
            *("OnnxStaticQuantization", "QuantizationAwareTraining", "MatMulNBitsToQDQ"),
            *("MixedPrecisionOverrides", "OrtMixedPrecision", "VitisAIQuantization"),
            "QuarkQuantization",
        ),
    ),
    (
        (
            "quantizes or rotates the weights of a PyTorch model, which is not done here; "
            "`ModelBuilder` with `precision: int4` quantizes in the export"
        ),
        (
            *("AutoAWQQuantizer", "AutoClip", "Gptq", "GptqQuantizer", "GptqModel", "KQuant"),
            *("Rtn", "QuaRot", "SpinQuant", "SelectiveMixedPrecision"),
        ),
    ),
    (
        "removes weights, which is not done here; a smaller base model takes less memory, too",
        ("SliceGPT", "SparseGPT", "TorchTRTConversion"),
    ),
    (
        (
            "prepares a model for one vendor's processor, which is not done here; "
            "`ModelBuilder` exports for onnxruntime-genai"
        ),
        (
            *("EPContextBinaryGenerator", "OpenVINOConversion", "OpenVINOEncapsulation"),
            *("OpenVINOIoUpdate", "OpenVINOOptimumConversion", "OpenVINOQuantization"),
            *("OpenVINOQuantizationWithAccuracy", "OpenVINOWeightCompression"),
            *("QairtEncapsulation", "QairtGenAIBuilder", "QairtMHA2SHA", "QairtPipelinePass"),
            *("QairtPreparation", "QNNContextBinaryGenerator", "QNNConversion"),
            *("QNNModelLibGenerator", "QNNPreprocess", "SNPEConversion", "SNPEQuantization"),
            *("SNPEtoONNXConversion", "VitisAIAddMetaData", "VitisGenerateModelLLM"),
            "VitisGenerateModelSD",
        ),
    ),
    (
        "splits a model into parts, which is not done here",
        (
            *("CaptureSplitInfo", "CaptureLayerAnnotations", "SplitModel", "TensorParallel"),
            *("PyTorchTensorParallel", "MoEExpertsDistributor"),
        ),
    ),
    (
        (
            "tunes or compares sessions of ONNX Runtime, which is not done here; "
            "the evaluation compares the exported model with the trained one"
        ),
        ("OrtSessionParamsTuning", "OrtPerfTuning", "OnnxDiscrepancyCheck"),
    ),
    ("trains a model that makes images, which is not done here", ("SDLoRA",)),
    ("exports by another way; use `ModelBuilder`", ("OptimumConversion", "GenAIModelExporter")),
)

BEYOND: Mapping[str, str] = {name.lower(): text for text, names in _ADVICE for name in names}
"""What to say of a pass that the runner can't do, behind its name."""

_OURS = (
    *("LoRA", "QLoRA", "DoRA", "LoHa", "LoKr", "LoftQ", "MergeAdapterWeights", "ModelBuilder"),
    *("OnnxConversion", "ExtractAdapters", "OnnxBlockWiseRtnQuantization"),
    *("OnnxKQuantQuantization", "OnnxMatMul4Quantizer", "OnnxFloatToFloat16"),
)

PASSES = (*_OURS, *(name for _, names in _ADVICE for name in names))
"""Every pass that Olive has, or had."""
